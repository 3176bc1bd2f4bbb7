/** What went wrong and what can be done, in the same words and shape everywhere. */

import { h, icon } from '../lib/dom.js';
import { changeKey, heldKey } from '../lib/key.js';

/** What a key of each scope may do. */
const MAY = { score: 'score customers', jobs: 'score files', admin: 'look at the service itself' };

/**
 * @param {Error & {status?: number, requestId?: string}} error
 * @param {() => void} [again] what "Try again" does
 */
export function failure(error, again) {
    const forbidden = error.status === 403 && heldKey();
    const [label, action] = forbidden ? ['Use another key', () => changeKey().then(again, () => {})] : ['Try again', again];
    return h('div.failure', { role: 'alert' },
        icon('warning'),
        h('div', {},
            h('p', {}, forbidden ? lacking(error.message) : error.message),
            error.requestId && h('p.hint', {}, 'Request id: ', h('code', {}, error.requestId)),
            (forbidden || again) && h('button', { type: 'button', onclick: action }, label),
        ),
    );
}

/** The API names the scope that the key lacks; what that is for is said with it. */
function lacking(message) {
    const [, scope] = /scope \W*(\w+)/.exec(message) ?? [];
    if (!scope) return message;
    const deed = Object.hasOwn(MAY, scope) ? MAY[scope] : 'do this';
    return `Your key may not ${deed}: it lacks the scope \u201c${scope}\u201d. Use a key that has it, or ask whoever runs this service for one.`;
}

/** A line that says something is on its way. */
export function waiting(text) {
    return h('p.waiting', { role: 'status' }, text);
}
