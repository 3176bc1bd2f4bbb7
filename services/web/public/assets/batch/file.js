/** Choosing or dropping a file, the look at it before it is sent, and the sending. Says `job-accepted`. */

import { emit, fill, h, icon } from '../lib/dom.js';
import { bytes, percent, plural } from '../lib/format.js';
import { csvLine } from '../lib/csv.js';
import { failure } from '../shell/failure.js';
import { save } from '../lib/download.js';
import { inspect } from './header.js';
import { idempotencyKey, upload } from './upload.js';

export class BatchFile extends HTMLElement {
    /** @type {{file: File, key: string} | null} */
    #chosen = null;

    set schema(schema) {
        this.definition = schema;
        this.input = h('input.visually-hidden', { id: 'batch-file', type: 'file', accept: '.csv,text/csv', onchange: () => this.#choose(this.input.files[0]) });
        this.look = h('div', { role: 'status' });
        this.action = h('div');
        this.button = h('button.primary', { type: 'button', disabled: true, onclick: () => this.#send() }, 'Score file');
        fill(this, h('section.card', { 'aria-labelledby': 'file-title' },
            h('h2', { id: 'file-title' }, 'Score a file of customers'),
            this.#zone(),
            this.look,
            h('div.buttons', {}, this.button, h('button.quiet', { type: 'button', onclick: () => this.#template() }, 'Download a template')),
            this.action,
        ));
    }

    #zone() {
        const zone = h('div.drop', {},
            icon('file'),
            h('p', {}, this.input, h('label.button', { for: 'batch-file' }, 'Choose a CSV file'), h('span.or', {}, ' or drop one here')),
            h('p.hint', {}, 'A header row with the nineteen field names in any order. customerID and Churn may be there. Cells may be blank.'),
        );
        const over = (state) => (event) => {
            event.preventDefault();
            zone.toggleAttribute('data-over', state);
        };
        zone.addEventListener('dragover', over(true));
        zone.addEventListener('dragleave', over(false));
        zone.addEventListener('drop', (event) => {
            over(false)(event);
            this.#choose(event.dataTransfer.files[0]);
        });
        return zone;
    }

    async #choose(file) {
        if (!file || this.controller) return;
        this.#chosen = { file, key: idempotencyKey() };
        this.button.disabled = true;
        fill(this.action);
        try {
            const found = await inspect(file, this.definition);
            if (this.#chosen.file !== file) return;
            this.button.disabled = found.faults.length > 0;
            fill(this.look, report(file, found));
        } catch {
            fill(this.look, failure(new Error('The browser cannot read this file. Choose it again.')));
        }
    }

    async #send() {
        const { file, key } = this.#chosen;
        this.controller = new AbortController();
        this.button.disabled = true;
        try {
            const job = await upload(file, key, { onProgress: this.#progress(), signal: this.controller.signal });
            this.#reset();
            emit(this, 'job-accepted', job);
        } catch (error) {
            this.button.disabled = false;
            if (error.name === 'AbortError') fill(this.action, h('p', { role: 'status' }, 'The upload was cancelled.'));
            else fill(this.action, failure(error, retryable(error) ? () => this.#send() : null), faults(error));
        } finally {
            this.controller = null;
        }
    }

    #progress() {
        const bar = h('progress', { max: 1, value: 0, id: 'upload-progress' });
        const words = h('label', { for: 'upload-progress' }, 'Uploading');
        fill(this.action, h('div.upload', {}, words, bar, h('button', { type: 'button', onclick: () => this.controller?.abort() }, 'Cancel upload')));
        return (share) => {
            bar.value = share;
            words.textContent = share < 1 ? `Uploading: ${percent(share, 0)}` : 'Uploaded; being accepted';
        };
    }

    #reset() {
        this.#chosen = null;
        this.input.value = '';
        fill(this.look);
        fill(this.action);
    }

    #template() {
        const fields = this.definition.fields;
        const lines = csvLine(['customerID', ...fields.map(({ name }) => name)]) + csvLine(['EXAMPLE-1', ...fields.map(({ example }) => example)]);
        save(new Blob([lines], { type: 'text/csv' }), 'customers-template.csv');
    }
}

/** A fault of the file itself will not go away by sending it again. */
function retryable({ status }) {
    return status === 0 || status === 429 || status >= 500;
}

function faults(error) {
    return error.fields?.length > 0 && h('ul', {}, error.fields.map(({ message }) => h('li', {}, message)));
}

function report(file, { faults: found, header, rows, estimate }) {
    return [
        h('p.chosen', {}, h('strong', {}, file.name), ` · ${bytes(file.size)}${found.length ? '' : ` · about ${plural(estimate, 'row')}`}`),
        found.length
            ? h('div.failure', {}, icon('warning'), h('div', {}, h('p', {}, 'This file cannot be scored as it is.'), h('ul', {}, found.map((fault) => h('li', {}, fault)))))
            : h('p.fine', {}, icon('stay'), 'All nineteen columns are there.'),
        rows.length > 0 && !found.length && preview(header, rows),
    ];
}

function preview(header, rows) {
    return h('div.scroll.preview', { role: 'region', tabindex: 0, 'aria-label': 'First rows of the file' },
        h('table', {},
            h('thead', {}, h('tr', {}, header.map((name) => h('th', { scope: 'col' }, name)))),
            h('tbody', {}, rows.map((row) => h('tr', {}, header.map((_, at) => h('td', {}, row[at] ?? ''))))),
        ),
    );
}
