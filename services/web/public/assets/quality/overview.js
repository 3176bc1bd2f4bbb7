/** The page in short: what the service says, what comes next, and whether it is time to train again. */

import { h } from '../lib/dom.js';
import { day, plural } from '../lib/format.js';
import { across } from '../lib/section.js';

/**
 * @param {any} answer of /quality
 * @param {any} release the one that is looked at, whose verdict is told with its figures, or undefined
 */
export function overview({ words, next_ripe: next, retraining }, release) {
    const lines = [
        ...words.filter((line) => !release || !line.endsWith(release.verdict.words)),
        next && `Next to ripen: ${plural(next.predictions, 'prediction')} on ${day(next.date)}.`,
    ].filter(Boolean);
    return lines.length + retraining.reasons.length > 0 && across('In short',
        lines.map((line) => h('p', {}, line)),
        again(retraining),
    );
}

function again(retraining) {
    if (!retraining.reasons.length) return null;
    return h('div', {}, h('p', {}, 'Training again: ', dueness(retraining)), h('ul', {}, retraining.reasons.map((reason) => h('li', {}, reason))));
}

/** Whether it is time to train again, or from when on if there are reasons but it is too early. */
export function dueness({ due, next }) {
    return due ? h('span.band.medium', {}, 'due') : h('span.band', {}, next ? `due from ${day(next)}` : 'not due');
}
