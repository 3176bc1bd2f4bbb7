/** The answers before and after a change, side by side, with the changes and a button that undoes them. */

import { emit, fill, h, icon, uniqueId } from '../lib/dom.js';
import { percent, signed } from '../lib/format.js';
import { spoken } from '../lib/schema.js';
import { differences } from './rules.js';
import { verdict } from './words.js';

export class CustomerComparison extends HTMLElement {
    /** @param {{schema: any, before: {customer: any, answer: any}, after: {customer: any, answer: any}}} states */
    set states({ schema, before, after }) {
        const changes = differences(schema, before.customer, after.customer);
        this.hidden = changes.length === 0;
        if (this.hidden) return;
        const points = (after.answer.churn_probability - before.answer.churn_probability) * 100;
        fill(this, h('section.card', {},
            h('h3', {}, 'Before and after'),
            h('div.side-by-side', {}, side('Before', before.answer), icon('arrow'), side('After', after.answer)),
            h('p.delta', {}, difference(points)),
            h('ul.changes', {}, changes.map((change) => this.#change(change))),
            changes.length > 1 && h('button', { type: 'button', onclick: () => this.#undo(changes) }, 'Undo all'),
        ));
    }

    #change(change) {
        const { field, before, after } = change;
        const id = uniqueId('change');
        return h('li', {},
            h('span', { id }, `${field.title}: ${spoken(field, before)} \u2192 ${spoken(field, after)}`),
            h('button.quiet', { type: 'button', 'aria-describedby': id, onclick: () => this.#undo([change]) }, 'Undo'),
        );
    }

    #undo(changes) {
        emit(this, 'change-wanted', { changes: changes.map(({ field, before }) => ({ field: field.name, value: before })) });
    }
}

function side(title, answer) {
    const tone = answer.prediction === 'Yes' ? 'leave' : 'stay';
    return h(`div.side.${tone}`, {},
        h('p.hint', {}, title),
        h('p.probability', {}, h('strong', {}, percent(answer.churn_probability))),
        h('p', {}, verdict(answer)),
    );
}

function difference(points) {
    if (Math.abs(points) < 0.05) return 'The probability stays the same.';
    return `${signed(points, 1)} percentage points: the risk is ${points < 0 ? 'lower' : 'higher'}.`;
}
