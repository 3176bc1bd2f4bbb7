/** What another threshold would mean for a team's work, per 1,000 customers. */

import { fill, h } from '../lib/dom.js';
import { count, percent } from '../lib/format.js';
import { section } from '../lib/section.js';

export class ThresholdExplorer extends HTMLElement {
    set info({ thresholds, threshold }) {
        this.rows = thresholds;
        const start = nearest(thresholds, threshold);
        this.slider = h('input', { type: 'range', id: 'threshold', min: 0, max: thresholds.length - 1, step: 1, value: start });
        this.shown = h('output', { for: 'threshold' });
        this.chart = h('line-chart');
        this.slider.addEventListener('input', () => this.#show());
        fill(this, section('Whom to flag',
            h('p', {}, 'Of 1,000 customers: how many would be called at a threshold, how many of them would have left, and how many calls go to people who would have stayed.'),
            h('label', { for: 'threshold' }, 'Threshold'),
            this.slider,
            this.shown,
            this.chart,
            h('p.hint', {}, `Predictions use ${percent(threshold, 0)}. Moving the slider changes nothing but this picture.`),
        ));
        this.#show();
    }

    #show() {
        const row = this.rows[Number(this.slider.value)];
        this.slider.setAttribute('aria-valuetext', percent(row.threshold, 0));
        const tile = (number, words) => h('span.tile', {}, h('strong', {}, count(Math.round(number))), ` ${words}`);
        fill(this.shown,
            h('span.tile', {}, h('strong', {}, percent(row.threshold, 0)), ' threshold'),
            tile(row.flagged, 'flagged'),
            tile(row.caught, 'caught'),
            tile(row.false_alarms, 'false alarms'),
            tile(row.missed, 'missed'),
        );
        this.chart.data = chartData(this.rows, row.threshold);
    }
}

/** A count with its interval, if the release has one. */
function counted(row, name) {
    const ends = row.intervals?.[name];
    return ends ? `${row[name]} (${ends.low} to ${ends.high})` : row[name];
}

function nearest(rows, threshold) {
    const gaps = rows.map((row) => Math.abs(row.threshold - threshold));
    return gaps.indexOf(Math.min(...gaps));
}

function chartData(rows, marker) {
    const series = (name, key, tone) => ({ name, tone, points: rows.map((row) => ({ x: row.threshold, y: row[key] })) });
    return {
        title: 'Of 1,000 customers, by threshold',
        x: { name: 'Threshold', top: 1, format: (value) => percent(value, 0) },
        y: { name: 'Customers', top: Math.max(...rows.map((row) => row.flagged)), format: (value) => count(value) },
        marker,
        series: [series('Flagged', 'flagged', 'main'), series('Caught', 'caught', 'good'), series('False alarms', 'false_alarms', 'bad')],
        summary: `from ${percent(rows[0].threshold, 0)} to ${percent(rows.at(-1).threshold, 0)}; what the slider is at stands above, all of it in the table`,
        head: ['Threshold', 'Flagged', 'Caught', 'False alarms', 'Missed'],
        rows: rows.map((row) => [percent(row.threshold, 0), ...['flagged', 'caught', 'false_alarms', 'missed'].map((name) => counted(row, name))]),
    };
}
