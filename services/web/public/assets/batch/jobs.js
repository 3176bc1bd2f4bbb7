/** The list of jobs, kept up to date while any of them runs. Emits `job-chosen`, `jobs-seen` and `job-missing`. */

import { emit, fill, h } from '../lib/dom.js';
import { getJson } from '../lib/http.js';
import { showFailure } from '../shell/failure.js';
import { finished, nameOf } from './job.js';
import { CUSTOMERS } from './kinds.js';

const PAGE = 20;
const BUSY_MS = 1000;
const IDLE_MS = 15_000;
/** Milliseconds between two requests at most; a service that does not answer is asked less and less often. */
const PATIENT_MS = 60_000;

export class JobList extends HTMLElement {
    /** What the jobs' files hold; set before the list is shown. @type {import('./kinds.js').Kind} */
    kind = CUSTOMERS;
    /** @type {Map<string, any>} */
    #jobs = new Map();
    #cards = new Map();
    #selected = '';
    /** The last job of the pages that were read; a link can add older ones, with a gap before them. */
    #end = '';
    #paged = false;
    /** Counts changes made here, so that an answer to an earlier request is recognised as out of date. */
    #changes = 0;
    #failures = 0;

    connectedCallback() {
        this.trouble = h('div');
        this.list = h('ul.jobs');
        this.more = h('button.quiet', { type: 'button', hidden: true, onclick: () => this.#older() }, 'Show older jobs');
        this.empty = h('p.hint', { hidden: true }, this.kind.none);
        this.said = h('p.visually-hidden', { role: 'status' });
        this.heading = h('h2', { id: 'jobs-title', tabindex: -1 }, this.kind.list);
        fill(this, h('section.card', { 'aria-labelledby': 'jobs-title' }, this.heading, this.trouble, this.empty, this.list, this.more, this.said));
        this.leaving = new AbortController();
        const { signal } = this.leaving;
        const wake = () => document.hidden || this.#refresh();
        document.addEventListener('visibilitychange', wake, { signal });
        addEventListener('online', wake, { signal });
        document.addEventListener('key-given', wake, { signal });
        this.addEventListener('job-changed', ({ detail }) => this.add(detail));
        this.addEventListener('job-deleted', ({ detail }) => this.#deleted(detail));
        this.#refresh();
    }

    disconnectedCallback() {
        clearTimeout(this.timer);
        this.leaving.abort();
    }

    /** @param {string} id of the job whose results are shown */
    set selected(id) {
        this.#selected = id;
        for (const [key, card] of this.#cards) card.selected = key === id;
    }

    /** The job with this id, if it is in the list. */
    job(id) {
        return this.#jobs.get(id);
    }

    /** Adds a new job to the list, or replaces one that has changed. */
    add(job) {
        this.#changes += 1;
        this.#merge([job]);
        this.#schedule();
    }

    focusJob(id) {
        this.#cards.get(id)?.heading.focus();
    }

    async #refresh() {
        clearTimeout(this.timer);
        const changes = this.#changes;
        try {
            const page = await this.#get(`?limit=${PAGE}`);
            if (changes !== this.#changes) return this.#schedule();
            this.#recovered();
            this.#changes += 1;
            this.#take(page);
            await this.#lookUp(new Set(page.data.map(({ id }) => id)));
        } catch (error) {
            this.#failed(error);
        }
        return this.#schedule();
    }

    /** An answer that comes when the page was left would act on another page, such as on its address. */
    #get(rest) {
        return getJson(`${this.kind.path}${rest}`, { signal: this.leaving.signal });
    }

    #take({ data, has_more: more, last_id: last }) {
        this.#dropMissing(data, more);
        if (!this.#paged) {
            this.#end = last;
            this.more.hidden = !more;
        }
        this.#merge(data);
    }

    /** Asks for jobs that are not on the newest page but are needed: the one in the address, and those that still run. */
    async #lookUp(named) {
        const running = [...this.#jobs.values()].filter((job) => !finished(job)).map(({ id }) => id);
        const wanted = this.#selected && !this.#jobs.has(this.#selected) ? [this.#selected] : [];
        for (const id of [...running, ...wanted].filter((other) => !named.has(other))) {
            try {
                this.#merge([await this.#get(`/${encodeURIComponent(id)}`)]);
            } catch (error) {
                if (error.status !== 404) throw error;
                this.#forget(id);
                emit(this, 'job-missing', id);
            }
        }
    }

    #recovered() {
        this.#failures = 0;
        this.keyless = false;
        fill(this.trouble);
    }

    #failed(error) {
        if (error.name === 'AbortError') return;
        this.#failures += 1;
        this.retryAfter = error.retryAfter ?? 0;
        this.keyless = error.status === undefined;
        showFailure(this.trouble, error, () => this.#again());
    }

    #again() {
        this.#failures = 0;
        this.heading.focus();
        fill(this.trouble);
        this.#refresh();
    }

    /** Removes jobs that should be on the newest page but are not: they were deleted or have expired. */
    #dropMissing(page, more) {
        const named = new Set(page.map(({ id }) => id));
        const oldest = more ? page.at(-1).created_at : '';
        for (const job of this.#jobs.values()) {
            if (!named.has(job.id) && job.created_at >= oldest) this.#forget(job.id);
        }
    }

    async #older() {
        try {
            const { data, has_more: more, last_id: last } = await this.#get(`?limit=${PAGE}&after=${encodeURIComponent(this.#end)}`);
            this.#paged = true;
            this.#end = last ?? this.#end;
            this.more.hidden = !more;
            this.#merge(data);
        } catch (error) {
            this.#failed(error);
        }
    }

    #merge(jobs) {
        for (const job of jobs) this.#jobs.set(job.id, job);
        this.empty.hidden = this.#jobs.size > 0;
        this.#sorted().forEach((job, at) => this.#place(job, at));
        emit(this, 'jobs-seen', this.#jobs);
    }

    #place(job, at) {
        let card = this.#cards.get(job.id);
        if (!card) {
            card = h('job-card');
            card.kind = this.kind;
            this.#cards.set(job.id, card);
        }
        if (this.list.children[at]?.firstChild !== card) this.list.insertBefore(card.parentNode ?? h('li', {}, card), this.list.children[at] ?? null);
        card.job = job;
        card.selected = job.id === this.#selected;
    }

    /** Moves the focus to the job after the deleted one, or to the list's title. */
    #deleted(id) {
        this.#changes += 1;
        const place = this.#cards.get(id).parentNode;
        const next = place.nextElementSibling ?? place.previousElementSibling;
        this.said.textContent = `${nameOf(this.#jobs.get(id))} was deleted.`;
        this.#forget(id);
        (next?.firstChild.heading ?? this.heading).focus();
    }

    #forget(id) {
        this.#jobs.delete(id);
        this.#cards.get(id)?.parentNode.remove();
        this.#cards.delete(id);
        this.empty.hidden = this.#jobs.size > 0;
    }

    #sorted() {
        return [...this.#jobs.values()].sort((a, b) => (a.created_at < b.created_at ? 1 : -1));
    }

    #schedule() {
        clearTimeout(this.timer);
        // Without a key, polling stops instead of asking for one again; "Try again" or a new key starts it.
        if (!this.isConnected || this.keyless) return;
        this.timer = setTimeout(() => document.hidden || this.#refresh(), this.#pause());
    }

    #pause() {
        const busy = [...this.#jobs.values()].some((job) => !finished(job));
        const usual = busy ? BUSY_MS : IDLE_MS;
        if (!this.#failures) return usual;
        return Math.max(Math.min(usual * 2 ** this.#failures, PATIENT_MS), this.retryAfter * 1000);
    }
}
