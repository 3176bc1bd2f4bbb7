/** The release in service and the one in shadow: the verdict, what it rests on, how they differ, and what can be done. */

import { h } from '../lib/dom.js';
import { count, figure, moment, percent, plural } from '../lib/format.js';
import { request } from '../lib/http.js';
import { facts, table, tile } from '../lib/section.js';
import { originOf } from './life.js';

/** The badge's selector and the word of each verdict. @type {Record<string, [string, string]>} */
const VERDICTS = {
    better: ['span.band.low', 'better'],
    worse: ['span.band.high', 'worse'],
    alike: ['span.band', 'alike'],
};

const GAINS = [['log_loss', 'Log loss'], ['brier', 'Brier score'], ['roc_auc', 'ROC AUC']];

/** Why the last challenger is none any more, if it could not be scored with. */
export function failed([last]) {
    if (last?.status !== 'failed') return null;
    return h('p', {}, h('span.band.high', {}, 'failed'), ' The last one, ', h('code', {}, last.challenger), ':', ...last.words.map((line) => ` ${line}`));
}

/** @param {any} experiment the one that runs */
export function compared({ champion, challenger, origin, started_at: since, computed_at: when, words, verdict, disagreement, costs }) {
    return [
        verdict && h('p', {}, badge(verdict), ` ${verdict.words}`),
        words.filter((line) => line !== verdict?.words).map((line) => h('p', {}, line)),
        facts([
            ['Champion, in service', h('code', {}, champion)],
            ['Challenger, in shadow', h('code', {}, challenger)],
            ['How it came there', originOf(origin)],
            ['Since', moment(since)],
            verdict && ['Outcomes known of both', count(verdict.outcomes)],
            verdict?.more && ['More outcomes it would take', `about ${count(verdict.more)}`],
        ]),
        verdict && gains(verdict.differences),
        disagreement && differ(disagreement),
        costs && told(costs),
        when && h('p.hint', {}, `Computed ${moment(when)}.`),
    ];
}

/** Without differences there is no verdict yet. */
function badge({ state, differences }) {
    const [selector, word] = differences.log_loss ? VERDICTS[state] : ['span.band', 'too early'];
    return h(selector, {}, word);
}

/** The gains with their intervals; those of which nothing is known yet are left out. */
function gains(differences) {
    const rows = GAINS.filter(([name]) => differences[name]).map(([name, text]) => ({ text, ...differences[name] }));
    if (!rows.length) return null;
    const chart = h('gain-intervals');
    chart.data = {
        title: 'What the challenger gains; lines are 95\u00a0% intervals that hold at all looks together, however often one looks',
        lower: 'challenger worse',
        higher: 'challenger better',
        head: ['Figure', 'Gain', 'From', 'To'],
        rows,
    };
    return chart;
}

function differ({ customers, sides, call_list: list, mean_difference: mean }) {
    return h('dl.tiles', {},
        tile('Get another answer', percent(sides), 'yes instead of no or the other way round, each at its own threshold'),
        tile('Call list', percent(list), 'of the riskiest tenth are other customers'),
        tile('Probabilities differ by', `${figure(mean * 100, 1)} points`, `on average, of ${plural(customers, 'customer')} of the last month`),
    );
}

const COSTS = [
    ['batch_us', 'A customer of a file', (value) => `${figure(value, 1)} µs`],
    ['single_p50_ms', 'A single call, median', (value) => `${figure(value, 2)} ms`],
    ['single_p99_ms', 'A single call, 99 of 100 within', (value) => `${figure(value, 2)} ms`],
    ['memory_mib', 'Memory', (value) => `${figure(value, 0)} MiB`],
];

function told({ champion, challenger }) {
    const rows = COSTS.map(([name, title, write]) => [title, ...[champion, challenger].map((release) => (release ? write(release[name]) : '\u2013'))]);
    return table('Time and memory', ['What it takes', 'Champion', 'Challenger'], rows);
}

/** What speaks against putting it into service. */
const DOUBTS = { worse: 'By the outcomes so far it is worse.', alike: 'The outcomes do not show that it is better.' };

/** @param {any} experiment that a worker has looked at @returns {import('./deed.js').Deed} */
export function promotion({ id, champion, challenger, origin, verdict, disagreement }) {
    const better = verdict.state === 'better';
    return {
        words: [
            `Put ${challenger} into service? Within seconds callers get its probabilities instead of those of ${champion}; no request fails meanwhile.`,
            disagreement && `${percent(disagreement.sides)} of customers get another answer, and ${percent(disagreement.call_list)} of the call list are other customers.`,
            DOUBTS[verdict.state],
            origin === 'former' ? 'It has served before: this goes back to it.' : `${champion} then goes into shadow, from where it can be put back.`,
        ].filter(Boolean).join(' '),
        keep: 'Not yet',
        sure: 'Put it into service',
        kind: better ? 'primary' : 'danger',
        act: () => request(`/experiments/${encodeURIComponent(id)}/promote`, { method: 'POST' }),
        done: `${challenger} is put into service. This page follows within a minute.`,
    };
}

/** @param {any} experiment @returns {import('./deed.js').Deed} */
export function ending({ id, champion, challenger }) {
    return {
        words: `End the experiment? ${challenger} is no longer scored beside ${champion}, which stays in service. What was measured stays in the list of experiments; a new experiment begins anew.`,
        keep: 'Go on',
        sure: 'End the experiment',
        kind: 'danger',
        act: () => request(`/experiments/${encodeURIComponent(id)}`, { method: 'DELETE' }),
        done: `The experiment with ${challenger} has ended.`,
    };
}
