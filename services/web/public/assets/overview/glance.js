/** The sums of the last run at a glance, and their change since the run before. */

import { h } from '../lib/dom.js';
import { count, day, percent, plural, signed, upperFirst, wholeMoney } from '../lib/format.js';
import { across, section, table, tile } from '../lib/section.js';

/** @param {any} answer of /overview, with a run; its words say how fresh that is, and what is missing */
export function glance({ run, words, risk_bands: bands }) {
    const { total, change, currency } = run;
    const [fresh, ...others] = words;
    return across('At a glance',
        h('p', {}, fresh),
        h('dl.tiles', {},
            tile('Customers at high risk', count(total.at_risk), `of ${count(total.customers)}`, change && sinceBefore(plus(change.at_risk, count))),
            total.money !== null && tile('Money at risk', wholeMoney(total.money, currency), `over ${plural(run.horizon_months, 'month')}`, change?.money !== null && change && sinceBefore(plus(change.money, (size) => wholeMoney(size, currency)))),
            tile('Mean churn probability', percent(total.mean_probability), `of ${plural(total.customers, 'customer')}`, change && sinceBefore(points(change.mean_probability))),
        ),
        others.map((line) => h('p', {}, line)),
        h('p.hint', {}, meaning(run, bands)),
    );
}

const sinceBefore = (change) => `${change} since the run before`;

function meaning({ total, monthly_value: field, horizon_months: months }, bands) {
    const high = `High risk is a churn probability of ${percent(bands.at(-1).low, 0)} and more.`;
    if (total.money === null) return high;
    return `${high} Money at risk is the churn probability times \u201c${field}\u201d times ${plural(months, 'month')}, summed over all customers and without any margin: what would be billed to those who are expected to leave.`;
}

/** "+41", "−12" or "no change". @param {(size: number) => string} write */
function plus(value, write) {
    const size = write(Math.abs(value));
    if (size === write(0)) return 'no change';
    return `${value < 0 ? '\u2212' : '+'}${size}`;
}

function points(change) {
    const written = signed(change * 100, 1);
    return Number(written) === 0 ? 'no change' : `${written} points`;
}

/** The change of each band, and what it is a change of. */
export function since({ change, currency }) {
    if (!change) return null;
    const money = change.bands.some((band) => band.money !== null);
    const row = (title, group) => [title, plus(group.customers, count), ...(money ? [plus(group.money, (size) => wholeMoney(size, currency))] : [])];
    const rows = [...change.bands].reverse().map((band) => row(upperFirst(band.band), band));
    return section(`Change since ${day(change.since.slice(0, 10))}`,
        table('Change', ['Risk band', 'Customers', ...(money ? ['Money at risk'] : [])], [...rows, row('All', change)]),
        h('p.hint', {}, change.words),
    );
}
