/** A job's results: the distribution of scores, the riskiest customers, and why rows were refused. */

import { fill, h, uniqueId } from '../lib/dom.js';
import { count, percent, plural } from '../lib/format.js';
import { keyHeaders, withKey } from '../lib/http.js';
import { withParameter } from '../lib/download.js';
import { failure, waiting } from '../shell/failure.js';
import { TONES } from './columns.js';
import { PROBLEMS } from './faults.js';
import { nameOf } from './job.js';
import { ResultsReader } from './reader.js';

/** Milliseconds that results stay in memory after their page was left. */
const KEPT_MS = 10 * 60_000;

export class JobResults extends HTMLElement {
    /** The id of the job whose results are shown. */
    shown = '';

    /** Keeps the results for a while when another page is opened. */
    disconnectedCallback() {
        setTimeout(() => this.isConnected || this.close(), KEPT_MS);
    }

    close() {
        this.reader?.close();
        this.shown = '';
    }

    /** @param {any} job a completed one */
    set job(job) {
        if (job.id === this.shown) return;
        this.shown = job.id;
        this.body = h('div');
        this.more = h('div.stack');
        fill(this, h('section.card', {}, h('h2', { tabindex: -1 }, `Customers in ${nameOf(job)}`), this.body), this.more);
        this.#load(job);
    }

    /** Keeps the heading while the results arrive, because it may have the focus. */
    async #load(job) {
        this.reader?.close();
        const note = waiting('Reading the results…');
        const reader = new ResultsReader((rows) => (note.textContent = `Reading the results: ${count(rows)} rows so far…`));
        this.reader = reader;
        fill(this.body, note);
        try {
            const found = await this.#ask('load', withParameter(job.links.results, 'raw=1'));
            if (reader === this.reader) await this.#show(job, found);
        } catch (error) {
            if (reader === this.reader) fill(this.body, failure(error, () => this.#load(job)));
        }
    }

    async #show(job, found) {
        if (found.total < job.request_counts.completed) throw new Error('The results arrived only in part. Try again.');
        const table = h('riskiest-table');
        table.schema = this.schema;
        const refused = h('div');
        fill(this.body, summary(found), table);
        fill(this.more, histogram(found, this.schema.risk_bands), refused);
        await table.start(this.reader, job);
        if (job.request_counts.failed) await this.#faults(refused, job);
    }

    /** Asks for another key if the current one is refused while the page is open. */
    #ask(what, url) {
        return withKey(() => this.reader.ask(what, { url, headers: keyHeaders() }));
    }

    async #faults(place, job) {
        try {
            const { kinds } = await this.#ask('faults', withParameter(job.links.errors, 'raw=1'));
            fill(place, faultTable(kinds, job.request_counts.failed));
        } catch (error) {
            fill(place, failure(error, () => this.#faults(place, job)));
        }
    }
}

function summary({ total, kept, bands, averaged }) {
    if (!total) return h('p', {}, 'No row of this file could be scored.');
    const parts = ['high', 'medium', 'low'].map((band) =>
        h('li', {}, h(`span.band.${band}`, {}, `${band} risk`), ` ${count(bands[band])} (${percent(bands[band] / total, 0)})`));
    return [
        h('ul.bands', {}, parts),
        averaged > 0 && h('p.hint', {}, `${plural(averaged, 'customer rests', 'customers rest')} in part on averages, because cells were blank or columns absent; the list says on how many fields.`),
        kept < total && h('p.hint', {}, `The table holds the ${count(kept)} riskiest of ${plural(total, 'customer')}; the download holds all.`),
    ];
}

/** The bins of the histogram in the colours of their risk bands. */
function histogram({ bins, total }, bands) {
    if (!total) return null;
    const chart = h('score-histogram');
    const tone = (probability) => TONES[bands.find(({ high }) => probability < high).band];
    chart.data = {
        title: 'Customers by churn probability; green is low, yellow medium, red high risk',
        unit: 'customers',
        series: [{ name: 'Customers', tone: 'main' }],
        bins: bins.map((number, at) => ({ low: at / bins.length, high: (at + 1) / bins.length, counts: [number], tone: tone((at + 0.5) / bins.length) })),
    };
    return h('section.card', {}, h('h2', {}, 'How the scores lie'), chart);
}

function faultTable(kinds, rows) {
    const label = uniqueId('faults');
    return h('section.card', {},
        h('h2', { id: label }, `Why ${plural(rows, 'row was', 'rows were')} refused`),
        h('div.scroll', { role: 'region', tabindex: 0, 'aria-labelledby': label },
            h('table', {},
                h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, 'Field'), h('th', { scope: 'col' }, 'Problem'), h('th.number', { scope: 'col' }, 'Faults'), h('th', { scope: 'col' }, 'For example'))),
                h('tbody', {}, kinds.map(({ field, code, count: number, example }) => h('tr', {},
                    h('th', { scope: 'row' }, field),
                    h('td', {}, PROBLEMS[code] ?? code),
                    h('td.number', {}, count(number)),
                    h('td', {}, `Row ${example.row}: ${example.message}`),
                ))),
            ),
        ),
    );
}
