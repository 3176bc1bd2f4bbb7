/** The model page's sections of text and tables. */

import { downloadLink } from '../lib/download.js';
import { h } from '../lib/dom.js';
import { count, figure, moment, percent, plural } from '../lib/format.js';
import { across, facts, section, table } from '../lib/section.js';

const SOURCES = {
    file: 'the file in the data folder',
    store: 'the file kept in the store',
    download: 'a public copy',
    sample: 'made-up sample data',
};

/** @param {any} info @param {import('../lib/schema.js').Schema} schema what the release in service declares */
export function release(info, schema) {
    return across('The release in service',
        facts([
            ['Model', info.model_name],
            ['Version', h('code', {}, info.version)],
            ['Trained', moment(info.timestamp)],
            info.released_at && ['Released', moment(info.released_at)],
            ['Says "leaves" from', percent(info.threshold, 0)],
            ['Trained on', SOURCES[info.data.source] ?? info.data.source],
            ['Customers', `${schema.name}, ${plural(schema.fields.length, 'field')}`],
        ]),
        info.files?.['card.html'] && modelCard(info.version),
        info.gates && gates(info.gates),
    );
}

/** A link to the model card, which is saved, as the site's policy forbids the style sheet inside it. */
function modelCard(version) {
    const trouble = h('div');
    return h('div', {}, downloadLink('Model card', `/releases/${version}/files/card.html`, `churn-model-card-${version}.html`, trouble), trouble);
}

function gates(all) {
    const passed = all.filter((gate) => gate.passed).length;
    return h('details', { open: passed < all.length },
        h('summary', {}, `${passed} of ${plural(all.length, 'check')} before release passed`),
        h('ul.gates', {}, all.map((gate) => h('li', {}, h(`span.band.${gate.passed ? 'low' : 'high'}`, {}, gate.passed ? 'passed' : 'failed'), ` ${gate.name}: `, h('span.hint', {}, gate.detail)))),
    );
}

/** What each figure means, the most important ones first. */
const FIGURES = [
    ['roc_auc', 'Ranking (ROC AUC)', 'How often a customer who leaves scores higher than one who stays; 0.5 is chance.'],
    ['pr_auc', 'Precision over recall (PR AUC)', 'The area under precision against recall.'],
    ['accuracy', 'Accuracy', 'How often yes and no are right.'],
    ['brier', 'Brier score', 'Mean squared error of the probability; smaller is better.'],
    ['log_loss', 'Log loss', 'Surprise at the outcome; smaller is better. Models are chosen by it.'],
    ['ece', 'Calibration error', 'Mean gap between predicted and observed; smaller is better.'],
    ['ece_floor', 'Calibration error of chance', 'What probabilities that are exactly right would show on as many customers.'],
    ['precision', 'Precision', 'Of those flagged, the share that left.'],
    ['recall', 'Recall', 'Of those who left, the share flagged.'],
    ['f1', 'F1', 'The harmonic mean of precision and recall.'],
    ['lift_top_decile', 'Lift of the top tenth', 'How many times more leavers are among the riskiest tenth than at random.'],
];

const KNOWN = [
    ['complete', 'Everything', 'All fields, as in the figures above.'],
    ['random', 'About half', 'The required fields, and each other one by the toss of a coin.'],
    ['required', 'The required fields', 'All others are taken from the real customers most like the one asked about.'],
];

/** How good answers are for customers with absent fields. */
export function partial({ absent_fields: absent }) {
    const rows = KNOWN.map(([kind, title, meaning]) => [
        [h('span', {}, title), h('span.hint.meaning', {}, meaning)],
        figure(absent[kind].roc_auc),
        figure(absent[kind].log_loss),
        figure(absent[kind].calibration_slope, 2),
        'range_coverage' in absent[kind] ? percent(absent[kind].range_coverage, 0) : '\u2013',
    ]);
    return across('Where not all is known',
        h('p.hint', {}, `On ${plural(absent.customers, 'customer')} of the test part, asked about again with fields left out. A slope of 1 is perfect calibration; the range that goes with an answer should hold the answer to the whole record for 80\u00a0% of them.`),
        table('Quality by what is known', ['What is known', 'ROC AUC', 'Log loss', 'Calibration slope', 'Range holds'], rows),
    );
}

export function quality({ metrics, recalibration, data: { churn_rate: rate } }) {
    const { cv = {}, test, test_intervals: intervals = {} } = metrics;
    const between = ({ low, high }) => `${figure(low)} to ${figure(high)}`;
    const rows = FIGURES.filter(([name]) => name in test || name in cv).map(([name, title, meaning]) => [
        [h('span', {}, title), h('span.hint.meaning', {}, meaning)],
        cv[name] ? `${figure(cv[name].mean)} ± ${figure(cv[name].std)}` : '–',
        name in test ? [figure(test[name]), intervals[name] && h('span.hint.meaning', {}, between(intervals[name]))] : '–',
    ]);
    const line = ({ value, low, high }) => `${figure(value, 2)} (${figure(low, 2)} to ${figure(high, 2)})`;
    return section('Quality',
        table('Quality', ['Figure', 'Cross-validated', 'Test'], rows),
        recalibration && h('p', {}, `Slope of calibration ${line(recalibration.slope)}: 1 is right, less is overconfident. Intercept ${line(recalibration.intercept)}: 0 is right, more means that more left than predicted.`),
        h('p.hint', {}, 'Cross-validated: mean and spread over the folds. Test: on rows that no model was fitted on, with 95\u00a0% intervals.',
            rate !== undefined && ` Always saying "stays" would be right ${percent(1 - rate)} of the time.`),
        h('p.hint', {}, 'Whether it came true of customers scored since: see ', h('a', { href: '#/quality' }, 'Quality'), '.'),
    );
}

const RATES = { flagged_rate: 'Flagged', false_positive_rate: 'False alarms', recall: 'Caught', precision: 'Flagged rightly' };

export function fairness({ fairness: { groups, gaps, threshold } }) {
    const spread = ({ value, low, high }) => `${percent(value)} (${percent(low, 0)} to ${percent(high, 0)})`;
    const rows = groups.map((group) => [
        group.group,
        count(group.customers),
        group.observed ? spread(group.observed) : percent(group.observed_rate),
        percent(group.mean_predicted),
        spread(group.flagged_rate),
        spread(group.false_positive_rate),
        spread(group.recall),
    ]);
    return across('Does it treat groups alike?',
        h('p', {}, `Error rates on the test rows at the threshold of ${percent(threshold, 0)}, with 95\u00a0% intervals.`),
        table('Error rates by group', ['Group', 'Customers', 'Left', 'Predicted', 'Flagged', 'False alarms', 'Caught'], rows),
        gaps && table('Widest gaps', ['Widest gap', 'Between', 'Difference'], gaps.map((gap) => [RATES[gap.rate], `${gap.highest}, ${gap.lowest}`, spread(gap)])),
        h('p.hint', {}, 'False alarms: of those who stayed, the share flagged. Caught: of those who left, the share flagged.'),
    );
}

export function data({ data: source, libraries }) {
    const split = source.split;
    return across('The data',
        source.source === 'sample' && h('p.field-error', {}, 'This is made-up sample data: good for trying the product out, and for nothing else.'),
        facts([
            ['Source', `${SOURCES[source.source] ?? source.source}${source.name ? `: ${source.name}` : ''}`],
            ['Rows', count(source.rows)],
            source.churn_rate !== undefined && ['Left', percent(source.churn_rate)],
            split && ['Split', Object.entries(split).map(([part, rows]) => `${count(rows)} ${part}`).join(', ')],
        ]),
        h('p.hint.checksum', {}, 'SHA-256 ', h('code', {}, source.sha256)),
        h('details', {}, h('summary', {}, 'Libraries'), h('p.hint', {}, Object.entries(libraries).map(([name, version]) => `${name} ${version}`).join(', '))),
    );
}

export function use({ intended_use: intended, limits }) {
    if (!intended) return null;
    const list = (sentences) => h('ul', {}, sentences.map((sentence) => h('li', {}, sentence)));
    return across('What it is for, and its limits',
        h('div.uses', {},
            h('div', {}, h('h3', {}, 'Meant for'), list(intended.for)),
            h('div', {}, h('h3', {}, 'Not for'), list(intended.not_for)),
            limits && h('div', {}, h('h3', {}, 'Limits'), list(limits)),
        ),
    );
}
