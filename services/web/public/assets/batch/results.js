/** What came of a job: how the scores lie, the riskiest customers, and why rows were refused. */

import { fill, h, uniqueId } from '../lib/dom.js';
import { count, percent, plural } from '../lib/format.js';
import { keyHeaders } from '../lib/http.js';
import { failure, waiting } from '../shell/failure.js';
import { ResultsReader } from './reader.js';

export class JobResults extends HTMLElement {
    #shown = '';

    disconnectedCallback() {
        this.reader?.close();
    }

    /** @param {any} job a completed one */
    set job(job) {
        if (job.id === this.#shown) return;
        this.#shown = job.id;
        this.reader?.close();
        const note = waiting('Reading the results…');
        this.reader = new ResultsReader((rows) => (note.textContent = `Reading the results: ${count(rows)} rows so far…`));
        fill(this, h('section.card', {}, this.#title(job), note));
        this.#load(job).catch((error) => fill(this, h('section.card', {}, this.#title(job), failure(error, () => this.#again(job)))));
    }

    #again(job) {
        this.#shown = '';
        this.job = job;
    }

    #title(job) {
        return h('h2', { tabindex: -1 }, `Customers in ${job.filename}`);
    }

    async #load(job) {
        const reader = this.reader;
        const headers = keyHeaders();
        const found = await reader.ask('load', { url: job.links.results, headers });
        if (reader !== this.reader) return;
        if (found.total < job.request_counts.completed) throw new Error('The results arrived only in part. Try again.');
        const table = h('riskiest-table');
        const refused = h('div');
        fill(this, h('section.card', {}, this.#title(job), summary(found), table), histogram(found), refused);
        await table.start(reader, job);
        if (job.request_counts.failed) await this.#faults(refused, job, headers);
    }

    async #faults(place, job, headers) {
        const { kinds } = await this.reader.ask('faults', { url: job.links.errors, headers });
        fill(place, faultTable(kinds, job.request_counts.failed));
    }
}

function summary({ total, kept, bands }) {
    if (!total) return h('p', {}, 'No row of this file could be scored.');
    const parts = ['high', 'medium', 'low'].map((band) =>
        h('li', {}, h(`span.band.${band}`, {}, `${band} risk`), ` ${count(bands[band])} (${percent(bands[band] / total, 0)})`));
    return [h('ul.bands', {}, parts), kept < total && h('p.hint', {}, `The table holds the ${count(kept)} riskiest of ${plural(total, 'customer')}; the download holds all.`)];
}

/** Slices take the colour of the risk band that they lie in. */
function histogram({ bins, total }) {
    if (!total) return null;
    const chart = h('score-histogram');
    const tone = (low) => (low < 0.3 ? 'good' : low < 0.6 ? 'warn' : 'bad');
    chart.data = {
        title: 'Customers by churn probability; green is low, yellow medium, red high risk',
        unit: 'customers',
        series: [{ name: 'Customers', tone: 'main' }],
        bins: bins.map((number, at) => ({ low: at / bins.length, high: (at + 1) / bins.length, counts: [number], tone: tone((at + 0.5) / bins.length) })),
    };
    return h('section.card', {}, h('h2', {}, 'How the scores lie'), chart);
}

const PROBLEMS = {
    missing: 'missing',
    unknown: 'not a known field',
    wrong_type: 'not a number',
    out_of_range: 'out of range',
    not_allowed: 'not an allowed value',
    contradiction: 'contradicts another field',
    wrong_shape: 'too few or too many cells',
};

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
