/** The quality of what comes in: refused rows, absent values, and the commonest faults by month. */

import { PROBLEMS } from '../batch/faults.js';
import { h } from '../lib/dom.js';
import { count, month, percent } from '../lib/format.js';
import { across, table } from '../lib/section.js';
import { timeline } from './timeline.js';

/** The most faults that are listed. */
const MOST = 8;

/** @param {any[]} data by month @param {import('../lib/schema.js').Schema} schema gives fields their titles */
export function incoming(data, schema) {
    if (!data.length) return null;
    const chart = h('line-chart');
    const card = across('Is what comes in complete and right?',
        h('p', {}, 'The share of refused rows among all that were sent to be scored, and of absent values among customers with an ID who were scored.'),
        h('div.halves', {}, chart,
            faults(data, schema)));
    chart.data = curves(data);
    return card;
}

function curves(data) {
    const { places, axis } = timeline(data);
    const values = data.flatMap((each) => [refusedShare(each) ?? 0, each.absent ?? 0]);
    const points = (share) => places.map((each, x) => ({ x, y: (each && share(each)) ?? null }));
    return {
        title: 'Refused rows and absent values by month',
        x: { name: 'Month', ...axis },
        y: { name: 'Share', top: Math.min(Math.max(...values, 0.01) * 1.1, 1), format: (value) => percent(value, Math.max(...values) < 0.04 ? 1 : 0) },
        series: [
            { name: 'Refused rows', tone: 'bad', dots: true, points: points(refusedShare) },
            { name: 'Absent values', tone: 'main', dashed: true, points: points(({ absent }) => absent) },
        ],
        summary: data.map((each) => `${month(each.month)}: ${words(refusedShare(each))} refused, ${words(each.absent)} absent`).join('; '),
        head: ['Month', 'Rows', 'Refused', 'Refused share', 'Absent values'],
        rows: data.map((each) => [month(each.month), count(each.rows), count(each.refused), words(refusedShare(each)), words(each.absent)]),
    };
}

function refusedShare({ rows, refused }) {
    return rows ? refused / rows : null;
}

function words(share) {
    return typeof share === 'number' ? percent(share) : '–';
}

/** The commonest faults of all months, which are told by the commonest of each. */
function faults(data, { byName }) {
    const found = new Map();
    for (const { field, code, rows } of data.flatMap((each) => each.faults)) {
        const key = `${field}\n${code}`;
        found.set(key, { field, code, rows: (found.get(key)?.rows ?? 0) + rows });
    }
    const latest = new Map(data.at(-1).faults.map(({ field, code, rows }) => [`${field}\n${code}`, rows]));
    const commonest = [...found].sort(([, a], [, b]) => b.rows - a.rows).slice(0, MOST);
    if (!commonest.length) return h('p', {}, 'No row was refused.');
    return table('Commonest faults', ['Commonest faults', 'Rows', `In ${month(data.at(-1).month)}`], commonest.map(([key, { field, code, rows }]) =>
        [`${byName.get(field)?.title ?? field}: ${PROBLEMS[code] ?? code}`, count(rows), count(latest.get(key) ?? 0)]));
}
