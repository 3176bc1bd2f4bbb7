/** The customers in the last digest of alerts: those who came to be at risk. */

import { h } from '../lib/dom.js';
import { downloadLink, withParameter } from '../lib/download.js';
import { count, moment, percent, plural, signed, wholeMoney } from '../lib/format.js';
import { section, table } from '../lib/section.js';

/** The customers that are shown; the list has all. */
const SHOWN = 10;

/** @param {any} answer of /alerts */
export function digest({ digests, customers, value, words }) {
    const newest = digests.find(({ counts }) => counts.alerted > 0);
    if (!newest) return section('At risk now', words.map((line) => h('p', {}, line)));
    const trouble = h('div');
    const { alerted } = newest.counts;
    const money = value.field === null ? '' : `, with ${wholeMoney(newest.money_at_risk.alerted, value.currency ?? '')} at risk over ${plural(value.months, 'month')}`;
    return section('At risk now',
        h('p', {}, `${plural(alerted, 'customer')} came to be at risk by the digest of ${moment(newest.created_at)}${money}.`),
        customers.length ? first(customers.slice(0, SHOWN), alerted, value) : h('p.hint', {}, 'These customers cannot be shown at the moment.'),
        h('div.buttons', {}, downloadLink('List as CSV', withParameter(newest.list, 'excel=1'), `at-risk-${newest.created_at.slice(0, 10)}.csv`, trouble)),
        trouble,
    );
}

/** The customers with the most at risk. */
function first(shown, alerted, value) {
    const money = value.field !== null;
    const rows = shown.map((customer) => [
        customer.customerID,
        percent(customer.churn_probability),
        `${signed(customer.rise * 100, 1)} points`,
        ...(money ? [customer.money_at_risk === null ? '\u2013' : wholeMoney(customer.money_at_risk, value.currency ?? '')] : []),
    ]);
    return [
        table('At risk now', ['Customer ID', 'Churn probability', 'Rise', ...(money ? ['Money at risk'] : [])], rows),
        shown.length < alerted && h('p.hint', {}, `The first ${count(shown.length)} of ${count(alerted)}, with the most at risk first; the list has all.`),
        h('p.hint', {}, 'The rise is over the customer\u2019s own last four weeks.'),
    ];
}
