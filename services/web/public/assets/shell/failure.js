/** What went wrong and what can be done, in the same words and shape everywhere. */

import { h, icon } from '../lib/dom.js';

/**
 * @param {Error & {status?: number, requestId?: string}} error
 * @param {() => void} [again] what "Try again" does
 */
export function failure(error, again) {
    return h('div.failure', { role: 'alert' },
        icon('warning'),
        h('div', {},
            h('p', {}, error.message),
            error.requestId && h('p.hint', {}, 'Request id: ', h('code', {}, error.requestId)),
            again && h('button', { type: 'button', onclick: again }, 'Try again'),
        ),
    );
}

/** A line that says something is on its way. */
export function waiting(text) {
    return h('p.waiting', { role: 'status' }, text);
}
