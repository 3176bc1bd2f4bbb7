/** The model page: which release serves, how good it is, what drives churn, and where it comes from. */

import { elements as charts } from '../charts/index.js';
import { fill, h } from '../lib/dom.js';
import { getJson } from '../lib/http.js';
import { failure, waiting } from '../shell/failure.js';
import { CandidateTable, DriversPanel } from './drivers.js';
import { HistoryTable } from './history.js';
import { ReleasePictures } from './pictures.js';
import { data, fairness, partial, quality, release, use } from './sections.js';
import { ReliabilityPanel, ScoresPanel } from './curves.js';
import { ThresholdExplorer } from './threshold.js';

export const elements = {
    ...charts,
    'threshold-explorer': ThresholdExplorer,
    'reliability-panel': ReliabilityPanel,
    'scores-panel': ScoresPanel,
    'drivers-panel': DriversPanel,
    'candidate-table': CandidateTable,
    'release-pictures': ReleasePictures,
    'history-table': HistoryTable,
    'model-page': class extends HTMLElement {
        connectedCallback() {
            start(this);
        }
    },
};

async function start(page) {
    const body = h('div.sections', {}, waiting('Asking for the release…'));
    fill(page, body);
    try {
        show(body, await getJson('/model_info'));
    } catch (error) {
        fill(body, failure(error, () => start(page)));
    }
}

/** Leaves out sections if the release does not have their figures. */
function show(body, info) {
    fill(
        body,
        release(info),
        quality(info),
        info.thresholds && panel('threshold-explorer', info),
        info.calibration && panel('reliability-panel', info),
        info.score_distribution && panel('scores-panel', info),
        info.absent_fields && partial(info),
        info.drivers && panel('drivers-panel', info),
        info.comparison && panel('candidate-table', info),
        info.fairness && fairness(info),
        data(info),
        use(info),
        panel('release-pictures', info),
        panel('history-table', info),
    );
}

function panel(tag, info) {
    const element = h(tag);
    element.info = info;
    return element;
}
