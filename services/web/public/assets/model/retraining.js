/** Whether it is time to train again, and the trainings that were asked for. */

import { h } from '../lib/dom.js';
import { day, plural } from '../lib/format.js';
import { section } from '../lib/section.js';
import { dueness } from '../quality/overview.js';
import { entries } from './life.js';

/** The badge's selector and the word of each status. @type {Record<string, [string, string]>} */
const STATUSES = {
    open: ['span.band.medium', 'waits for a trainer'],
    training: ['span.band.medium', 'training'],
    done: ['span.band.low', 'done'],
    failed: ['span.band.high', 'failed'],
};

/** @param {any} retraining of /experiments */
export function retraining({ due, reasons, next, requests }) {
    return section('Training again',
        h('p', {}, dueness({ due, next }), !reasons.length && ' There is no reason to train again.'),
        reasons.length > 0 && h('ul', {}, reasons.map((reason) => h('li', {}, reason))),
        requests.length > 0 && [h('h3', {}, 'Asked for'), entries(requests, request)],
    );
}

function request({ day: asked, status, reasons, attempts, release, words }) {
    const [badge, word] = STATUSES[status] ?? ['span.band', status];
    return [
        h('p', {}, day(asked), ' ', h(badge, {}, word), release && [' ', h('code', {}, release)]),
        words && h('p', {}, words),
        h('p.hint', {}, reasons.join(' '), attempts > 1 && ` ${plural(attempts, 'attempt')}.`),
    ];
}
