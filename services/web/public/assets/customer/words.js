/** What a probability means, in the words of one agent to another. */

import { lowerFirst, sentenceList } from '../lib/format.js';

/** The headline, which says so if the probability is near the threshold. */
export function verdict({ prediction, risk_band: band }) {
    if (prediction === 'Yes') return band === 'high' ? 'Likely to leave' : 'More likely to leave than to stay';
    return band === 'low' ? 'Likely to stay' : 'Likely to stay, but worth watching';
}

/** The probability as a number of people, which is easier to judge than a share. */
export function amongPeople(probability) {
    const leavers = Math.round(probability * 100);
    if (leavers === 0) return 'Fewer than 1 in 100 customers like this one leave.';
    if (leavers === 100) return 'Almost all customers like this one leave.';
    return `About ${leavers} in 100 customers like this one ${leavers === 1 ? 'leaves' : 'leave'}.`;
}

/** Smaller reasons, in log-odds, change the probability by less than about a percentage point. */
const NOTEWORTHY = 0.05;

/** The strongest reasons as sentences. @param {{effect: number, text: string}[]} reasons */
export function reasonSentence(reasons) {
    const strong = reasons.filter(({ effect }) => Math.abs(effect) >= NOTEWORTHY).slice(0, 5);
    const up = strong.filter(({ effect }) => effect > 0).map(({ text }) => lowerFirst(text));
    const down = strong.filter(({ effect }) => effect < 0).map(({ text }) => lowerFirst(text));
    if (strong.length === 0) return 'This customer is close to the average in everything that matters.';
    return [up.length && `Raised by: ${sentenceList(up)}.`, down.length && `Lowered by: ${sentenceList(down)}.`].filter(Boolean).join(' ');
}
