/** Whether customers are still like those the release was trained on: a small chart for the scores and for each field. */

import { fill, h, uniqueId } from '../lib/dom.js';
import { day, figure, percent, plural, sentenceList } from '../lib/format.js';
import { more, section } from '../lib/section.js';
import { STATES } from './figures.js';

/** The fields that are shown at first, besides those that have moved. */
const FIRST = 5;

export class DriftPanel extends HTMLElement {
    /** @param {any} release with its drift, or null where there is nothing to compare */
    set release({ drift }) {
        if (!drift) {
            fill(this, section('Are these still the same customers?', h('p', {}, 'There is nothing to compare: nobody was scored by this release in the last months, or it holds no record of its training rows, which the next training makes.')));
            return;
        }
        const fields = [...drift.fields].sort((a, b) => b.psi - a.psi);
        const first = fields.filter(({ state }, at) => at < FIRST || state !== 'none');
        const charts = h('div.multiples');
        const draw = (all) => fill(charts, drift.score && small({ ...drift.score, title: 'The scores themselves' }), (all ? fields : first).map(small));
        fill(this, section('Are these still the same customers?',
            h('p', {}, `Customers scored from ${day(drift.since)} to ${day(drift.until)} against those of the training. ${inShort(fields)}`),
            h('p.hint', {}, 'PSI measures how far shares have moved; what is due to chance alone stays below a field\u2019s limit. Other customers are a reason to look, not yet damage: whether predictions are worse is told by outcomes alone.'),
            charts,
            fields.length > first.length && more(`Show all ${fields.length} fields`, `Show the first ${first.length}`, draw),
        ));
        draw(false);
    }
}

function inShort(fields) {
    const titled = (state) => fields.filter((each) => each.state === state).map(({ title }) => title);
    const [alarms, notices] = [titled('alarm'), titled('notice')];
    if (!alarms.length && !notices.length) return `None of ${plural(fields.length, 'field')} has moved more than chance explains.`;
    return [
        alarms.length && `Alarm: ${sentenceList(alarms)}.`,
        notices.length && `Notice: ${sentenceList(notices)}.`,
    ].filter(Boolean).join(' ');
}

function small({ title, psi, limit, n, state, unseen, absent, bins }) {
    const { word, tone } = STATES[state];
    const chart = h('paired-bars');
    const id = uniqueId('drift');
    chart.data = {
        title: `${title}: shares`,
        what: 'Value',
        then: 'Training',
        now: 'Now',
        rows: bins.filter(({ then, now }) => then > 0 || now > 0).map(({ label, then, now }) => ({ text: label, then, now })),
    };
    return h('article.multiple', { 'aria-labelledby': id },
        h('div.job-head', {}, h('h3', { id }, title), h(`span.band.${tone}`, {}, word)),
        h('p.hint', {}, [`PSI ${figure(psi)}, limit ${figure(limit)}, ${plural(n, 'customer')}.`, strange(unseen), missing(absent)].filter(Boolean).join(' ')),
        chart,
    );
}

function strange(unseen) {
    return unseen > 0 && `${percent(unseen)} have a value that the training did not know.`;
}

function missing(absent) {
    return absent && (absent.then > 0 || absent.now > 0) && `Absent: ${percent(absent.then)} then, ${percent(absent.now)} now.`;
}
