/** Amounts as bars, one for each row, in the rows' own order. */

import { svg } from '../lib/dom.js';
import { Chart, label, scale, stacked } from './chart.js';

/** In rem: a picture that is narrower has its labels above the bars. */
const NARROW = 18;

/**
 * data: {title, head, rows: [{text, value, shown, cells, tone}]}; `shown` is the value in words, `cells` are those of the
 * table beside it, and `tone` is the bar's colour, unless it is the usual one.
 */
export class Bars extends Chart {
    describe() {
        return this.data.rows.map(({ text, shown }) => `${text}: ${shown}`).join('; ');
    }

    table() {
        const { head, rows } = this.data;
        return { head, rows: rows.map(({ text, cells }) => [text, ...cells]) };
    }

    shapes(width, rem) {
        const { rows } = this.data;
        const column = width < NARROW * rem ? 0 : Math.min(width * 0.36, 9 * rem);
        const end = (Math.max(...rows.map(({ shown }) => shown.length), 3) * 0.52 + 0.6) * rem;
        const places = stacked(rows, (column ? 1.75 : 2.9) * rem, { head: 0, width: column || width, rem });
        const top = Math.max(...rows.map(({ value }) => value), Number.MIN_VALUE);
        const x = scale([0, top], [column && column + 0.6 * rem, width - end]);
        return { height: places.at(-1).end + 0.2 * rem, shapes: rows.flatMap((row, at) => bar(row, places[at], x, rem, column)) };
    }
}

function bar({ value, shown, tone = 'main' }, place, x, rem, column) {
    const y = column ? place.top : place.end - 1.75 * rem;
    const length = Math.max(x(value) - x(0), 1);
    return [
        ...label(place, 0, rem, 'text'),
        svg(`rect.${tone}`, { x: x(0), y: y + 0.35 * rem, width: length, height: 0.9 * rem, rx: 2 }),
        svg('text.value', { x: x(0) + length + 0.4 * rem, y: y + 1.1 * rem }, shown),
    ];
}
