/** The first rows of a campaign's list to call; the whole of it is a download. */

import { tableRow } from '../batch/table.js';
import { fill, h, uniqueId } from '../lib/dom.js';
import { count, percent, plural, wholeMoney } from '../lib/format.js';
import { CsvReader } from '../lib/csv.js';
import { downloadLink } from '../lib/download.js';
import { request } from '../lib/http.js';
import { section } from '../lib/section.js';
import { failure, waiting } from '../shell/failure.js';
import { offered } from './sentences.js';

/** The rows that are shown, and the most that are printed, which take about fifty pages. */
const SHOWN = 10;
const PRINTED = 2000;
/** The bytes of the list that are read to show its first rows, and to print it: more than they take. */
const FIRST_BYTES = 64 * 1024;
const PRINTED_BYTES = 1024 * 1024;

const ARMS = { treat: ['call', 'low'], hold_out: ['do not call', 'high'] };

export class CallList extends HTMLElement {
    /** @param {any} campaign one whose list is there */
    set campaign(campaign) {
        this.data = campaign;
        this.trouble = h('div');
        this.arm = h('select', { id: uniqueId('arm'), onchange: () => this.#show() },
            h('option', { value: 'treat' }, 'To call'), h('option', { value: 'hold_out' }, 'Held out: do not call'));
        const caption = uniqueId('list');
        const head = COLUMNS.map(({ title, number }) => h(number ? 'th.number' : 'th', { scope: 'col' }, title));
        this.body = h('tbody');
        this.said = h('p.found', { role: 'status' });
        this.table = h('div.scroll', { role: 'region', tabindex: 0, 'aria-labelledby': caption },
            h('table.riskiest', {}, h('caption.visually-hidden', { id: caption }, 'First customers of the list'), h('thead', {}, h('tr', {}, head)), this.body));
        this.place = h('div');
        fill(this, section('The list',
            h('p.print-only', {}, campaign.name),
            h('p', {}, this.#words()),
            h('h3', {}, 'For whoever calls'),
            h('ul.worth', {}, offered(campaign).map((line) => h('li', {}, line))),
            h('p.hint', {}, meaning(campaign)),
            h('div.filters', {},
                h('div', {}, h('label', { for: this.arm.id }, 'Show'), this.arm),
                h('div.buttons', {}, this.#link(), h('button', { type: 'button', onclick: () => this.#print() }, 'Print the list'))),
            this.trouble,
            this.place));
        this.#load();
    }

    #words() {
        const { treat, hold_out: heldOut } = this.data.customers;
        const rest = heldOut ? ` The download has the ${plural(heldOut, 'held-out customer')} too, with hold_out in the column arm: they must not be called.` : '';
        return `${plural(treat, 'customer')} to call, in the order of the file.${rest}`;
    }

    #link() {
        const { id, name } = this.data;
        const stem = name.replace(/[^\p{L}\p{N}]+/gu, '-').replace(/^-+|-+$/g, '').toLowerCase() || 'campaign';
        return downloadLink('Download the list', `/campaigns/${encodeURIComponent(id)}/list?excel=1`, `${stem}-list.csv`, this.trouble);
    }

    async #load() {
        fill(this.place, waiting('Reading the list…'));
        try {
            this.rows = await this.#read(FIRST_BYTES);
            this.#show();
        } catch (error) {
            fill(this.place, failure(error, () => this.#load()));
        }
    }

    /** The rows in the first bytes of the list; a row that is cut off is left out. @returns {Promise<Record<string, string>[]>} */
    async #read(bytes) {
        const answer = await request(`/campaigns/${encodeURIComponent(this.data.id)}/list?raw=1`, { headers: { Range: `bytes=0-${bytes - 1}` } });
        const text = await answer.text();
        const whole = answer.status !== 206 || endOf(answer.headers.get('Content-Range'));
        let head = null;
        const rows = [];
        const reader = new CsvReader((cells) => {
            if (head) rows.push(Object.fromEntries(head.map((name, at) => [name, cells[at] ?? ''])));
            else head = cells.map((cell) => cell.replace(/^\ufeff/, ''));
        });
        reader.push(text);
        if (whole) reader.end();
        return rows;
    }

    get #total() {
        const { treat, hold_out: heldOut } = this.data.customers;
        return this.arm.value === 'treat' ? treat : heldOut;
    }

    /** Shows the first of the chosen rows, once any have been read. */
    #show(most = SHOWN) {
        if (!this.rows) return;
        const shown = this.rows.filter(({ arm }) => arm === this.arm.value).slice(0, most);
        const total = this.#total;
        if (!this.place.contains(this.table)) fill(this.place, this.said, this.table);
        this.said.textContent = total > shown.length ? `The first ${count(shown.length)} of ${plural(total, 'customer')}` : plural(total, 'customer');
        fill(this.body, shown.map((row) => line(row, this.data.currency)));
    }

    /** Prints as many of the chosen rows as is sensible, instead of the first ones. */
    async #print() {
        fill(this.trouble);
        try {
            this.rows = await this.#read(PRINTED_BYTES);
        } catch (error) {
            fill(this.trouble, failure(error, () => this.#print()));
            return;
        }
        if (!this.isConnected) return;
        this.#show(PRINTED);
        document.body.toggleAttribute('data-list', true);
        addEventListener('afterprint', () => {
            document.body.toggleAttribute('data-list', false);
            this.#show();
        }, { once: true });
        print();
    }
}

/** Whether a Content-Range reaches the end: "bytes 0-99/100". */
function endOf(range) {
    const [, last, size] = /(\d+)\/(\d+)$/.exec(range ?? '') ?? [];
    return Number(last) + 1 >= Number(size);
}

/** What the columns say. */
function meaning({ plan: { horizon_months: months } }) {
    return `Reasons are what moves the customer\u2019s churn probability most, up or down: associations in past data, not proven causes. Worth is what the customer brings within ${plural(months, 'month')} if kept; expected is what the contact is expected to bring.`;
}

const COLUMNS = [
    { name: 'customerID', title: 'Customer' },
    { name: 'offer', title: 'Offer' },
    { name: 'arm', title: 'To do' },
    { name: 'reason_1', title: 'Reasons' },
    { name: 'churn_probability', title: 'Churn probability', number: true },
    { name: 'value', title: 'Worth', number: true },
    { name: 'expected_value', title: 'Expected', number: true },
];

function line(row, currency) {
    const [word, tone] = ARMS[row.arm] ?? [row.arm, 'medium'];
    return tableRow(COLUMNS, row.customerID, [
        row.offer,
        h(`span.band.${tone}`, {}, word),
        [row.reason_1, row.reason_2, row.reason_3].filter(Boolean).join(' \u00b7 '),
        percent(Number(row.churn_probability)),
        wholeMoney(Number(row.value), currency),
        wholeMoney(Number(row.expected_value), currency),
    ]);
}
