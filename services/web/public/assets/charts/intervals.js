/** Estimates with their intervals around the line of no effect: on a ratio scale, and differences on an even one. */

import { svg } from '../lib/dom.js';
import { figure, signed } from '../lib/format.js';
import { Chart, label, scale, stacked, ticks } from './chart.js';

/** data: {title, lower, higher, head, rows: [{text, value, low, high}]}. Each kind says where a value stands and how it is written. */
class Intervals extends Chart {
    describe() {
        return this.data.rows.map(({ text, value, low, high }) => `${text}: ${this.write(value)} (${this.write(low)} to ${this.write(high)}), ${this.words(value, low, high)}`).join('; ');
    }

    table() {
        const { head, rows } = this.data;
        return { head, rows: rows.map(({ text, value, low, high }) => [text, ...[value, low, high].map((each) => this.write(each))]) };
    }

    shapes(width, rem) {
        const { rows, lower, higher } = this.data;
        const head = 1.6 * rem;
        const places = stacked(rows, 2.4 * rem, { head, width, rem });
        const height = places.at(-1).end + 2 * rem;
        const reach = Math.max(...rows.flatMap(({ low, high }) => [low, high].map((end) => Math.abs(this.place(end)))), this.least);
        const x = scale([-reach, reach], [1.5 * rem, width - 1.5 * rem]);
        const base = height - 1.6 * rem;
        const shapes = [
            svg('text.axis', { x: 0, y: 0.9 * rem }, `\u2190 ${lower}`),
            svg('text.axis.end', { x: width, y: 0.9 * rem }, `${higher} \u2192`),
            svg('line.zero', { x1: x(0), x2: x(0), y1: head, y2: base }),
            ...rows.flatMap((row, at) => this.#estimate(row, places[at], x, rem)),
            ...this.marks(reach).map(([place, text]) => svg('text.axis.middle', { x: x(place), y: height - 0.4 * rem }, text)),
        ];
        return { height, shapes };
    }

    #estimate({ value, low, high }, place, x, rem) {
        const tone = this.tone(value, low, high);
        const y = place.end - 0.7 * rem;
        return [
            ...label(place, x(0), rem),
            svg(`line.interval.${tone}`, { x1: x(this.place(low)), x2: x(this.place(high)), y1: y, y2: y }),
            svg(`circle.${tone}`, { cx: x(this.place(value)), cy: y, r: 0.3 * rem }),
        ];
    }
}

/** Ratios, of which 1 is no effect; less of it is good. */
export class RatioIntervals extends Intervals {
    least = 0.1;

    place(ratio) {
        return Math.log(ratio);
    }

    write(ratio) {
        return figure(ratio, 2);
    }

    words(ratio) {
        return ratio < 1 ? this.data.lower : this.data.higher;
    }

    tone(ratio) {
        return ratio < 1 ? 'good' : 'bad';
    }

    /** The ratios within the range that the axis shows, few enough to be legible. */
    marks(reach) {
        const steps = reach > 2.2 ? [0.1, 0.25, 1, 4, 10] : [0.25, 0.5, 1, 2, 4];
        return steps.filter((ratio) => Math.abs(Math.log(ratio)) <= reach).map((ratio) => [Math.log(ratio), `\u00d7${ratio}`]);
    }
}

/** Gains, of which 0 is none; one whose interval holds 0 is neither good nor bad. */
export class GainIntervals extends Intervals {
    least = 0.001;

    place(gain) {
        return gain;
    }

    write(gain) {
        return signed(gain, 4);
    }

    words(gain, low, high) {
        if (low > 0) return this.data.higher;
        return high < 0 ? this.data.lower : 'not told apart';
    }

    tone(gain, low, high) {
        if (low > 0) return 'good';
        return high < 0 ? 'bad' : 'past';
    }

    /** Zero and a round gain to both sides of it. */
    marks(reach) {
        const end = ticks(reach, 2).at(-1);
        return [-end, 0, end].map((gain) => [gain, gain ? `${gain < 0 ? '\u2212' : '+'}${Math.abs(gain)}` : '0']);
    }
}
