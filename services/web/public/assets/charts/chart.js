/** What all charts share: a drawing that fits the available width, a text alternative, and a table of its figures. */

import { fill, h, svg, uniqueId } from '../lib/dom.js';

export class Chart extends HTMLElement {
    #data = null;
    #observer = new ResizeObserver(() => this.#draw());
    #width = 0;

    connectedCallback() {
        if (this.#data) this.data = this.#data;
    }

    disconnectedCallback() {
        this.#observer.disconnect();
    }

    get data() {
        return this.#data;
    }

    /** `title` is the caption; each kind of chart has further members. */
    set data(data) {
        this.#data = data;
        if (!this.isConnected) return;
        this.#width = 0;
        const open = this.querySelector('details')?.open ?? false;
        this.plot = h('div.plot');
        fill(this, h('figure.chart', {}, h('figcaption', {}, data.title), this.plot, this.legend(), this.#table(open)));
        this.#observer.disconnect();
        this.#observer.observe(this.plot);
        this.#draw();
    }

    /** The legend; charts with more than one colour override it. */
    legend() {
        return null;
    }

    #draw() {
        const width = Math.floor(this.plot.clientWidth);
        if (!width || width === this.#width) return;
        this.#width = width;
        const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
        const { height, shapes } = this.shapes(width, rem);
        const words = uniqueId('words');
        const attributes = { viewBox: `0 0 ${width} ${height}`, width, height, role: 'img', 'aria-label': this.#data.title, 'aria-describedby': words };
        fill(this.plot, svg('svg', attributes, shapes), h('p.visually-hidden', { id: words }, this.describe()));
    }

    #table(open) {
        const { head, rows } = this.table();
        const caption = uniqueId('figures');
        return h('details.figures', { open },
            h('summary', {}, 'Show as a table'),
            h('div.scroll', { role: 'region', tabindex: 0, 'aria-labelledby': caption },
                h('table', {},
                    h('caption.visually-hidden', { id: caption }, this.#data.title),
                    h('thead', {}, h('tr', {}, head.map((cell, at) => h(at ? 'th.number' : 'th', { scope: 'col' }, cell)))),
                    h('tbody', {}, rows.map(([first, ...rest]) => h('tr', {}, h('th', { scope: 'row' }, first), rest.map((cell) => h('td.number', {}, cell))))),
                ),
            ),
        );
    }
}

/** A linear scale from data to pixels. */
export function scale([low, high], [from, to]) {
    const span = high - low || 1;
    return (value) => from + ((value - low) / span) * (to - from);
}

/** The least round number that is not below a positive one: of steps of this size an axis has no more. @param {number} rough */
export function roundStep(rough) {
    const power = 10 ** Math.floor(Math.log10(rough));
    return [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((size) => size >= rough);
}

/** At most `most` round numbers that cover 0 to `top`. @returns {number[]} */
export function ticks(top, most = 5) {
    const step = roundStep((top || 1) / most);
    return Array.from({ length: Math.floor((top || 1) / step + 1e-9) + 1 }, (_, at) => Number((at * step).toPrecision(12)));
}

/** The height of each line of a label after the first, in rem. */
const LINE = 1.1;
let brush = null;

/**
 * The layout of rows below each other: top and end of each, and its label broken into lines that fit the picture.
 * @param {{text: string}[]} rows @param {number} height of a row whose label has one line
 * @returns {{top: number, end: number, texts: string[]}[]} one entry without texts if there are no rows
 */
export function stacked(rows, height, { head, width, rem }) {
    let end = head;
    const places = rows.map(({ text }) => {
        const texts = lines(text, width, rem);
        const top = end;
        end = top + height + (texts.length - 1) * LINE * rem;
        return { top, end, texts };
    });
    return places.length ? places : [{ top: head, end: head, texts: [] }];
}

function lines(text, width, rem) {
    brush ??= new OffscreenCanvas(1, 1).getContext('2d');
    brush.font = `600 ${0.8125 * rem}px ${getComputedStyle(document.body).fontFamily}`;
    const found = [''];
    for (const word of text.split(' ')) {
        const longer = `${found.at(-1)} ${word}`.trim();
        if (found.at(-1) && brush.measureText(longer).width > width) found.push(word);
        else found[found.length - 1] = longer;
    }
    return found;
}

/** A label's lines, one below the other in its row, about `x` or from it on. */
export function label({ texts, top }, x, rem, selector = 'text.label.middle') {
    return texts.map((text, at) => svg(selector, { x, y: top + (1.1 + at * LINE) * rem }, text));
}
