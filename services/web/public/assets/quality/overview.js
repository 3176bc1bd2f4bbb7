/** The page in short: what the service says, what comes next, and whether it is time to train again. */

import { h } from '../lib/dom.js';
import { day, plural } from '../lib/format.js';
import { across } from '../lib/section.js';

/** @param {any} answer of /quality */
export function overview({ words, next_ripe: next, retraining }) {
    const lines = [
        ...words,
        next && `Next to ripen: ${plural(next.predictions, 'prediction')} on ${day(next.date)}.`,
    ].filter(Boolean);
    return lines.length + retraining.reasons.length > 0 && across('In short',
        lines.map((line) => h('p', {}, line)),
        again(retraining),
    );
}

function again({ due, reasons, next }) {
    if (!reasons.length && !next) return null;
    return h('div.again', {},
        h('p', {}, 'Training again: ', h(`span.band.${due ? 'medium' : 'low'}`, {}, due ? 'due' : 'not due'), next && ` The next is on ${day(next)}.`),
        reasons.length > 0 && h('ul', {}, reasons.map((reason) => h('li', {}, reason))),
    );
}
