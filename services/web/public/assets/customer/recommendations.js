/** What a retention team can offer, with the new probability; a click tries an offer in the form. */

import { emit, fill, h, uniqueId } from '../lib/dom.js';
import { percent } from '../lib/format.js';

export class CustomerRecommendations extends HTMLElement {
    set answer({ recommendations, churn_probability: now }) {
        fill(this, h('section.card', {},
            h('h3', {}, 'What might keep them'),
            recommendations.length
                ? h('ul.recommendations', {}, recommendations.map((recommendation) => this.#offer(recommendation, now)))
                : h('p', {}, 'Nothing that the team can offer lowers this probability.'),
            h('p.hint', {}, 'Associations in past data, not proven effects.'),
        ));
    }

    #offer({ field, to, text, churn_probability_after: after }, now) {
        const id = uniqueId('offer');
        const tryIt = () => emit(this, 'change-wanted', { changes: [{ field, value: to }] });
        return h('li', {},
            h('div', {},
                h('p.offer', { id }, text),
                h('p.hint', {}, `${percent(now)} \u2192 `, h('strong', {}, percent(after))),
            ),
            h('button', { type: 'button', 'aria-describedby': id, onclick: tryIt }, 'Try it'),
        );
    }
}
