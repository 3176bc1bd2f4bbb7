/** The outcomes: how they are sent, what was sent, and what it comes to. */

import { TABLES } from '../batch/kinds.js';
import { h } from '../lib/dom.js';
import { count, plural } from '../lib/format.js';
import { across, facts } from '../lib/section.js';

/** The columns beside the one with the customer's ID. */
const COLUMNS = ['left_at', 'stayed_until', 'campaign', 'arm', 'accepted', 'cost'];

/** @type {import('../batch/kinds.js').Kind} */
export const OUTCOMES = {
    path: '/outcomes',
    check: '/outcomes/check',
    json: true,
    title: 'Send what became of customers',
    choose: 'Choose a file of outcomes',
    accepted: `${TABLES},.json,application/json`,
    send: 'Send outcomes',
    hint: ({ id }) => `A row for each customer: ${id}, and either left_at, the day the customer left, or stayed_until, the day until which the customer was still there, as 2026-11-03. Optional: campaign, arm, accepted and cost.`,
    complete: () => 'The columns that are needed are there.',
    faulty: 'This file cannot be taken as it is.',
    template: ({ id }) => ({
        name: 'outcomes-template.csv',
        rows: [[id, ...COLUMNS], ['EXAMPLE-1', '2026-11-03', '', '', '', '', ''], ['EXAMPLE-2', '', '2026-11-30', 'autumn', 'treat', 'yes', '12.50']],
    }),
    list: 'Outcomes sent',
    none: 'Nothing was sent yet. Files of outcomes are listed here, for everyone who uses this service.',
    nameless: 'Outcomes without a file',
    working: 'Reading',
    done: ({ status, request_counts: { completed, failed } }) =>
        (status === 'completed' ? `${plural(completed, 'outcome')} taken, ${count(failed)} refused` : 'no outcome taken'),
    question: (name, { status }) =>
        (status === 'completed'
            ? `Delete ${name} and its errors, for everyone and for good? The outcomes that were taken go on counting.`
            : `Delete ${name}, for everyone and for good?`),
};

const ASIDES = [
    ['duplicates', 'Sent twice', 'The same row again counts once.'],
    ['corrections', 'Corrected', 'Said to have left, and later to have stayed: the later row counts.'],
    ['contradictions', 'Contradicting', 'Said to have stayed beyond the day of leaving: the later row counts.'],
    ['unknown', 'Unknown IDs', 'No prediction of a customer with this ID is kept.'],
    ['before', 'Before the first score', 'The row tells of a day before the customer was scored first.'],
];

/** What all outcomes come to. */
export function tally(outcomes) {
    if (!outcomes.rows) return null;
    const odd = ASIDES.filter(([name]) => outcomes[name] > 0);
    return across('Outcomes so far',
        facts([['Rows', count(outcomes.rows)], ['Customers', count(outcomes.customers)], ...odd.map(([name, title]) => [title, count(outcomes[name])])]),
        odd.length > 0 && h('ul.hint', {}, odd.map(([, title, words]) => h('li', {}, `${title}: ${words}`))),
    );
}
