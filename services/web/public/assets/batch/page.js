/** The batch page: from a file of customers to a list to call. */

import { elements as charts } from '../charts/index.js';
import { fill, h, reveal } from '../lib/dom.js';
import { here, remember } from '../lib/router.js';
import { loadSchema } from '../lib/schema.js';
import { failure, waiting } from '../shell/failure.js';
import { BatchFile } from './file.js';
import { finished, JobCard } from './job.js';
import { JobList } from './jobs.js';
import { JobResults } from './results.js';
import { RiskiestTable } from './table.js';

export const elements = {
    ...charts,
    'job-card': JobCard,
    'riskiest-table': RiskiestTable,
    'job-results': JobResults,
    'batch-file': BatchFile,
    'job-list': JobList,
    'batch-page': class extends HTMLElement {
        connectedCallback() {
            this.followed = ({ detail }) => kept.file && (kept.file.schema = detail);
            document.addEventListener('schema-changed', this.followed);
            start(this);
        }

        disconnectedCallback() {
            document.removeEventListener('schema-changed', this.followed);
        }
    },
};

/** What stays when another page is opened and this one again: the file with its upload, and the filtered results. */
const kept = { file: null, results: null, accepted: '' };

async function start(page) {
    const columns = h('div.batch-columns', {}, waiting('Asking for the form…'));
    const place = h('div');
    fill(page, columns, place);
    try {
        const schema = await loadSchema();
        kept.file ??= fileFor(schema);
        if (kept.file.definition !== schema) kept.file.schema = schema;
        const jobs = h('job-list');
        const bound = bind(jobs, place);
        kept.page = { jobs, ...bound };
        fill(columns, kept.file, jobs);
    } catch (error) {
        fill(columns, failure(error, () => start(page)));
    }
}

/** The place for files. A job that is accepted while another page is shown is selected when this page is opened again. */
function fileFor(schema) {
    const file = h('batch-file');
    file.schema = schema;
    file.addEventListener('job-accepted', ({ detail: { job, hadFocus } }) => {
        if (file.isConnected) kept.page.accept(job, hadFocus);
        else kept.accepted = job.id;
    });
    return file;
}

/** Writes the job whose results are shown into the fragment, so that a reload shows it again. */
function bind(jobs, place) {
    let wanted = here().parameters.get('job') || kept.accepted;
    /** The job that was sent from here; the page scrolls to its results when it completes. */
    let sent = '';
    kept.accepted = '';

    const choose = (id) => {
        wanted = id;
        remember('batch', id ? { job: id } : {});
        jobs.selected = id;
    };
    const show = (job) => {
        if (place.firstChild?.shown === job.id) return;
        if (kept.results?.shown !== job.id) {
            kept.results?.close();
            kept.results = h('job-results');
        }
        kept.results.schema = kept.file.definition;
        fill(place, kept.results);
        kept.results.job = job;
    };
    const goTo = () => {
        reveal(place, 'start');
        place.querySelector('h2')?.focus({ preventScroll: true });
    };

    choose(wanted);
    jobs.addEventListener('job-chosen', ({ detail: id }) => {
        choose(id);
        show(jobs.job(id));
        goTo();
    });
    jobs.addEventListener('jobs-seen', ({ detail }) => {
        const job = detail.get(wanted);
        if (job?.status === 'completed') show(job);
        else if (job) fill(place, without(job));
        if (!job || job.id !== sent || !finished(job)) return;
        sent = '';
        // Somebody who is busy with the next file is not interrupted.
        if (job.status === 'completed' && !kept.file.contains(document.activeElement)) goTo();
    });
    jobs.addEventListener('job-missing', ({ detail: id }) => id === wanted && leave(missing()));
    jobs.addEventListener('job-deleted', ({ detail: id }) => id === wanted && leave(null));

    function leave(words) {
        choose('');
        kept.results?.close();
        kept.results = null;
        fill(place, words);
    }

    function accept(job, hadFocus) {
        sent = job.id;
        choose(job.id);
        jobs.add(job);
        if (hadFocus) jobs.focusJob(job.id);
    }

    return { accept };
}

/** Why the job of a link has no results, if it never will have any. */
function without({ status, error }) {
    const why = {
        expired: 'This job has expired: its results are kept no longer. Score the file again.',
        cancelled: 'This job was cancelled, so it has no results. Score the file again.',
        failed: `This job failed, so it has no results. ${error ?? ''}`,
    }[status];
    return why && h('section.card', {}, h('h2', {}, 'No customers to show'), h('p', {}, why));
}

function missing() {
    return h('section.card', {}, h('h2', {}, 'No such job'),
        h('p', { role: 'alert' }, 'The job of this link is not here. It was deleted, or it has expired: files and results are kept for some days only.'));
}
