/** The figures by month, with their bands, against what was promised. */

import { h } from '../lib/dom.js';
import { count, figure, month, percent } from '../lib/format.js';
import { section } from '../lib/section.js';
import { between, byName } from './figures.js';
import { timeline } from './timeline.js';

/** The charts, each with the range of its scale. */
const CHARTS = [
    { name: 'churn_rate', question: 'Do as many leave as predicted?', scale: rates },
    { name: 'roc_auc', question: 'Are leavers still told from stayers?', scale: ranks },
    { name: 'calibration', question: 'How many left for each one predicted?', scale: ratios },
];

/** @param {any} release one with figures @returns {HTMLElement[]} */
export function months(release) {
    return CHARTS.map((each) => panel(release, each));
}

function panel(release, { name, question, scale }) {
    const chart = h('line-chart');
    const card = section(question, chart);
    chart.data = data(release, byName.get(name), scale);
    return card;
}

function rates(values) {
    const top = Math.min(Math.max(...values, 0.05) * 1.1, 1);
    return { top, format: (value) => percent(value, top < 0.2 ? 1 : 0) };
}

/** From chance on, or from the worst month where that is worse than chance. */
function ranks(values) {
    const low = Math.floor(Math.min(0.5, ...values.filter((value) => value > 0)) * 10);
    const ticks = Array.from({ length: 11 - low }, (_, at) => (low + at) / 10);
    return { low: ticks[0], top: 1, ticks, format: (value) => figure(value, 1) };
}

function ratios(values) {
    return { top: Math.max(...values, 1) * 1.1, format: (value) => figure(value, 1) };
}

function data({ months: all, promised, expected }, { name, title, write }, scale) {
    const steady = promised[name]?.value;
    const { places, axis } = timeline(all);
    const drawn = (pick) => places.map((each, x) => point(x, each && pick(each)));
    const series = [
        { name: 'Came true, with its 95\u00a0% interval', tone: 'main', dots: true, spread: 'band', points: drawn((each) => each[name]) },
        expected?.[name] && { name: 'Expected, if the world has not changed', tone: 'warn', dashed: true, points: drawn((each) => each.expected?.[name]) },
        steady !== undefined && { name: `Promised: ${write(steady)}`, tone: 'past', dashed: true, points: places.map((_, x) => ({ x, y: steady })) },
    ].filter(Boolean);
    const values = series.flatMap(({ points }) => points.flatMap(({ y, high }) => [y ?? 0, high ?? 0]));
    return {
        title: `${title} by month of the prediction`,
        x: { name: 'Month of the prediction', ...axis },
        y: { name: title, ...scale(values) },
        series,
        summary: all.filter((each) => each[name]).map((each) => `${month(each.month)}: ${write(each[name].value)}`).join('; '),
        head: ['Month', 'Predictions', 'With an outcome', 'Came true', '95\u00a0% interval', 'Expected'],
        rows: all.map((each) => line(each, name, write)),
    };
}

function point(x, estimate) {
    return { x, y: estimate?.value ?? null, low: estimate?.low, high: estimate?.high };
}

function line(each, name, write) {
    const estimate = each[name];
    const expected = each.expected?.[name];
    return [
        month(each.month), count(each.predictions), count(each.matched),
        estimate ? write(estimate.value) : '–', estimate ? between(estimate, write) : '–', expected ? write(expected.value) : '–',
    ];
}
