/** A question before something is done that concerns others, asked in the same way everywhere. */

import { h, uniqueId } from '../lib/dom.js';

/**
 * What the deed means, a way back and the deed; Escape is the way back. Whoever shows it focuses the first button, the way back.
 * @param {string} words
 * @param {{keep: string, sure: string, kind: 'primary' | 'danger'}} labels of the two buttons, and what the deed is
 * @param {() => void} back @param {() => void} act
 */
export function question(words, { keep, sure, kind }, back, act) {
    const id = uniqueId('question');
    const button = (selector, onclick, label) => h(selector, { type: 'button', 'aria-describedby': id, onclick }, label);
    const escape = ({ key }) => key === 'Escape' && back();
    return h(`div.question${kind === 'danger' ? '' : '.calm'}`, { role: 'group', 'aria-labelledby': id, onkeydown: escape },
        h('p', { id }, words),
        h('div.buttons', {}, button('button', back, keep), button(`button.${kind}`, act, sure)));
}
