/** What figures of campaigns say in plain sentences, where the API's own words do not say it. */

import { amount, count, money, percent, plural, wholeMoney } from '../lib/format.js';

/** "1,200 customers to call, 300 held out". @param {{treat: number, hold_out: number}} customers */
export function calls({ treat, hold_out: heldOut }) {
    return `${plural(treat, 'customer')} to call, ${count(heldOut)} held out`;
}

/** What a plan comes to, at a glance. */
export function inShort({ customers, expected }, currency) {
    return `${calls(customers)}; expected to bring ${wholeMoney(expected.money, currency)}.`;
}

/** A share without needless decimals: "18 %". */
export function share(value) {
    return percent(value, Math.abs(value * 100 - Math.round(value * 100)) < 0.05 ? 0 : 1);
}

/** "95 % sure: $14,120 to $22,870", or '' where there is no interval. @param {{low: number|null, high: number|null}} estimate */
export function sure(estimate, currency) {
    return typeof estimate.low === 'number' ? `95\u00a0% sure: ${range(estimate, currency)}` : '';
}

/** "$14,120 to $22,870". @param {any} estimate */
export function range({ low, high }, currency) {
    return `${wholeMoney(low, currency)} to ${wholeMoney(high, currency)}`;
}

/** What may be offered, and how much time there is for it, for whoever calls. @returns {string[]} */
export function offered({ plan: { offers, challenger }, currency }) {
    const own = new Set(offers.map(({ name }) => name));
    const more = (challenger?.offers ?? []).filter(({ name }) => !own.has(name));
    return [...offers, ...more].map(({ name, incentive, minutes }) => {
        const gift = incentive > 0 ? `a customer who accepts gets ${money(incentive, currency)}` : 'nothing is given away';
        return `${name}: ${gift}${minutes > 0 ? `; about ${amount(minutes, minutes === 1 ? 'minute' : 'minutes')}` : ''}.`;
    });
}

/** What such promises were worth on customers whose outcome the release knew. */
export function promised({ promises }) {
    if (!promises) return null;
    const { customers, promised: expected, came, low, high } = promises;
    return `Of ${plural(customers, 'test customer')} in the same range of risk, ${count(Math.round(expected))} were expected to leave and ${count(came)} did (95\u00a0% range: ${count(Math.round(low))} to ${count(Math.round(high))}).`;
}

const LEFT_OUT = [
    ['refused', 'refused', 'The row has a fault, so it has no score.'],
    ['without_id', 'without an ID', 'Nobody could tell what became of them.'],
    ['repeated', 'repeated', 'The same ID again counts once.'],
    ['opted_out', 'opted out', 'They are on the list of those who want no contact.'],
    ['treated_lately', 'contacted lately', 'They were contacted within the days that the plan names.'],
    ['in_another_campaign', 'in another campaign', 'Another running campaign has them, called or held out.'],
];

/** The customers of the file who were not considered, with the reason. @returns {[string, string, string][]} number, what, why */
export function leftOut(customers) {
    return LEFT_OUT.filter(([name]) => customers[name] > 0).map(([name, what, why]) => [count(customers[name]), what, why]);
}
