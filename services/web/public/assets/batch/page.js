/** The batch page: from a file of customers to a list to call. */

import { elements as charts } from '../charts/index.js';
import { fill, h, reveal } from '../lib/dom.js';
import { here, remember } from '../lib/router.js';
import { loadSchema } from '../lib/schema.js';
import { failure, waiting } from '../shell/failure.js';
import { BatchFile } from './file.js';
import { JobCard } from './job.js';
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
            start(this);
        }
    },
};

async function start(page) {
    const columns = h('div.batch-columns', {}, waiting('Asking for the form…'));
    const place = h('div');
    fill(page, columns, place);
    try {
        const file = h('batch-file');
        const jobs = h('job-list');
        file.schema = await loadSchema();
        bind(file, jobs, place);
        fill(columns, file, jobs);
    } catch (error) {
        fill(columns, failure(error, () => start(page)));
    }
}

/** The job whose customers are shown stands in the fragment, so that a reload shows it again. */
function bind(file, jobs, place) {
    let wanted = here().parameters.get('job') ?? '';
    let shown = '';

    const choose = (id) => {
        wanted = id;
        remember('batch', { job: id });
        jobs.selected = id;
    };
    const show = (job) => {
        if (shown === job.id) return;
        shown = job.id;
        const results = h('job-results');
        fill(place, results);
        results.job = job;
    };

    jobs.selected = wanted;
    file.addEventListener('job-accepted', ({ detail: job }) => {
        choose(job.id);
        jobs.add(job);
    });
    jobs.addEventListener('job-chosen', ({ detail: id }) => {
        choose(id);
        show(jobs.job(id));
        reveal(place, 'start');
        place.querySelector('h2')?.focus({ preventScroll: true });
    });
    jobs.addEventListener('jobs-seen', ({ detail }) => {
        const job = detail.get(wanted);
        if (job?.status === 'completed') show(job);
    });
    jobs.addEventListener('job-deleted', ({ detail: id }) => {
        if (id !== wanted) return;
        wanted = shown = '';
        remember('batch', {});
        fill(place);
    });
}
