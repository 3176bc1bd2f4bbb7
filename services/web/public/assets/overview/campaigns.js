/** The campaigns that run and the one that was closed last: what was promised, and what was saved. */

import { calls, range } from '../campaigns/sentences.js';
import { badgeOf, placeOf } from '../campaigns/states.js';
import { h, uniqueId } from '../lib/dom.js';
import { day, wholeMoney } from '../lib/format.js';
import { across, section } from '../lib/section.js';

/** @param {any[]} lines of /overview @param {boolean} alone whether no card stands beside it */
export function campaigns(lines, alone) {
    return (alone ? across : section)('Campaigns',
        lines.length
            ? h('div.promises', {}, lines.map(line))
            : h('p', {}, 'No campaign has been started yet. ', h('a', { href: '#/campaigns?new=1' }, 'Plan one'), ': whom to call under a budget, with some customers kept out so that what it saved can be measured.'),
    );
}

function line({ id, name, status, started_at: started, closed_at: closed, currency, treat, hold_out, promised, saved, final }) {
    const heading = uniqueId('campaign');
    const [badge, word] = badgeOf(status);
    return h('article.promise', { 'aria-labelledby': heading },
        h('div.job-head', {}, h('h3', { id: heading }, h('a', { href: placeOf(id) }, name)), h(badge, {}, word)),
        h('p.hint', {}, `${closed ? `Closed ${day(closed.slice(0, 10))}` : `Started ${day((started ?? '').slice(0, 10))}`}; ${calls({ treat, hold_out })}.`),
        h('dl', {},
            amount('Promised', promised, currency, 'No promise is known.'),
            amount(final ? 'Saved' : 'Saved, so far', saved, currency, 'Nothing can be said yet: outcomes have to come in first.'),
        ),
    );
}

function amount(title, estimate, currency, otherwise) {
    return h('div', {}, h('dt', {}, title), estimate
        ? h('dd', {}, h('strong', {}, wholeMoney(estimate.value, currency)), h('span.hint', {}, range(estimate, currency)))
        : h('dd', {}, h('span.hint', {}, otherwise)));
}
