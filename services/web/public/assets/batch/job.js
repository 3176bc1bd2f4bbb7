/** A job: its progress, the time left, and its actions. */

import { emit, fill, h } from '../lib/dom.js';
import { count, duration, moment, percent, plural } from '../lib/format.js';
import { request } from '../lib/http.js';
import { failure } from '../shell/failure.js';
import { question } from '../shell/question.js';
import { downloadLink, withParameter } from '../lib/download.js';
import { CUSTOMERS } from './kinds.js';
import { aside } from './look.js';

const WORDS = {
    queued: 'Waiting',
    validating: 'Checking the file',
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

/** A job's title: the name of its file, if it has one. */
export function nameOf({ filename }) {
    return filename ?? 'a file without a name';
}

/** The file's name without its ending, for the names of the files that are made from it. */
export function stemOf(job) {
    return (job.filename ?? (job.object === 'outcomes' ? 'outcomes' : 'customers')).replace(/\.gz$/i, '').replace(/\.(csv|tsv|txt|xlsx|parquet)$/i, '');
}

export class JobCard extends HTMLElement {
    /** What the job's file holds; set before the job. @type {import('./kinds.js').Kind} */
    kind = CUSTOMERS;
    #seen = '';
    /** When this page first saw finished rows, to estimate the time left. */
    #start = null;

    connectedCallback() {
        if (this.childElementCount) return;
        this.heading = h('h3', { tabindex: -1 });
        this.badge = h('span.state');
        this.about = h('p.hint');
        this.times = h('p.hint');
        this.asides = h('div');
        this.progress = h('div.progress');
        this.trouble = h('div');
        this.actions = h('div.buttons');
        this.said = h('p.visually-hidden', { role: 'status' });
        fill(this, h('div.job-head', {}, this.heading, this.badge), this.about, this.times, this.asides, this.progress, this.trouble, this.actions, this.said);
    }

    /** Redraws only what has changed, so that the focus stays where it is. */
    set job(job) {
        const { status } = job;
        const before = this.data?.status;
        this.data = job;
        this.heading.textContent = job.filename ?? this.kind.nameless;
        this.heading.id = `title-${job.id}`;
        this.badge.textContent = this.#word(status);
        this.badge.className = `state ${status}`;
        this.about.textContent = `${moment(job.created_at)}${summary(job, this.kind)}`;
        this.times.textContent = times(job);
        this.#advance(job);
        if (this.#seen !== status) this.#offer(job);
        if (before && before !== status) this.said.textContent = `${nameOf(job)}: ${this.#word(status)}`;
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
        return fill(this.progress, this.bar, h('p', {}, total ? `${percent(done / total, 0)} · ${count(done)} of ${plural(total, 'row')}${this.#left(done, total)}` : this.#word(status)));
    }

    #word(status) {
        return status === 'in_progress' ? this.kind.working : (WORDS[status] ?? status);
    }

    #left(done, total) {
        const now = performance.now();
        this.#start ??= { done, now };
        const rate = (done - this.#start.done) / (now - this.#start.now);
        if (!(rate > 0) || done >= total) return '';
        return ` · about ${duration((total - done) / rate / 1000)} left`;
    }

    #offer(job) {
        const hadFocus = this.actions.contains(document.activeElement);
        fill(this.trouble, job.error && h('p.field-error', {}, job.error));
        fill(this.asides, aside(job));
        fill(this.actions, finished(job) ? this.#ended(job) : this.#running(job));
        if (hadFocus) (this.actions.querySelector('button, a') ?? this.heading).focus();
    }

    #running({ status, links }) {
        if (status === 'cancelling') return null;
        return this.#button('Cancel', () => this.#act('POST', links.cancel));
    }

    /** Offers only the files that exist: results of a completed job of customers, and errors of one with refused rows. */
    #ended(job) {
        const completed = job.status === 'completed';
        const scored = completed && job.links.results;
        const file = (label, href) => downloadLink(label, withParameter(href, 'excel=1'), `${stemOf(job)}-${label.toLowerCase()}.csv`, this.trouble, { 'aria-describedby': this.heading.id });
        return [
            scored && h('button.show', { type: 'button', 'aria-pressed': 'false', 'aria-describedby': this.heading.id, onclick: () => emit(this, 'job-chosen', job.id) }, 'Show customers'),
            scored && file('Results', job.links.results),
            completed && job.request_counts.failed > 0 && file('Errors', job.links.errors),
            scored && job.request_counts.completed > 0 && h('a.button', { href: `#/campaigns?job=${encodeURIComponent(job.id)}`, 'aria-describedby': this.heading.id }, 'Plan a campaign'),
            this.#button('Delete', () => this.#ask(job), '.quiet'),
        ].filter(Boolean);
    }

    #button(label, onclick, kind = '') {
        return h(`button${kind}`, { type: 'button', 'aria-describedby': this.heading.id, onclick }, label);
    }

    /** Asks before deleting a job, because anybody can delete any job and nothing brings it back. */
    #ask(job) {
        const labels = { keep: 'Keep', sure: 'Delete for good', kind: 'danger' };
        fill(this.actions, question(this.kind.question(nameOf(job), job), labels, () => this.#keep(job), () => this.#act('DELETE', job.links.self)));
        this.actions.querySelector('button').focus();
    }

    #keep(job) {
        fill(this.actions, this.#ended(job));
        this.selected = this.hasAttribute('data-selected');
        this.actions.lastElementChild.focus();
    }

    async #act(method, path) {
        try {
            const answer = await request(path, { method });
            if (answer.status === 204) this.#gone();
            else emit(this, 'job-changed', await answer.json());
        } catch (error) {
            if (method === 'DELETE' && error.status === 404) this.#gone();
            else fill(this.trouble, failure(error));
        }
    }

    /** A page that was left meanwhile would put its own address in place of the one that is shown. */
    #gone() {
        if (this.isConnected) emit(this, 'job-deleted', this.data.id);
    }
}

function summary(job, kind) {
    return finished(job) && job.status !== 'expired' ? ` · ${kind.done(job)}` : '';
}

/** When the job ran, how long it took, and when it will be deleted. */
function times({ status, started_at: start, finished_at: end, expires_at: expires }) {
    const ran = start && end && `Started ${moment(start)}, took ${duration((Date.parse(end) - Date.parse(start)) / 1000)}.`;
    const going = start && !end && `Started ${moment(start)}.`;
    const kept = end && expires && status !== 'expired' && `Kept until ${moment(expires)}.`;
    return [ran || going, kept].filter(Boolean).join(' ');
}
