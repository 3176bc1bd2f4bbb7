/** Shares with their intervals, one below the other on a scale from zero. */

import { svg } from '../lib/dom.js';
import { percent } from '../lib/format.js';
import { Chart, label, scale, stacked, ticks } from './chart.js';

/** data: {title, head, rows: [{text, value, low, high, tone}]}. */
export class ShareIntervals extends Chart {
    describe() {
        return this.data.rows.map(({ text, value, low, high }) => `${text}: ${percent(value)} (${percent(low)} to ${percent(high)})`).join('; ');
    }

    table() {
        const { head, rows } = this.data;
        return { head, rows: rows.map(({ text, value, low, high }) => [text, percent(value), `${percent(low)} to ${percent(high)}`]) };
    }

    shapes(width, rem) {
        const { rows } = this.data;
        const places = stacked(rows, 3 * rem, { head: 0, width, rem });
        const base = places.at(-1).end;
        const top = Math.min(Math.max(...rows.map(({ high }) => high), 0.01) * 1.05, 1);
        const x = scale([0, top], [0.8 * rem, width - 2 * rem]);
        const shapes = [
            ...ticks(top, width < 24 * rem ? 3 : 5).flatMap((value) => [
                svg('line.grid', { x1: x(value), x2: x(value), y1: 0.3 * rem, y2: base }),
                svg('text.axis.middle', { x: x(value), y: base + 1.2 * rem }, percent(value, 0)),
            ]),
            ...rows.flatMap((row, at) => estimate(row, places[at], x, rem)),
        ];
        return { height: base + 1.6 * rem, shapes };
    }
}

function estimate({ value, low, high, tone }, place, x, rem) {
    const y = place.end - 0.8 * rem;
    return [
        ...label(place, x(0), rem, 'text'),
        svg(`line.interval.${tone}`, { x1: x(low), x2: x(high), y1: y, y2: y }),
        svg(`circle.${tone}`, { cx: x(value), cy: y, r: 0.35 * rem }),
    ];
}
