/** Shares then and now, a pair of bars for each slice. */

import { h, svg } from '../lib/dom.js';
import { percent } from '../lib/format.js';
import { Chart, label, scale, stacked } from './chart.js';

/** In rem: a picture that is narrower has its labels above the bars. */
const NARROW = 18;

/** data: {title, what, then, now, rows: [{text, then, now}]}; `what` heads the slices, `then` and `now` name the bars. */
export class PairedBars extends Chart {
    describe() {
        const { rows, then, now } = this.data;
        return rows.map((row) => `${row.text}: ${then} ${percent(row.then)}, ${now} ${percent(row.now)}`).join('; ');
    }

    table() {
        const { what, rows, then, now } = this.data;
        return { head: [what, then, now], rows: rows.map((row) => [row.text, percent(row.then), percent(row.now)]) };
    }

    legend() {
        const { then, now } = this.data;
        return h('ul.legend', { 'aria-hidden': 'true' },
            h('li', {}, h('span.swatch.past'), `${then} (upper bar)`), h('li', {}, h('span.swatch.main'), `${now} (lower bar)`));
    }

    shapes(width, rem) {
        const { rows } = this.data;
        const column = width < NARROW * rem ? 0 : Math.min(width * 0.36, 9 * rem);
        const places = stacked(rows, (column ? 1.75 : 2.9) * rem, { head: 0, width: column || width, rem });
        const top = Math.max(...rows.flatMap((row) => [row.then, row.now]), 0.01);
        const x = scale([0, top], [column && column + 0.6 * rem, width - 5.6 * rem]);
        return { height: places.at(-1).end + 0.2 * rem, shapes: rows.flatMap((row, at) => pair(row, places[at], x, { width, rem, column })) };
    }
}

/** Labels stand beside the bars, or above them if there is no column for them. */
function pair(row, place, x, { width, rem, column }) {
    const y = column ? place.top : place.end - 1.75 * rem;
    const bar = (tone, share, from) => svg(`rect.${tone}`, { x: x(0), y: from, width: Math.max(x(share) - x(0), 1), height: 0.55 * rem, rx: 2 });
    return [
        ...label(place, 0, rem, 'text'),
        bar('past', row.then, y + 0.25 * rem),
        bar('main', row.now, y + 0.85 * rem),
        svg('text.axis.end', { x: width, y: y + 1.05 * rem }, `${percent(row.then, 0)} \u2192 ${percent(row.now, 0)}`),
    ];
}
