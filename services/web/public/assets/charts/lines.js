/** Curves over two scales of shares or counts, with an optional diagonal, marker line and dots. */

import { h, svg } from '../lib/dom.js';
import { Chart, scale, ticks } from './chart.js';

/**
 * data: {title, x: {name, top, format}, y: {name, top, format}, diagonal?: boolean, marker?: number,
 *   series: [{name, tone, dots?: boolean, points: [{x, y}]}], summary, head, rows}.
 */
export class Lines extends Chart {
    describe() {
        return this.data.summary;
    }

    table() {
        return { head: this.data.head, rows: this.data.rows };
    }

    legend() {
        const { series } = this.data;
        if (series.length < 2) return null;
        return h('ul.legend', { 'aria-hidden': 'true' }, series.map(({ name, tone }) => h('li', {}, h(`span.swatch.${tone}`), name)));
    }

    shapes(width, rem) {
        const data = this.data;
        const height = Math.min(width * 0.75, 19 * rem);
        const left = 3.6 * rem;
        const x = scale([0, data.x.top], [left, width - 1.2 * rem]);
        const y = scale([0, data.y.top], [height - 3 * rem, 1.6 * rem]);
        const shapes = [
            ...this.#axes(x, y, { width, height, left, rem }),
            data.diagonal && svg('line.reference', { x1: x(0), y1: y(0), x2: x(data.x.top), y2: y(data.y.top) }),
            data.marker !== undefined && svg('line.marker', { x1: x(data.marker), x2: x(data.marker), y1: y(0), y2: y(data.y.top) }),
            ...data.series.flatMap((series) => curve(series, x, y, rem)),
        ];
        return { height, shapes };
    }

    #axes(x, y, { width, height, left, rem }) {
        const data = this.data;
        const across = ticks(data.x.top, width < 24 * rem ? 4 : 5);
        return [
            svg('text.axis', { x: 0, y: 0.9 * rem }, data.y.name),
            svg('text.axis.end', { x: width, y: height - 0.3 * rem }, data.x.name),
            ...ticks(data.y.top, 4).flatMap((value) => [
                svg('line.grid', { x1: left, x2: width - 1.2 * rem, y1: y(value), y2: y(value) }),
                svg('text.axis.end', { x: left - 0.4 * rem, y: y(value) + 0.3 * rem }, data.y.format(value)),
            ]),
            ...across.map((value) => svg('text.axis.middle', { x: x(value), y: height - 1.7 * rem }, data.x.format(value))),
        ];
    }
}

function curve({ points, tone, dots }, x, y, rem) {
    const path = points.map((point) => `${x(point.x).toFixed(1)},${y(point.y).toFixed(1)}`).join(' ');
    const line = svg(`polyline.${tone}`, { points: path });
    if (!dots) return [line];
    return [line, ...points.map((point) => svg(`circle.${tone}`, { cx: x(point.x), cy: y(point.y), r: 0.25 * rem }))];
}
