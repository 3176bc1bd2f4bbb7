/** Choosing or dropping files, checking each before it is sent, and sending it. Emits `job-accepted`. */

import { emit, fill, h, icon } from '../lib/dom.js';
import { percent, sentenceList } from '../lib/format.js';
import { csvLine } from '../lib/csv.js';
import { failure, waiting } from '../shell/failure.js';
import { saveCsv } from '../lib/download.js';
import { assertUnchanged, check, Unreadable } from './check.js';
import { CUSTOMERS } from './kinds.js';
import { preview, report, unjudged } from './look.js';
import { idempotencyKey, upload } from './upload.js';

export class BatchFile extends HTMLElement {
    /** What the files hold; set before the schema. @type {import('./kinds.js').Kind} */
    kind = CUSTOMERS;
    /** @type {{file: File, key: string} | null} */
    #chosen = null;
    /** Files that were dropped together with the current one and are sent after it. @type {File[]} */
    #waiting = [];

    /** @param {import('../lib/schema.js').Schema} schema a later one replaces it: the chosen file is looked at again */
    set schema(schema) {
        const first = !this.definition;
        this.definition = schema;
        if (first) this.#build();
        fill(this.hint, this.kind.hint(schema));
        if (first) return;
        fill(this.news, h('p.news', {}, 'Another release is in service. Files are read as it declares their columns.'));
        if (this.#chosen && !this.controller) this.#choose(this.#chosen.file);
    }

    #build() {
        this.news = h('div', { role: 'status' });
        this.hint = h('p.hint');
        this.input = h('input.visually-hidden', { id: 'batch-file', type: 'file', accept: this.kind.accepted, multiple: true, onchange: () => this.#picked() });
        this.look = h('div', { role: 'status' });
        this.rows = h('div');
        this.turns = h('div', { role: 'status' });
        this.action = h('div');
        this.button = h('button.primary', { type: 'button', disabled: true, onclick: () => this.#send() }, this.kind.send);
        fill(this, h('section.card', { 'aria-labelledby': 'file-title' },
            h('h2', { id: 'file-title' }, this.kind.title),
            this.news,
            this.#zone(),
            this.look,
            this.rows,
            h('div.buttons', {}, this.button, h('button.quiet', { type: 'button', onclick: () => this.#template() }, 'Download a template')),
            this.turns,
            this.action,
        ));
        this.stay = (event) => event.preventDefault();
    }

    #zone() {
        const zone = h('div.drop', {},
            icon('file'),
            h('p', {}, this.input, h('label.button', { for: 'batch-file' }, this.kind.choose), h('span.or', {}, ' or drop one here')),
            this.hint,
        );
        const over = (state) => (event) => {
            event.preventDefault();
            zone.toggleAttribute('data-over', state);
        };
        zone.addEventListener('dragover', over(true));
        zone.addEventListener('dragleave', over(false));
        zone.addEventListener('drop', (event) => {
            over(false)(event);
            this.#offer(event.dataTransfer.files);
        });
        return zone;
    }

    /** Clears the input at once, because browsers report no change when the same file is chosen again. */
    #picked() {
        const files = [...this.input.files];
        this.input.value = '';
        if (files.length) this.#offer(files);
    }

    /** Takes one file and lets the others wait; if a file is being sent, all of them wait. */
    #offer(files) {
        const [first, ...rest] = files;
        if (!first) return fill(this.action, failure(new Error('What was dropped is not a file. Drop a CSV file.')));
        const names = new Set([...files].map(({ name }) => name));
        const others = this.#waiting.filter(({ name }) => !names.has(name));
        this.#waiting = this.controller ? [...others, first, ...rest] : [...rest, ...others];
        if (!this.controller) this.#choose(first);
        return this.#line();
    }

    #line() {
        if (!this.#waiting.length) return fill(this.turns);
        const names = sentenceList(this.#waiting.map(({ name }) => name));
        const next = () => this.#choose(this.#waiting.shift());
        return fill(this.turns,
            h('p.hint', {}, `One file at a time: ${names} ${this.#waiting.length === 1 ? 'comes' : 'come'} next.`),
            !this.controller && h('button.quiet', { type: 'button', onclick: next }, `Go on to ${this.#waiting[0].name}`),
        );
    }

    async #choose(file) {
        this.looking?.abort();
        const looking = new AbortController();
        this.looking = looking;
        this.#chosen = { file, key: idempotencyKey() };
        this.button.disabled = false;
        this.eager = false;
        fill(this.action);
        fill(this.rows);
        fill(this.look, waiting(`Looking at ${file.name}…`));
        this.#line();
        const judged = await check(this.kind, file, looking.signal).catch((error) => error);
        if (looking !== this.looking) return;
        this.looking = null;
        this.#judge(file, judged);
        if (this.eager && !this.button.disabled) this.#send();
    }

    /** @param {File} file @param {import('./check.js').Look | Error} judged */
    #judge(file, judged) {
        if (judged instanceof Error) {
            this.button.disabled = judged instanceof Unreadable;
            fill(this.look, this.button.disabled ? failure(judged) : unjudged(file, judged));
            return;
        }
        this.button.disabled = !judged.ok;
        fill(this.look, report(file, judged, this.kind));
        fill(this.rows, preview(judged));
    }

    /** Sends the file; if it is still being checked, sends it as soon as the check has found nothing wrong. */
    async #send() {
        this.eager = Boolean(this.looking);
        if (this.eager || this.controller || !this.#chosen) return;
        const { file, key } = this.#chosen;
        const controller = new AbortController();
        this.#sending(controller);
        try {
            await assertUnchanged(file);
            const job = await upload(this.kind, file, key, { onProgress: this.#progress(), signal: controller.signal });
            this.#sending(null);
            this.#accepted(job);
        } catch (error) {
            // The upload may have failed because the file has changed or is gone.
            const reason = error.status === 0 ? await assertUnchanged(file).then(() => error, (lost) => lost) : error;
            this.#sending(null);
            this.#refused(reason);
        }
    }

    /** While a file is sent, the button does nothing but keeps the focus, and the browser asks before leaving the page. */
    #sending(controller) {
        this.controller = controller;
        this.button.setAttribute('aria-disabled', String(Boolean(controller)));
        if (controller) addEventListener('beforeunload', this.stay);
        else removeEventListener('beforeunload', this.stay);
        this.#line();
    }

    #accepted(job) {
        const hadFocus = this.contains(document.activeElement);
        this.#chosen = null;
        this.button.disabled = true;
        for (const place of [this.look, this.rows, this.action]) fill(place);
        emit(this, 'job-accepted', { job, hadFocus });
        if (this.#waiting.length) this.#choose(this.#waiting.shift());
    }

    #refused(error) {
        const hadFocus = this.action.contains(document.activeElement);
        if (error.name === 'AbortError') fill(this.action, h('p', { role: 'status' }, 'The upload was cancelled.'));
        else fill(this.action, failure(error, retryable(error) ? () => this.#send() : null), faults(error));
        this.button.disabled = error instanceof Unreadable;
        if (hadFocus) (this.button.disabled ? this.input : this.button).focus();
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

    #template() {
        const { name, rows } = this.kind.template(this.definition);
        saveCsv([rows.map(csvLine).join('')], name);
    }
}

/** Whether sending the same file again may succeed; it cannot if the file itself is at fault. */
function retryable({ status }) {
    return status === 0 || status === 403 || status === 429 || status >= 500;
}

function faults(error) {
    return error.fields?.length > 0 && h('ul', {}, error.fields.map(({ message }) => h('li', {}, message)));
}
