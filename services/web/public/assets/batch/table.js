/** The riskiest customers, drawn a page at a time; the worker sorts, filters and pages them. */

import { fill, h, uniqueId } from '../lib/dom.js';
import { count, moment, percent, plural, upperFirst } from '../lib/format.js';
import { saveCsv } from '../lib/download.js';
import { kindOf } from './columns.js';
import { stemOf } from './job.js';

const PAGE = 20;
const TYPING_MS = 150;
/** The most rows that are printed, which take about fifty pages. */
const PRINTED = 2000;
const COLUMNS = [
    { name: 'customerID', title: 'Customer ID', falling: false },
    { name: 'churn_probability', title: 'Churn probability', falling: true, number: true },
    { name: 'risk_band', title: 'Risk band', falling: true },
    { name: 'prediction', title: 'Prediction', falling: true },
    { name: 'reason_1', title: 'Main reasons', falling: false },
    { name: 'assumed', title: 'Averaged fields', falling: true, number: true },
    { name: 'row', title: 'Row', falling: false, number: true },
];

export class RiskiestTable extends HTMLElement {
    #query = { band: '', reason: '', text: '', sort: 'churn_probability', descending: true };
    #offset = 0;
    #asked = 0;

    /** @param {import('./reader.js').ResultsReader} reader */
    async start(reader, job) {
        this.reader = reader;
        this.stem = stemOf(job);
        this.printed = h('p.print-only', {}, `${job.filename ?? 'Customers'}, scored ${moment(job.finished_at)} by release ${job.model_version}`);
        this.reasons = h('select', { id: uniqueId('reason') }, h('option', { value: '' }, 'Any'));
        this.headers = COLUMNS.map((column) => this.#header(column));
        this.body = h('tbody');
        this.said = h('p.found', { role: 'status' });
        this.pager = this.#pager();
        const caption = uniqueId('riskiest');
        fill(this, this.printed, this.#filters(), this.said,
            h('div.scroll', { role: 'region', tabindex: 0, 'aria-labelledby': caption },
                h('table.riskiest', {}, h('caption.visually-hidden', { id: caption }, 'Riskiest customers'), h('thead', {}, h('tr', {}, this.headers)), this.body)),
            this.pager.element);
        await this.#show();
        this.reasons.append(...choices(await reader.ask('reasons'), this.schema));
    }

    #filters() {
        const band = h('select', { id: uniqueId('band') }, h('option', { value: '' }, 'Any'), ['high', 'medium', 'low'].map((name) => h('option', { value: name }, upperFirst(name))));
        const text = h('input', { id: uniqueId('search'), type: 'search', placeholder: 'ID, row or reason' });
        const labelled = (title, control) => h('div', {}, h('label', { for: control.id }, title), control);
        const read = () => this.#narrow({ band: band.value, reason: this.reasons.value, text: text.value });
        band.addEventListener('change', read);
        this.reasons.addEventListener('change', read);
        text.addEventListener('input', () => {
            clearTimeout(this.typing);
            this.typing = setTimeout(read, TYPING_MS);
        });
        const buttons = h('div.buttons', {},
            h('button', { type: 'button', onclick: () => this.#download() }, 'Download this list'),
            h('button', { type: 'button', onclick: () => this.#print() }, 'Print this list'),
        );
        return h('div.filters', {}, labelled('Risk band', band), labelled('Reason', this.reasons), labelled('Search', text), buttons);
    }

    #header({ name, title, falling, number }) {
        const button = h('button.sort', { type: 'button' }, title);
        const cell = h(number ? 'th.number' : 'th', { scope: 'col' }, button);
        button.addEventListener('click', () => {
            const same = this.#query.sort === name;
            Object.assign(this.#query, { sort: name, descending: same ? !this.#query.descending : falling });
            this.#offset = 0;
            this.#show();
        });
        return cell;
    }

    #pager() {
        const go = (step) => () => {
            this.#offset += step * PAGE;
            this.#show();
        };
        const previous = h('button', { type: 'button', onclick: go(-1) }, 'Previous');
        const next = h('button', { type: 'button', onclick: go(1) }, 'Next');
        const place = h('p');
        return { previous, next, place, element: h('nav.pager', { 'aria-label': 'Pages of customers' }, previous, place, next) };
    }

    #narrow(filters) {
        Object.assign(this.#query, filters);
        this.#offset = 0;
        this.#show();
    }

    /** Draws a page of rows, unless a later question has been asked meanwhile. */
    async #show() {
        this.#asked += 1;
        const asked = this.#asked;
        const { total, rows } = await this.#page(this.#offset, PAGE);
        if (asked !== this.#asked) return;
        COLUMNS.forEach(({ name }, at) => this.headers[at].setAttribute('aria-sort', this.#direction(name)));
        fill(this.body, rows.map(line));
        this.said.textContent = total ? plural(total, 'customer') : 'No customer matches. Widen the filters.';
        this.#turn(total, rows.length);
    }

    #page(offset, limit) {
        return this.reader.ask('page', { query: this.#query, offset, limit });
    }

    /** Prints all rows that match instead of one page of them, up to a limit that the print mentions. */
    async #print() {
        const { total, rows } = await this.#page(0, PRINTED);
        fill(this.body, rows.map(line));
        if (total > rows.length) this.said.textContent = `The first ${count(rows.length)} of ${plural(total, 'customer')}`;
        this.pager.element.hidden = true;
        addEventListener('afterprint', () => this.#show(), { once: true });
        print();
    }

    #turn(total, shown) {
        const { previous, next, place, element } = this.pager;
        element.hidden = total <= PAGE;
        previous.disabled = this.#offset === 0;
        next.disabled = this.#offset + shown >= total;
        place.textContent = `${count(this.#offset + 1)} to ${count(this.#offset + shown)} of ${count(total)}`;
    }

    #direction(name) {
        if (this.#query.sort !== name) return 'none';
        return this.#query.descending ? 'descending' : 'ascending';
    }

    async #download() {
        saveCsv([await this.reader.ask('list', { query: this.#query })], `${this.stem}-list.csv`);
    }
}

/**
 * The filter's choices by field: one for each option of the schema, and one for all reasons that differ by a figure. The
 * reasons of a job of another schema stand together.
 */
function choices(kinds, { fields }) {
    const numbers = new Map(kinds.map(({ kind, number }) => [kind, number]));
    const option = (kind) => h('option', { value: kind }, `${kind} (${count(numbers.get(kind))})`);
    const named = fields
        .map(({ title, options }) => [title, (options ?? []).map(({ words }) => kindOf(words)).filter((kind) => numbers.has(kind))])
        .filter(([, found]) => found.length);
    const taken = new Set(named.flatMap(([, found]) => found));
    const others = kinds.map(({ kind }) => kind).filter((kind) => !taken.has(kind));
    if (others.length) named.unshift([named.length ? 'By amount' : 'Reasons', others]);
    return named.map(([label, found]) => h('optgroup', { label }, found.map(option)));
}

function line({ row, customerID, prediction, churn_probability: probability, risk_band: band, reasons, assumed }) {
    const cells = [percent(probability), h(`span.band.${band}`, {}, band), prediction === 'Yes' ? 'Leaves' : 'Stays', reasons.join(' · '), assumed, row];
    return tableRow(COLUMNS, customerID || `Row ${row}`, cells);
}

/**
 * A row of a table of customers, whose cells repeat the columns' titles, as a telephone shows it as a block of lines.
 * @param {{name: string, title: string, number?: boolean}[]} columns the first is the customer's
 */
export function tableRow([, ...columns], customer, cells) {
    const kind = ({ name, number }) => (number ? 'td.number' : name === 'reason_1' ? 'td.reasons' : 'td');
    return h('tr', {}, h('th', { scope: 'row' }, customer), columns.map((column, at) => h(kind(column), { 'data-title': column.title }, cells[at])));
}
