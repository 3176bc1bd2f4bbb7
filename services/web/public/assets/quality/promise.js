/** What a release promised, and what came true of it. */

import { reliability } from '../charts/reliability.js';
import { h } from '../lib/dom.js';
import { count, month, plural, upperFirst } from '../lib/format.js';
import { across, section, table } from '../lib/section.js';
import { between, byName, FIGURES, STATES } from './figures.js';

const HEADLINES = [
    ['churn_rate', 'How many leave'],
    ['roc_auc', 'Who leaves'],
    ['lift', 'The riskiest'],
];

/** The verdict and the headlines of a release. */
export function promise(release) {
    return across('Promised, and come true',
        verdict(release),
        h('p', {}, basis(release)),
        release.missing && h('p.hint', {}, release.missing),
        h('div.promises', {}, HEADLINES.map(([name, title]) => headline(release, byName.get(name), title))),
    );
}

function verdict(release) {
    const { words, since } = release.verdict;
    const state = stateOf(release);
    const badge = state && h(`span.band.${state.tone}`, {}, state.word);
    return h('p', {}, badge, ` ${words}`, since && ` Since ${month(since)}.`);
}

/** Without figures there is no state to name. */
function stateOf({ verdict: { state }, churn_rate: rate }) {
    return (rate || state !== 'none') && STATES[state];
}

function basis({ predictions, matured, matched, unmatched, treated }) {
    if (!matured) return `None of ${plural(predictions, 'tracked prediction')} is ripe yet.`;
    return [
        `Of ${plural(predictions, 'tracked prediction')}, ${count(matured)} ${matured === 1 ? 'is' : 'are'} ripe`,
        ` and ${count(matched)} ${matched === 1 ? 'has' : 'have'} an outcome.`,
        unmatched > 0 && ` Of ${count(unmatched)} nobody has told yet what became.`,
        treated > 0 && ` ${plural(treated, 'prediction is', 'predictions are')} left out, of customers who were treated in a campaign: that changes what came.`,
    ].filter(Boolean).join('');
}

function headline(release, { name, say, range }, title) {
    const line = (term, estimate, missing) => h('div', {}, h('dt', {}, term), h('dd', {}, estimate ? told(estimate, say, range) : missing));
    const expected = release.expected?.[name];
    return h('div.promise', {},
        h('h3', {}, title),
        h('dl', {},
            line('Promised', release.promised[name], 'The release does not say.'),
            line('Came true, so far', release[name], 'Not known yet.'),
        ),
        expected && h('p.hint', {}, `For these very customers, ${release.expected.condition}: ${say(expected.value)}.`),
    );
}

function told({ value, low, high }, say, range) {
    return [h('strong', {}, upperFirst(say(value))), h('span.hint', {}, ` ${range(low, high)}`)];
}

/** All figures of a release as a table. */
export function figures(release) {
    const cell = (estimate, write) => (estimate ? [write(estimate.value), h('span.hint.meaning', {}, between(estimate, write))] : '–');
    const rows = FIGURES.map(({ name, title, meaning, write }) => [
        [h('span', {}, title), h('span.hint.meaning', {}, meaning)],
        cell(release.promised[name], write),
        cell(release[name], write),
        cell(release.expected?.[name], write),
    ]);
    return across('The figures',
        table('The figures', ['Figure', 'Promised', 'Came true', 'Expected'], rows),
        h('p.hint', {}, 'Promised: on the test rows of the training. Came true: on ripe predictions with an outcome. Expected: what the probabilities themselves say, if the world has not changed. Ranges are 95\u00a0% intervals.'),
    );
}

/** The reliability chart, over all months of a release. */
export function slices({ reliability: found, matched }) {
    const chart = h('line-chart');
    chart.data = reliability(found, 'Customers with an outcome');
    return section('Are the probabilities right?',
        h('p', {}, `Among customers given a probability, the share that did leave: ${plural(matched, 'prediction')} with an outcome. On the dotted line the two are equal; the lines at the dots are 95\u00a0% intervals.`),
        chart);
}

/** All releases that have predictions, side by side. */
export function releases(all) {
    if (all.length < 2) return null;
    const compared = (release, name) => {
        const { write } = byName.get(name);
        const value = (estimate) => (estimate ? write(estimate.value) : '–');
        return `${value(release.promised[name])} \u2192 ${value(release[name])}`;
    };
    const rows = all.map((release) => [
        [h('code', {}, release.version), ' ', release.in_service && h('span.band.low', {}, 'in service')],
        count(release.predictions),
        count(release.matched),
        compared(release, 'churn_rate'),
        compared(release, 'roc_auc'),
        stateOf(release)?.word ?? '–',
    ]);
    return across('Releases', table('Releases', ['Release', 'Predictions', 'With an outcome', 'Churn rate, promised \u2192 true', 'AUC, promised \u2192 true', 'Verdict'], rows));
}
