/** What went wrong and what can be done about it, shown in the same way everywhere. */

import { h, icon } from '../lib/dom.js';
import { changeKey, currentKey } from '../lib/key.js';

/** What a key of each scope may do. */
const MAY = { score: 'score customers', jobs: 'send files', admin: 'look at the service itself' };

/**
 * @param {Error & {status?: number, requestId?: string}} error
 * @param {() => void} [again] what "Try again" does
 */
export function failure(error, again) {
    const forbidden = error.status === 403 && currentKey();
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

/** The API's message, or if it names a scope that the key lacks, a sentence that says what the scope allows. */
function lacking(message) {
    const [, scope] = /scope \W*(\w+)/.exec(message) ?? [];
    if (!scope) return message;
    const deed = Object.hasOwn(MAY, scope) ? MAY[scope] : 'do this';
    return `Your key may not ${deed}: it lacks the scope \u201c${scope}\u201d. Use a key that has it, or ask whoever runs this service for one.`;
}

/** A line that says what is being waited for. */
export function waiting(text) {
    return h('p.waiting', { role: 'status' }, text);
}
