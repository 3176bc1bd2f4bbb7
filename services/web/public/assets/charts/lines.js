/** Curves over two scales, with optional bands, intervals, a diagonal, a marker line and dots. */

import { h, svg } from '../lib/dom.js';
import { Chart, scale, ticks } from './chart.js';

/**
 * data: {title, x: Axis, y: Axis, diagonal?: boolean, marker?: number, series: Series[], summary, head, rows}.
 * @typedef {{name: string, low?: number, top: number, format: (value: number) => string, ticks?: number[]}} Axis low: 0
 * @typedef {{name: string, tone: string, dots?: boolean, dashed?: boolean, spread?: 'band'|'bars',
 *   points: {x: number, y: number|null, low?: number, high?: number}[]}} Series
 *   a point without y is a gap; spread draws `low` and `high`, as an area along the curve or as a line at each point
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
        return h('ul.legend', { 'aria-hidden': 'true' }, series.map(({ name, tone, dashed }) => h('li', {}, h(`span.swatch.${tone}${dashed ? '.dashed' : ''}`), name)));
    }

    shapes(width, rem) {
        const data = this.data;
        const height = Math.min(width * 0.75, 19 * rem);
        const marks = (data.y.ticks ?? ticks(data.y.top, 4)).map((value) => ({ value, text: data.y.format(value) }));
        // A label such as "−EUR 250K" needs more room than most.
        const left = Math.max(3.6, ...marks.map(({ text }) => 0.5 * text.length + 0.5)) * rem;
        const { low: start = 0 } = data.x;
        const { low: floor = 0 } = data.y;
        const x = scale([start, data.x.top], [left, width - 1.2 * rem]);
        const y = within(floor, data.y.top, scale([floor, data.y.top], [height - 3 * rem, 1.6 * rem]));
        const shapes = [
            ...this.#axes(x, y, marks, { width, height, left, rem }),
            data.diagonal && svg('line.reference', { x1: x(0), y1: y(0), x2: x(data.x.top), y2: y(data.y.top) }),
            data.marker !== undefined && svg('line.marker', { x1: x(data.marker), x2: x(data.marker), y1: y(floor), y2: y(data.y.top) }),
            ...data.series.flatMap((series) => curve(series, x, y, rem)),
        ];
        return { height, shapes };
    }

    #axes(x, y, marks, { width, height, left, rem }) {
        const data = this.data;
        const across = data.x.ticks ? thinned(data.x.ticks, Math.floor((width - left) / (6 * rem))) : ticks(data.x.top, width < 24 * rem ? 4 : 5);
        return [
            svg('text.axis', { x: 0, y: 0.9 * rem }, data.y.name),
            svg('text.axis.end', { x: width, y: height - 0.3 * rem }, data.x.name),
            ...marks.flatMap(({ value, text }) => [
                svg('line.grid', { x1: left, x2: width - 1.2 * rem, y1: y(value), y2: y(value) }),
                svg('text.axis.end', { x: left - 0.4 * rem, y: y(value) + 0.3 * rem }, text),
            ]),
            ...across.map((value) => tick(data.x.format(value), x(value), { width, height, rem })),
        ];
    }
}

/** A label below the axis; a long one at its end stays within the picture. */
function tick(text, at, { width, height, rem }) {
    const room = text.length > 5 && at + 2.2 * rem > width;
    return svg(room ? 'text.axis.end' : 'text.axis.middle', { x: room ? width : at, y: height - 1.7 * rem }, text);
}

/** A scale that ends at the axis, as an interval may be longer than it. */
function within(low, high, place) {
    return (value) => place(Math.min(Math.max(value, low), high));
}

/** At most `most` of the values, evenly apart, the last one always. */
function thinned(values, most) {
    const step = Math.ceil(values.length / Math.max(most, 1));
    return values.filter((_, at) => (values.length - 1 - at) % step === 0);
}

function curve({ points, tone, dots, dashed, spread }, x, y, rem) {
    const drawn = points.filter((point) => point.y !== null);
    const path = (place, run) => run.map((point) => `${x(point.x).toFixed(1)},${y(place(point)).toFixed(1)}`);
    const whole = runs(points);
    // A point between gaps has no curve and no band: a line is its interval, and a dot stands for it.
    const alone = whole.filter((run) => run.length === 1).flat();
    const bounded = { bars: drawn, band: alone }[spread] ?? [];
    return [
        ...(spread === 'band' ? whole : []).map((run) =>
            svg(`polygon.area.${tone}`, { points: [...path((point) => point.low, run), ...path((point) => point.high, run).reverse()].join(' ') })),
        ...bounded.filter(({ low }) => low !== undefined).map((point) => svg(`line.spread.${tone}`, { x1: x(point.x), x2: x(point.x), y1: y(point.low), y2: y(point.high) })),
        ...whole.map((run) => svg(`polyline.${tone}${dashed ? '.dashed' : ''}`, { points: path((point) => point.y, run).join(' ') })),
        ...(dots ? drawn : alone).map((point) => svg(`circle.${tone}`, { cx: x(point.x), cy: y(point.y), r: 0.25 * rem })),
    ];
}

/** The points between gaps. */
function runs(points) {
    const found = [[]];
    for (const point of points) {
        if (point.y === null) found.push([]);
        else found.at(-1).push(point);
    }
    return found.filter((run) => run.length);
}
