/** Months as an axis, on which a month of which nothing is known has its place as well. */

import { month as named } from '../lib/format.js';

/**
 * @template {{month: string}} Entry
 * @param {Entry[]} entries by month, at least one
 * @returns {{places: (Entry|undefined)[], axis: {low: number, top: number, ticks: number[], format: (at: number) => string}}}
 *   an entry, or nothing, for each month from the first to the last
 */
export function timeline(entries) {
    const byMonth = new Map(entries.map((entry) => [entry.month, entry]));
    const first = number(entries[0].month);
    const months = Array.from({ length: number(entries.at(-1).month) - first + 1 }, (_, at) => name(first + at));
    const alone = months.length === 1;
    const axis = { low: alone ? -1 : 0, top: alone ? 1 : months.length - 1, ticks: months.map((_, at) => at), format: (at) => named(months[at]) };
    return { places: months.map((month) => byMonth.get(month)), axis };
}

/** The months since year 0. */
function number(month) {
    const [year, ofYear] = month.split('-').map(Number);
    return year * 12 + ofYear - 1;
}

function name(months) {
    return `${Math.floor(months / 12)}-${String((months % 12) + 1).padStart(2, '0')}`;
}
