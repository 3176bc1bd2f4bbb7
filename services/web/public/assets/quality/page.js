/** The quality page: what was promised against what came true, drift, what comes in, and the upload of outcomes. */

import { BatchFile } from '../batch/file.js';
import { finished, JobCard } from '../batch/job.js';
import { JobList } from '../batch/jobs.js';
import { elements as charts } from '../charts/index.js';
import { fill, h } from '../lib/dom.js';
import { moment } from '../lib/format.js';
import { getJson } from '../lib/http.js';
import { Poll } from '../lib/poll.js';
import { here, remember } from '../lib/router.js';
import { loadSchema } from '../lib/schema.js';
import { waitOrFail } from '../shell/failure.js';
import { incoming } from './data.js';
import { DriftPanel } from './drift.js';
import { months } from './months.js';
import { overview } from './overview.js';
import { figures, promise, releases, slices } from './promise.js';
import { steps, untracked } from './steps.js';
import { OUTCOMES, tally } from './uploads.js';

const ASKING = 'Asking for the figures…';
/** The days that can be looked back on. */
const PERIODS = [30, 90, 180, 365];

/** A file whose upload goes on while another page is shown. */
const kept = { file: null };

class QualityPage extends HTMLElement {
    /** The outcome files that were being read when the list was last looked at. @type {Set<string>} */
    #running = new Set();

    connectedCallback() {
        this.days = here().parameters.get('days') ?? '';
        this.version = here().parameters.get('release') ?? '';
        this.#build();
        this.note = h('p.waiting', { role: 'status' });
        this.trouble = h('div');
        this.summary = h('div.sections');
        this.uploads = h('div');
        this.body = h('div.sections');
        fill(this, this.controls, this.note, this.trouble, this.summary, this.body);
        this.followed = ({ detail }) => kept.file && (kept.file.schema = detail);
        document.addEventListener('schema-changed', this.followed);
        this.addEventListener('jobs-seen', ({ detail }) => this.#seen(detail));
        this.poll = new Poll((signal) => this.#look(signal));
    }

    #build() {
        const turn = (name) => ({ target }) => this.#turn({ [name]: target.value });
        this.period = h('select', { id: 'quality-period', onchange: turn('days') });
        this.release = h('select', { id: 'quality-release', onchange: turn('version') });
        const labelled = (title, control) => h('div', {}, h('label', { for: control.id }, title), control);
        this.versions = labelled('Release', this.release);
        this.when = h('p.hint');
        this.controls = h('div.controls', { hidden: true }, h('div.filters', {}, labelled('Predictions', this.period), this.versions), this.when);
    }

    disconnectedCallback() {
        this.poll.stop();
        document.removeEventListener('schema-changed', this.followed);
    }

    /** Asks for the figures because somebody wants them. @returns {Promise<void>} */
    #ask() {
        fill(this.trouble);
        this.note.textContent = ASKING;
        return this.poll.now();
    }

    /** Looks at the figures; while they are computed, looks again when the service says. */
    async #look(signal) {
        if (!this.answer && !this.note.textContent) this.note.textContent = ASKING;
        try {
            const [answer, schema] = await Promise.all([getJson(`/quality${this.days ? `?days=${encodeURIComponent(this.days)}` : ''}`, { signal }), loadSchema()]);
            if (!signal.aborted) this.#arrived(answer, schema);
            return 0;
        } catch (error) {
            return signal.aborted ? 0 : this.#failed(error);
        }
    }

    /** @returns {number} milliseconds until the next look */
    #failed(error) {
        // A period that the service refuses would be refused again.
        return waitOrFail(this.note, this.trouble, error, () => (error.status === 422 ? this.#turn({ days: '' }) : this.#ask()));
    }

    #arrived(answer, schema) {
        this.note.textContent = '';
        fill(this.trouble);
        const text = JSON.stringify(answer);
        // Figures that are the same are left as they are, as somebody may be reading them.
        if (text === this.shown && schema === this.schema) return;
        this.shown = text;
        this.answer = answer;
        this.schema = schema;
        if (answer.tracking === 'on' && !this.uploads.childElementCount) this.#place(answer, schema);
        this.#show();
    }

    /** Uploads stand first while there are no outcomes; they stay where they are, as somebody may be busy with them. */
    #place({ outcomes }, schema) {
        if (outcomes.rows) this.append(this.uploads);
        else this.summary.after(this.uploads);
        if (!kept.file) {
            kept.file = h('batch-file');
            kept.file.kind = OUTCOMES;
            kept.file.addEventListener('job-accepted', ({ detail: { job, hadFocus } }) => kept.accept(job, hadFocus));
        }
        if (kept.file.definition !== schema) kept.file.schema = schema;
        const list = h('job-list');
        list.kind = OUTCOMES;
        kept.accept = (job, hadFocus) => {
            list.add(job);
            if (hadFocus) list.focusJob(job.id);
        };
        this.uploads.className = 'batch-columns';
        fill(this.uploads, kept.file, list);
    }

    /** Asks for the figures again when a file of outcomes has been read. */
    #seen(jobs) {
        const done = [...jobs.values()].some((job) => job.status === 'completed' && this.#running.has(job.id));
        this.#running = new Set([...jobs.values()].filter((job) => !finished(job)).map(({ id }) => id));
        if (done) this.#ask();
    }

    #show() {
        const { answer, schema } = this;
        const release = chosen(answer.releases, this.version);
        this.#offer(answer, release);
        fill(this.summary,
            answer.tracking === 'off' ? untracked(answer) : [overview(answer, release), steps(answer, release)],
            release?.predictions > 0 && promise(release),
        );
        fill(this.body,
            release?.churn_rate && [figures(release), slices(release), ...months(release)],
            releases(answer.releases),
            release?.predictions > 0 && drift(release),
            incoming(answer.data, schema),
            tally(answer.outcomes),
        );
    }

    /** The choices of periods and releases; the elements stay, as one of them may have the focus. */
    #offer({ days, releases: all, computed_at: when }, release) {
        const periods = PERIODS.includes(days) ? PERIODS : [...PERIODS, days].sort((a, b) => a - b);
        choices(this.period, periods.map((number) => [String(number), `Ripened in the last ${number} days`]), String(days));
        choices(this.release, all.map((each) => [each.version, `${each.version}${each.in_service ? ', in service' : ''}`]), release?.version);
        this.versions.hidden = all.length < 2;
        this.when.textContent = `Computed ${moment(when)}.`;
        this.controls.hidden = all.length === 0;
    }

    #turn(changes) {
        Object.assign(this, changes);
        remember('quality', { ...(this.days && { days: this.days }), ...(this.version && { release: this.version }) });
        if ('days' in changes) return this.#ask();
        return this.#show();
    }
}

/** The release that was asked for, else the newest that can be judged, which the one in service often cannot yet. */
function chosen(releases, version) {
    return releases.find((release) => release.version === version)
        ?? releases.find(({ churn_rate: rate }) => rate)
        ?? releases.find(({ in_service: current }) => current)
        ?? releases[0];
}

function choices(select, options, chosen) {
    fill(select, options.map(([value, label]) => h('option', { value, selected: value === chosen }, label)));
}

function drift(release) {
    const panel = h('drift-panel.across');
    panel.release = release;
    return panel;
}

export const elements = {
    ...charts,
    'job-card': JobCard,
    'batch-file': BatchFile,
    'job-list': JobList,
    'drift-panel': DriftPanel,
    'quality-page': QualityPage,
};
