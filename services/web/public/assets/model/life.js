/** What has been tried beside the release in service, and what came of it. */

import { fill, h } from '../lib/dom.js';
import { moment } from '../lib/format.js';
import { more, section } from '../lib/section.js';

/** The badge's selector and the word of each status. @type {Record<string, [string, string]>} */
const STATUSES = {
    running: ['span.band.medium', 'running'],
    ended: ['span.band', 'ended'],
    promoted: ['span.band.low', 'promoted'],
    failed: ['span.band.high', 'failed'],
};

/** How the challenger came into shadow. */
const ORIGINS = {
    person: 'put there by a person',
    retraining: 'from retraining',
    online: 'learnt from outcomes as they came',
    former: 'in service before the last promotion, and watched since',
};

export function originOf(origin) {
    return ORIGINS[origin] ?? origin;
}

const FIRST = 10;

/** Entries one below the other, the newest first; of many the rest on demand. @param {any[]} all @param {(entry: any) => unknown[]} told */
export function entries(all, told) {
    const place = h('ol.life');
    const draw = (every) => fill(place, (every ? all : all.slice(0, FIRST)).map((entry) => h('li', {}, told(entry))));
    draw(false);
    return [place, all.length > FIRST && more(`Show all ${all.length}`, `Show the first ${FIRST}`, draw)];
}

export class ExperimentList extends HTMLElement {
    /** @param {any} answer of /experiments */
    set experiments({ experiments }) {
        fill(this, section('Experiments', experiments.length
            ? entries(experiments, experiment)
            : h('p', {}, 'No release has been in shadow yet. What becomes of those that are stands here.')));
    }
}

function experiment({ challenger, champion, origin, started_at: started, ended_at: ended, status, reason }) {
    const [badge, word] = STATUSES[status] ?? ['span.band', status];
    return [
        h('p', {}, h('code', {}, challenger), ' against ', h('code', {}, champion), ' ', h(badge, {}, word)),
        reason && h('p', {}, reason),
        h('p.hint', {}, `${moment(started)}${ended ? ` to ${moment(ended)}` : ''}; ${originOf(origin)}.`),
    ];
}
