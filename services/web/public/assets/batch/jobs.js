/** The list of jobs, as the service tells it: kept fresh while anything moves. Says `job-chosen`. */

import { emit, fill, h } from '../lib/dom.js';
import { getJson } from '../lib/http.js';
import { failure } from '../shell/failure.js';
import { finished } from './job.js';

const PAGE = 20;
const BUSY_MS = 1000;
const IDLE_MS = 15_000;

export class JobList extends HTMLElement {
    /** @type {Map<string, any>} */
    #jobs = new Map();
    #cards = new Map();
    #selected = '';

    connectedCallback() {
        this.trouble = h('div');
        this.list = h('ul.jobs');
        this.more = h('button.quiet', { type: 'button', hidden: true, onclick: () => this.#older() }, 'Show older jobs');
        this.empty = h('p.hint', { hidden: true }, 'No job yet. Files that you score are listed here, for everyone who uses this service.');
        fill(this, h('section.card', { 'aria-labelledby': 'jobs-title' }, h('h2', { id: 'jobs-title' }, 'Jobs'), this.trouble, this.empty, this.list, this.more));
        this.wake = () => document.hidden || this.#refresh();
        document.addEventListener('visibilitychange', this.wake);
        this.addEventListener('job-changed', ({ detail }) => this.#merge([detail]));
        this.addEventListener('job-deleted', ({ detail }) => this.#forget(detail));
        this.#refresh();
    }

    disconnectedCallback() {
        clearTimeout(this.timer);
        document.removeEventListener('visibilitychange', this.wake);
    }

    /** @param {string} id of the job whose results are shown */
    set selected(id) {
        this.#selected = id;
        for (const [each, card] of this.#cards) card.selected = each === id;
    }

    /** A job of the list, by its id. */
    job(id) {
        return this.#jobs.get(id);
    }

    /** A job that is known to be new. */
    add(job) {
        this.#merge([job]);
        this.#schedule();
    }

    async #refresh() {
        clearTimeout(this.timer);
        try {
            const { data, has_more: more } = await getJson(`/jobs?limit=${PAGE}`);
            fill(this.trouble);
            this.#dropMissing(data, more);
            if (this.#jobs.size <= data.length) this.more.hidden = !more;
            this.#merge(data);
        } catch (error) {
            fill(this.trouble, failure(error, () => this.#refresh()));
        }
        this.#schedule();
    }

    /** What lies within the newest page but is not on it has been deleted or has expired. */
    #dropMissing(page, more) {
        const named = new Set(page.map(({ id }) => id));
        const oldest = more ? page.at(-1).created_at : '';
        for (const job of this.#jobs.values()) {
            if (!named.has(job.id) && job.created_at >= oldest) this.#forget(job.id);
        }
    }

    async #older() {
        const last = this.#sorted().at(-1);
        try {
            const { data, has_more: more } = await getJson(`/jobs?limit=${PAGE}&after=${encodeURIComponent(last.id)}`);
            this.more.hidden = !more;
            this.#merge(data);
        } catch (error) {
            fill(this.trouble, failure(error));
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
            this.#cards.set(job.id, card);
        }
        if (this.list.children[at]?.firstChild !== card) this.list.insertBefore(card.parentNode ?? h('li', {}, card), this.list.children[at] ?? null);
        card.job = job;
        card.selected = job.id === this.#selected;
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
        if (!this.isConnected || document.hidden) return;
        const busy = [...this.#jobs.values()].some((job) => !finished(job));
        this.timer = setTimeout(() => this.#refresh(), busy ? BUSY_MS : IDLE_MS);
    }
}
