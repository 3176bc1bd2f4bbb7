/** Why the probability is what it is: a sentence, and the signed effects around the average customer. */

import { fill, h } from '../lib/dom.js';
import { reasonSentence } from './words.js';

const FIRST = 5;

export class CustomerReasons extends HTMLElement {
    set answer({ reasons }) {
        const chart = h('signed-bars');
        const more = h('button.quiet', { type: 'button', 'aria-expanded': 'false' }, `Show all ${reasons.length} reasons`);
        more.addEventListener('click', () => {
            const all = more.getAttribute('aria-expanded') === 'false';
            more.setAttribute('aria-expanded', String(all));
            more.textContent = all ? `Show the first ${FIRST}` : `Show all ${reasons.length} reasons`;
            chart.data = chartData(all ? reasons : reasons.slice(0, FIRST));
        });
        fill(this, h('section.card', {},
            h('h3', {}, 'Why'),
            h('p', {}, reasonSentence(reasons)),
            chart,
            reasons.length > FIRST && more,
        ));
        chart.data = chartData(reasons.slice(0, FIRST));
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
