/** Customers and money at risk by risk band, and by each segment that the declaration names. */

import { TONES } from '../batch/columns.js';
import { h } from '../lib/dom.js';
import { count, lowerFirst, percent, upperFirst, wholeMoney } from '../lib/format.js';
import { across } from '../lib/section.js';

/** @param {any} run of /overview */
export function bands(run) {
    const rows = [...run.bands].reverse().map((band) => ({ ...band, label: upperFirst(band.band), tone: TONES[band.band] }));
    return across('By risk band', pair('Risk band', rows, run, { title: 'Customers', of: (group) => group.customers, say: (group) => count(group.customers) }));
}

/** @param {any} run of /overview */
export function segments(run) {
    if (!run.segments.length) {
        return across('By segment', h('p', {}, 'No segments are declared. Name the fields that matter to you, such as the contract, under ', h('code', {}, 'segments'), ' in customer.toml: from the next training and run on, they are told apart here.'));
    }
    const say = (group) => `${count(group.at_risk)} of ${count(group.customers)}`;
    return run.segments.map(({ title, groups }) => across(`By ${lowerFirst(title)}`,
        pair(title, groups, run, { title: 'Customers at high risk', of: (group) => group.at_risk, say }),
        groups.some(({ label, value }) => label === 'Other' && value === null) && h('p.hint', {}, 'Groups beyond the dozen largest are together in \u201cOther\u201d.'),
    ));
}

/** A chart of customers and one of money beside each other, both over the same table. */
function pair(what, groups, { currency, total }, { title, of, say }) {
    const money = total.money !== null;
    const head = [what, 'Customers', 'High risk', 'Mean probability', ...(money ? ['Money at risk'] : [])];
    const cells = (group) => [count(group.customers), count(group.at_risk), percent(group.mean_probability), ...(money ? [wholeMoney(group.money, currency)] : [])];
    const chart = (caption, value, shown) => {
        const bars = h('amount-bars');
        bars.data = { title: caption, head, rows: groups.map((group) => ({ text: group.label, value: value(group), shown: shown(group), cells: cells(group), tone: group.tone })) };
        return bars;
    };
    return h('div.halves', {},
        chart(`${title} by ${lowerFirst(what)}`, of, say),
        money && chart(`Money at risk by ${lowerFirst(what)}`, (group) => group.money, (group) => `${wholeMoney(group.money, currency)}${share(group.money, total.money)}`),
    );
}

function share(part, whole) {
    return whole > 0 ? ` (${percent(part / whole, 0)})` : '';
}
