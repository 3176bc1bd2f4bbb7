/** What went wrong and what can be done about it, shown in the same way everywhere. */

import { fill, h, icon } from '../lib/dom.js';
import { duration } from '../lib/format.js';
import { changeKey, currentKey } from '../lib/key.js';

/** What a key of each scope may do. */
const MAY = { score: 'score customers', jobs: 'send files or plan campaigns', admin: 'look at the service itself or change which release serves' };

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
            (forbidden || again) && h('button', { type: 'button', onclick: ({ currentTarget }) => retry(currentTarget, action) }, label),
        ),
    );
}

/** Shows a failure in `place`; one that stands there already has been read out, and its button may have the focus: it stays. */
export function showFailure(place, error, again) {
    const shown = failure(error, again);
    if (place.querySelector('.failure p')?.textContent !== shown.querySelector('p').textContent) fill(place, shown);
}

/**
 * Says in `line` that the service is still at it, or shows in `place` what went wrong.
 * @param {Element} line @param {Element} place @param {any} error @param {() => void} again
 * @returns {number} milliseconds until the next look, 0 for none
 */
export function waitOrFail(line, place, error, again) {
    if (error.status === 503 && error.retryAfter) {
        fill(place);
        retrying(line, error);
        return error.retryAfter * 1000;
    }
    line.textContent = '';
    showFailure(place, error, again);
    return 0;
}

/** Acts; where that takes the button away, the focus goes to what stands there instead, not to the top of the page. */
async function retry(button, action) {
    const around = ancestors(button);
    const done = action();
    const held = keep(around, null);
    await done;
    keep(around, held);
}

/** The elements in which one stands, from its parent to that of the page. */
function ancestors(element) {
    const parent = element.parentElement;
    return parent === document.body ? [] : [parent, ...ancestors(parent)];
}

/** If the focus was lost, or is where it was put, gives it to a new failure's button, a heading or the place that is left. */
function keep(around, held) {
    if (document.activeElement !== document.body && document.activeElement !== held) return null;
    const place = around.find((element) => element.isConnected && element.childElementCount);
    const targets = ['.failure button', 'h2, h3, [tabindex="0"]'].flatMap((selector) => [...place.querySelectorAll(selector)]);
    const target = targets.find((element) => element.getClientRects().length) ?? place;
    if (target.tabIndex < 0) target.setAttribute('tabindex', '-1');
    target.focus();
    return target;
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

/** Says in a line why the page waits, and when it asks again; the same words are not read out twice. */
function retrying(line, { message, retryAfter }) {
    const words = `${message} The page asks again in ${duration(retryAfter)}.`;
    if (line.textContent !== words) line.textContent = words;
}
