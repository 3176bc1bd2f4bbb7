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

/** Whether there are reasons to train again, and from when on if it is too early. */
function again({ due, reasons, next }) {
    if (!reasons.length) return null;
    const badge = due ? h('span.band.medium', {}, 'due') : h('span.band', {}, next ? `due from ${day(next)}` : 'not due');
    return h('div', {}, h('p', {}, 'Training again: ', badge), h('ul', {}, reasons.map((reason) => h('li', {}, reason))));
}
