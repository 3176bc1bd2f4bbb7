/** The reliability curve and the distribution of scores. */

import { fill, h } from '../lib/dom.js';
import { count, percent } from '../lib/format.js';
import { section } from './sections.js';

export class ReliabilityPanel extends HTMLElement {
    set info({ calibration }) {
        const chart = h('line-chart');
        fill(this, section('Are the probabilities right?',
            h('p', {}, 'Among customers given a probability, the share that did leave. On the dotted line the two are equal.'), chart));
        const points = calibration.map(({ mean_predicted: x, observed: y }) => ({ x, y }));
        chart.data = {
            title: 'Observed against predicted',
            x: { name: 'Predicted', top: 1, format: (value) => percent(value, 0) },
            y: { name: 'Observed', top: 1, format: (value) => percent(value, 0) },
            diagonal: true,
            series: [{ name: 'Customers of the test rows', tone: 'main', dots: true, points }],
            summary: calibration.map(({ mean_predicted: x, observed: y }) => `predicted ${percent(x, 0)}, observed ${percent(y, 0)}`).join('; '),
            head: ['Predicted', 'Observed', '95\u00a0% interval', 'Customers'],
            rows: calibration.map(({ mean_predicted: x, observed: y, low, high, count: number }) =>
                [percent(x), percent(y), low === undefined ? '–' : `${percent(low)} to ${percent(high)}`, count(number)]),
        };
    }
}

export class ScoresPanel extends HTMLElement {
    set info({ score_distribution: { edges, stayed, churned } }) {
        const chart = h('score-histogram');
        fill(this, section('Does it tell them apart?',
            h('p', {}, 'Customers of the test rows by the probability they were given, and what they did.'), chart));
        chart.data = {
            title: 'Customers by churn probability',
            unit: 'customers',
            series: [{ name: 'Stayed', tone: 'good' }, { name: 'Left', tone: 'bad' }],
            bins: stayed.map((number, at) => ({ low: edges[at], high: edges[at + 1], counts: [number, churned[at]] })),
        };
    }
}
