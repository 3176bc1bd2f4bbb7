/** Why the probability is what it is: a sentence, and the effects compared with the average customer. */

import { fill, h } from '../lib/dom.js';
import { reasonSentence } from './words.js';

const FIRST = 5;

export class CustomerReasons extends HTMLElement {
    #all = false;
    #reasons = [];

    connectedCallback() {
        this.sentence = h('p');
        this.chart = h('signed-bars');
        this.more = h('button.quiet', { type: 'button', onclick: () => this.#draw(!this.#all) });
        fill(this, h('section.card', {}, h('h3', {}, 'Why'), this.sentence, this.chart, this.more));
    }

    /** Whether all reasons are shown, which the next answer keeps. */
    set answer({ reasons }) {
        this.#reasons = reasons;
        fill(this.sentence, reasonSentence(reasons));
        this.more.hidden = reasons.length <= FIRST;
        this.#draw(this.#all);
    }

    #draw(all) {
        this.#all = all;
        this.more.setAttribute('aria-expanded', String(all));
        this.more.textContent = all ? `Show the first ${FIRST}` : `Show all ${this.#reasons.length} reasons`;
        this.chart.data = chartData(all ? this.#reasons : this.#reasons.slice(0, FIRST));
    }
}

function chartData(reasons) {
    return {
        title: 'Effect of each answer on the log-odds of leaving, against the average customer',
        zero: 'average customer',
        lower: 'lowers the risk',
        higher: 'raises the risk',
        head: ['Reason', 'Effect (log-odds)', 'Odds times'],
        rows: reasons.map(({ text, effect }) => ({ text, value: effect })),
    };
}
