/** Estimates with their intervals on a ratio scale, around the line of no effect. */

import { svg } from '../lib/dom.js';
import { figure } from '../lib/format.js';
import { Chart, label, scale, stacked } from './chart.js';

/** data: {title, lower, higher, head, rows: [{text, value, low, high}]}; all ratios, 1 is no effect. */
export class Intervals extends Chart {
    describe() {
        const { rows, higher, lower } = this.data;
        return rows.map(({ text, value, low, high }) => `${text}: ${figure(value, 2)} (${figure(low, 2)} to ${figure(high, 2)}), ${value < 1 ? lower : higher}`).join('; ');
    }

    table() {
        const { head, rows } = this.data;
        return { head, rows: rows.map(({ text, value, low, high }) => [text, figure(value, 2), figure(low, 2), figure(high, 2)]) };
    }

    shapes(width, rem) {
        const { rows, lower, higher } = this.data;
        const head = 1.6 * rem;
        const places = stacked(rows, 2.4 * rem, { head, width, rem });
        const height = places.at(-1).end + 2 * rem;
        const reach = Math.max(...rows.flatMap(({ low, high }) => [Math.abs(Math.log(low)), Math.abs(Math.log(high))]), 0.1);
        const x = scale([-reach, reach], [1.5 * rem, width - 1.5 * rem]);
        const base = height - 1.6 * rem;
        const shapes = [
            svg('text.axis', { x: 0, y: 0.9 * rem }, `\u2190 ${lower}`),
            svg('text.axis.end', { x: width, y: 0.9 * rem }, `${higher} \u2192`),
            svg('line.zero', { x1: x(0), x2: x(0), y1: head, y2: base }),
            ...rows.flatMap((row, at) => estimate(row, places[at], x, rem)),
            ...ratios(reach).map((ratio) => svg('text.axis.middle', { x: x(Math.log(ratio)), y: height - 0.4 * rem }, `\u00d7${ratio}`)),
        ];
        return { height, shapes };
    }
}

/** The ratios within the range that the axis shows, few enough to be legible. */
function ratios(reach) {
    const steps = reach > 2.2 ? [0.1, 0.25, 1, 4, 10] : [0.25, 0.5, 1, 2, 4];
    return steps.filter((ratio) => Math.abs(Math.log(ratio)) <= reach);
}

function estimate({ value, low, high }, place, x, rem) {
    const tone = value < 1 ? 'good' : 'bad';
    const y = place.end - 0.7 * rem;
    return [
        ...label(place, x(0), rem),
        svg(`line.interval.${tone}`, { x1: x(Math.log(low)), x2: x(Math.log(high)), y1: y, y2: y }),
        svg(`circle.${tone}`, { cx: x(Math.log(value)), cy: y, r: 0.3 * rem }),
    ];
}
