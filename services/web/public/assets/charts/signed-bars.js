/** Bars to both sides of a zero line, for what raises and what lowers, the largest first. */

import { svg } from '../lib/dom.js';
import { figure, signed } from '../lib/format.js';
import { Chart, label, scale, stacked } from './chart.js';

export class SignedBars extends Chart {
    describe() {
        const { rows, higher, lower } = this.data;
        return rows.map(({ text, value }) => `${text}: ${signed(value)}, ${value < 0 ? lower : higher}`).join('; ');
    }

    table() {
        const { head, rows } = this.data;
        return { head, rows: rows.map(({ text, value }) => [text, signed(value), figure(Math.exp(value), 2)]) };
    }

    shapes(width, rem) {
        const { rows, zero, lower, higher } = this.data;
        const head = 1.6 * rem;
        const places = stacked(rows, 2.5 * rem, { head, width, rem });
        const height = places.at(-1).end + 0.3 * rem;
        const reach = Math.max(...rows.map(({ value }) => Math.abs(value)), 0.01);
        const gap = 3.2 * rem;
        const x = scale([-reach, reach], [gap, width - gap]);
        const shapes = [
            svg('text.axis', { x: 0, y: 0.9 * rem }, `\u2190 ${lower}`),
            svg('text.axis.end', { x: width, y: 0.9 * rem }, `${higher} \u2192`),
            svg('line.zero', { x1: x(0), x2: x(0), y1: head, y2: height }),
            svg('title', {}, zero),
            ...rows.flatMap((row, at) => bar(row, places[at], x, rem)),
        ];
        return { height, shapes };
    }
}

function bar({ value }, place, x, rem) {
    const from = Math.min(x(0), x(value));
    const length = Math.max(Math.abs(x(value) - x(0)), 1);
    const end = value < 0 ? from - 0.4 * rem : from + length + 0.4 * rem;
    return [
        ...label(place, x(0), rem),
        svg(`rect.${value < 0 ? 'good' : 'bad'}`, { x: from, y: place.end - 1.05 * rem, width: length, height: 0.8 * rem, rx: 2 }),
        svg(`text.value${value < 0 ? '.end' : ''}`, { x: end, y: place.end - 0.4 * rem }, signed(value)),
    ];
}
