/** A histogram; its bars may be stacked from several series. */

import { h, svg } from '../lib/dom.js';
import { count, percent } from '../lib/format.js';
import { Chart, scale, ticks } from './chart.js';

/**
 * data: {title, unit, series: [{name, tone}], bins: [{low, high, counts: number[], tone?}]}; `low` and `high` are
 * shares, a bin's `tone` overrides its series'.
 */
export class Histogram extends Chart {
    describe() {
        const { bins, unit } = this.data;
        const total = bins.reduce((sum, bin) => sum + sumOf(bin), 0);
        const peak = bins.reduce((best, bin) => (sumOf(bin) > sumOf(best) ? bin : best), bins[0]);
        return `${count(total)} ${unit}; the fullest slice is ${slice(peak)} (${count(sumOf(peak))})`;
    }

    table() {
        const { bins, series } = this.data;
        return { head: ['Slice', ...series.map(({ name }) => name)], rows: bins.map((bin) => [slice(bin), ...bin.counts.map(count)]) };
    }

    legend() {
        const { series } = this.data;
        if (series.length < 2) return null;
        return h('ul.legend', { 'aria-hidden': 'true' }, series.map(({ name, tone }) => h('li', {}, h(`span.swatch.${tone}`), name)));
    }

    shapes(width, rem) {
        const { bins } = this.data;
        const height = 13 * rem;
        const left = 3.4 * rem;
        const top = Math.max(...bins.map(sumOf), 1);
        const x = scale([bins[0].low, bins.at(-1).high], [left, width - rem]);
        const y = scale([0, top], [height - 1.8 * rem, 0.8 * rem]);
        const shapes = [
            ...ticks(top, 4).flatMap((value) => [
                svg('line.grid', { x1: left, x2: width - rem, y1: y(value), y2: y(value) }),
                svg('text.axis.end', { x: left - 0.4 * rem, y: y(value) + 0.3 * rem }, count(value)),
            ]),
            ...bins.flatMap((bin) => this.#column(bin, x, y)),
            ...[0, 0.25, 0.5, 0.75, 1].map((value) => svg('text.axis.middle', { x: x(value), y: height - 0.4 * rem }, percent(value, 0))),
        ];
        return { height, shapes };
    }

    #column(bin, x, y) {
        let base = 0;
        return bin.counts.map((number, at) => {
            const tone = bin.tone ?? this.data.series[at].tone;
            const rect = svg(`rect.${tone}`, { x: x(bin.low) + 0.75, width: Math.max(x(bin.high) - x(bin.low) - 1.5, 1), y: y(base + number), height: y(base) - y(base + number) });
            base += number;
            return rect;
        });
    }
}

function sumOf({ counts }) {
    return counts.reduce((sum, number) => sum + number, 0);
}

function slice({ low, high }) {
    return `${percent(low, 0)} to ${percent(high, 0)}`;
}
