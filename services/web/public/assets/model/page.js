/** The model page: which release serves and which one challenges it, how good it is, what drives churn, and where it comes from. */

import { elements as charts } from '../charts/index.js';
import { fill, h } from '../lib/dom.js';
import { getJson } from '../lib/http.js';
import { followSchema, loadSchema } from '../lib/schema.js';
import { failure, waiting } from '../shell/failure.js';
import { watch } from '../shell/watch.js';
import { DeedPlace } from './deed.js';
import { CandidateTable, DriversPanel } from './drivers.js';
import { ExperimentsPanel } from './experiments.js';
import { HistoryTable } from './history.js';
import { ExperimentList } from './life.js';
import { ReleasePictures } from './pictures.js';
import { data, fairness, partial, quality, release, use } from './sections.js';
import { ReliabilityPanel, ScoresPanel } from './curves.js';
import { ThresholdExplorer } from './threshold.js';

export const elements = {
    ...charts,
    'deed-place': DeedPlace,
    'experiments-panel': ExperimentsPanel,
    'threshold-explorer': ThresholdExplorer,
    'reliability-panel': ReliabilityPanel,
    'scores-panel': ScoresPanel,
    'drivers-panel': DriversPanel,
    'candidate-table': CandidateTable,
    'release-pictures': ReleasePictures,
    'experiment-list': ExperimentList,
    'history-table': HistoryTable,
    'model-page': class extends HTMLElement {
        connectedCallback() {
            this.addEventListener('experiments-seen', ({ detail }) => this.querySelectorAll('experiment-list, history-table').forEach((part) => (part.experiments = detail)));
            this.addEventListener('experiments-changed', ({ detail }) => this.querySelector('experiments-panel').follow(detail));
            start(this);
            this.stop = watch(({ model }) => follow(this, model));
        }

        disconnectedCallback() {
            this.stop();
        }
    },
};

async function start(page) {
    const body = h('div.sections', {}, waiting('Asking for the release…'));
    page.news = h('div', { role: 'status' });
    fill(page, page.news, body);
    try {
        const [info, schema] = await Promise.all([getJson('/model_info'), loadSchema()]);
        page.version = info.version;
        show(body, info, schema);
    } catch (error) {
        fill(body, failure(error, () => start(page)));
    }
}

/** Shows the figures of another release as soon as it is in service. */
async function follow(page, model) {
    if (!model || !page.version || page.version === model.version) return;
    page.version = model.version;
    await followSchema();
    await start(page);
    fill(page.news, h('p.news', {}, 'Another release is in service. These are its figures.'));
}

/** Leaves out sections if the release does not have their figures. */
function show(body, info, schema) {
    fill(
        body,
        release(info, schema),
        h('experiments-panel.across'),
        quality(info),
        info.thresholds && panel('threshold-explorer', info),
        info.calibration && panel('reliability-panel', info),
        info.score_distribution && panel('scores-panel', info),
        info.absent_fields && partial(info),
        info.drivers && panel('drivers-panel.across', info),
        info.comparison && panel('candidate-table.across', info),
        info.fairness && fairness(info),
        data(info),
        use(info),
        panel('release-pictures.across', info),
        h('experiment-list.across'),
        panel('history-table.across', info),
    );
}

function panel(tag, info) {
    const element = h(tag);
    element.info = info;
    return element;
}
