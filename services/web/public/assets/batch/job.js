/** One job: how far it is, how long it still takes, and what can be done with it. */

import { emit, fill, h } from '../lib/dom.js';
import { count, duration, moment, percent, plural } from '../lib/format.js';
import { request } from '../lib/http.js';
import { failure } from '../shell/failure.js';
import { downloadLink } from '../lib/download.js';

const WORDS = {
    queued: 'Waiting',
    validating: 'Checking the file',
    in_progress: 'Scoring',
    finalizing: 'Putting results together',
    completed: 'Completed',
    cancelling: 'Being cancelled',
    cancelled: 'Cancelled',
    failed: 'Failed',
    expired: 'Expired',
};

export function finished({ status }) {
    return ['completed', 'cancelled', 'failed', 'expired'].includes(status);
}

export class JobCard extends HTMLElement {
    #seen = '';
    /** When this page first saw rows done, to tell the time left. */
    #start = null;

    connectedCallback() {
        if (this.childElementCount) return;
        this.heading = h('h3');
        this.badge = h('span.state');
        this.about = h('p.hint');
        this.progress = h('div.progress');
        this.trouble = h('div');
        this.actions = h('div.buttons');
        this.said = h('p.visually-hidden', { role: 'status' });
        fill(this, h('div.job-head', {}, this.heading, this.badge), this.about, this.progress, this.trouble, this.actions, this.said);
    }

    /** Only what changed is drawn again, so that focus stays where it is. */
    set job(job) {
        const { filename, status, created_at: created } = job;
        const before = this.data?.status;
        this.data = job;
        this.heading.textContent = filename ?? 'CSV';
        this.heading.id = `title-${job.id}`;
        this.badge.textContent = WORDS[status] ?? status;
        this.badge.className = `state ${status}`;
        this.about.textContent = `${moment(created)}${summary(job)}`;
        this.#advance(job);
        if (this.#seen !== status) this.#offer(job);
        if (before && before !== status) this.said.textContent = `${filename}: ${WORDS[status]}`;
        this.#seen = status;
    }

    set selected(selected) {
        this.toggleAttribute('data-selected', selected);
        this.querySelector('button.show')?.setAttribute('aria-pressed', String(selected));
    }

    #advance({ id, status, request_counts: { total, completed, failed } }) {
        const running = ['validating', 'in_progress', 'finalizing'].includes(status);
        if (!running) return fill(this.progress);
        const done = completed + failed;
        if (!this.bar) this.bar = h('progress', { 'aria-labelledby': `title-${id}` });
        if (total) Object.assign(this.bar, { max: total, value: done });
        else this.bar.removeAttribute('value');
        return fill(this.progress, this.bar, h('p', {}, total ? `${percent(done / total, 0)} · ${count(done)} of ${plural(total, 'row')}${this.#left(done, total)}` : WORDS[status]));
    }

    #left(done, total) {
        const now = performance.now();
        this.#start ??= { done, now };
        const rate = (done - this.#start.done) / (now - this.#start.now);
        if (!(rate > 0) || done >= total) return '';
        return ` · about ${duration((total - done) / rate / 1000)} left`;
    }

    #offer(job) {
        const held = this.actions.contains(document.activeElement);
        const ended = finished(job);
        fill(this.trouble, job.error && h('p.field-error', {}, job.error));
        fill(this.actions, ended ? this.#ended(job) : this.#running(job));
        if (held) this.actions.querySelector('button, a')?.focus();
    }

    #running({ id, status }) {
        if (status === 'cancelling') return null;
        return this.#button('Cancel', () => this.#act('POST', `/jobs/${id}/cancel`));
    }

    #ended(job) {
        const described = { 'aria-describedby': this.heading.id };
        const files = ['completed', 'cancelled'].includes(job.status);
        return [
            job.status === 'completed' && h('button.show', { type: 'button', 'aria-pressed': 'false', 'aria-describedby': this.heading.id, onclick: () => emit(this, 'job-chosen', job.id) }, 'Show customers'),
            files && downloadLink('Results', job.links.results, 'results.csv', this.trouble, described),
            files && downloadLink('Errors', job.links.errors, 'errors.csv', this.trouble, described),
            this.#button('Delete', () => this.#act('DELETE', `/jobs/${job.id}`), '.quiet'),
        ].filter(Boolean);
    }

    #button(label, onclick, kind = '') {
        return h(`button${kind}`, { type: 'button', 'aria-describedby': this.heading.id, onclick }, label);
    }

    async #act(method, path) {
        try {
            const answer = await request(path, { method });
            if (answer.status === 204) emit(this, 'job-deleted', this.data.id);
            else emit(this, 'job-changed', await answer.json());
        } catch (error) {
            fill(this.trouble, failure(error));
        }
    }
}

function summary(job) {
    if (!finished(job) || job.status === 'expired') return '';
    const { completed, failed } = job.request_counts;
    return ` · ${plural(completed, 'customer')} scored, ${count(failed)} refused · release ${job.model_version}`;
}
