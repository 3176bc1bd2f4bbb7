/** The reliability curve and the distribution of scores. */

import { reliability } from '../charts/reliability.js';
import { fill, h } from '../lib/dom.js';
import { section } from '../lib/section.js';

export class ReliabilityPanel extends HTMLElement {
    set info({ calibration }) {
        const chart = h('line-chart');
        fill(this, section('Are the probabilities right?',
            h('p', {}, 'Among customers given a probability, the share that did leave. On the dotted line the two are equal.'), chart));
        chart.data = reliability(calibration, 'Customers of the test rows');
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
