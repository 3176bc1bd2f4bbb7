/** The figures of a plan, of a preview and of a campaign alike. */

import { roundStep } from '../charts/chart.js';
import { h } from '../lib/dom.js';
import { count, plural, shortMoney, wholeMoney } from '../lib/format.js';
import { facts, table, tile } from '../lib/section.js';
import { leftOut, promised, share, sure } from './sentences.js';

/** What a plan comes to: money, calls, and what is held out. @param {any} figures with its plan and currency */
export function headline(figures) {
    const { expected, customers, spend, currency, plan } = figures;
    const limit = (value, words) => (typeof value === 'number' ? ` of ${words}` : '');
    return h('dl.tiles', {},
        tile('Expected to bring', wholeMoney(expected.money, currency), sure(expected, currency)),
        tile('To call', count(customers.treat), `of ${plural(customers.considered, 'customer')}`),
        tile('Held out', count(customers.hold_out), 'to compare with'),
        tile('Spends at most', wholeMoney(spend.money, currency),
            [limit(plan.budget, wholeMoney(plan.budget ?? 0, currency)), ` ${plural(Math.round(spend.minutes), 'minute')}${limit(plan.minutes, count(plan.minutes ?? 0))}`].filter(Boolean).join(', ')),
    );
}

/** What the service says of the plan: what it brings, what more of a limit would, what the hold-out shows and costs. */
export function told({ words }) {
    return h('ul.worth', {}, words.map((sentence) => h('li', {}, sentence)));
}

/** The profit curve, with the number that the plan chooses marked. */
export function curve({ curve: points, customers: { chosen }, currency }) {
    const chart = h('line-chart');
    const values = points.flatMap(({ money, money_by_risk: other }) => [money, other]);
    const scale = moneyScale(Math.min(...values, 0), Math.max(...values, 1));
    const money = (value) => wholeMoney(value, currency);
    const line = (name) => points.map((point) => ({ x: point.customers, y: point[name] }));
    const best = points.reduce((top, point) => (point.money > top.money ? point : top), points[0] ?? { customers: 0, money: 0 });
    chart.data = {
        title: 'Expected money by the number of customers who are chosen; the upright line is this plan',
        x: { name: 'Customers chosen', top: points.at(-1)?.customers || 1, format: count },
        y: { name: 'Expected money', ...scale, format: (value) => shortMoney(value, currency) },
        marker: Math.min(chosen, points.at(-1)?.customers ?? chosen),
        series: [
            { name: 'In the order of expected money', tone: 'main', points: line('money') },
            { name: 'In the order of risk', tone: 'past', dashed: true, points: line('money_by_risk') },
        ],
        summary: `This plan chooses ${count(chosen)}. The most without limits is ${money(best.money)} with ${count(best.customers)} customers.`,
        head: ['Customers', 'By expected money', 'By risk'],
        rows: points.map((point) => [count(point.customers), money(point.money), money(point.money_by_risk)]),
    };
    return chart;
}

/** A scale with round steps from the loss to the gain. */
function moneyScale(least, most) {
    const step = roundStep((most - least) / 4);
    const [from, to] = [Math.floor(least / step), Math.ceil(most / step)];
    const ticks = Array.from({ length: to - from + 1 }, (_, at) => Number(((from + at) * step).toPrecision(12)));
    return { low: ticks[0], top: ticks.at(-1), ticks };
}

export function offers({ offers: all, currency }) {
    const rows = all.map(({ name, customers, spend, minutes, expected, saves }) => [
        name, count(customers), wholeMoney(spend, currency), count(Math.round(minutes)), wholeMoney(expected, currency), saveRate(saves),
    ]);
    return table('Offers', ['Offer', 'To call', 'Spends at most', 'Minutes', 'Expected', 'Saves'], rows);
}

function saveRate({ rate, low, high, source }) {
    if (typeof rate !== 'number') return 'unknown';
    if (source === 'assumed') return `${share(rate)}, assumed`;
    return typeof low === 'number' ? `${share(rate)} (${share(low)} to ${share(high)}), measured` : `${share(rate)}, measured`;
}

/** A label window in words; some declarations have none. @param {number|null} months */
function windowOf(months) {
    return months === null ? 'not declared' : plural(months, 'month');
}

/** The money if save rates were half or half as much again, and for other label windows. */
export function sensitivity({ sensitivity: cases, currency, label_window_months: own }) {
    const scales = [...new Set(cases.map(({ save_rates: scale }) => scale))].sort((a, b) => a - b);
    const windows = [...new Set(cases.map(({ label_window_months: months }) => months))].sort((a, b) => a - b);
    const cell = (months, scale) => {
        const found = cases.find((each) => each.label_window_months === months && each.save_rates === scale);
        return found ? [wholeMoney(found.money, currency), h('span.hint.meaning', {}, `${count(found.chosen)} chosen`)] : '–';
    };
    const words = (scale) => (scale === 1 ? 'As planned' : `Save rates \u00d7 ${scale}`);
    return [
        table('If assumptions are wrong', ['\u201cLeft\u201d means within', ...scales.map(words)],
            windows.map((months) => [`${windowOf(months)}${months === own ? ', as declared' : ''}`, ...scales.map((scale) => cell(months, scale))])),
        h('p.hint', {}, 'How long a customer has to leave moves what a saved customer is worth more than anything else: the declaration of the table says it, nobody measures it.'),
    ];
}

/** Whom two lists differ on, and what trying them can show. @param {any} figures of a plan with a challenger */
export function twoLists({ experiment: tried, currency }) {
    const expects = ({ saved, money }) => [
        `${count(Math.round(Math.abs(saved)))} ${saved < 0 ? 'fewer' : 'more'} saved`,
        `${wholeMoney(Math.abs(money), currency)} ${money < 0 ? 'less' : 'more'}`,
    ].join(', ');
    return [
        h('dl.tiles', {},
            tile('On both lists', count(tried.both), 'called or held out as in any campaign'),
            tile('On one list alone', count(tried.champion_alone + tried.challenger_alone), `${count(tried.champion_alone)} on the champion\u2019s, ${count(tried.challenger_alone)} on the challenger\u2019s`),
            tile('Drawn', count(tried.randomised), 'half of them for what either list says'),
            tile('Shows a difference of', tried.smallest_difference === null ? 'nothing' : count(Math.round(tried.smallest_difference)), 'saved customers or more, in four of five campaigns')),
        facts([
            tried.other_offer > 0 && ['On both lists, with another offer', count(tried.other_offer)],
            ['By the champion\u2019s figures the challenger\u2019s list brings', expects(tried.by_champion)],
            ['By the challenger\u2019s own', expects(tried.by_challenger)],
            ['Trying them costs', wholeMoney(tried.costs, currency)],
            tried.left_off > 0 && ['Left off: held out, or the odd one', count(tried.left_off)],
        ]),
    ];
}

/** Who of the file was considered, who was not and why, and what promises were worth. */
export function basis(figures) {
    const { customers } = figures;
    const aside = leftOut(customers);
    return [
        promised(figures) && h('p', {}, promised(figures)),
        facts([['Rows of the file', count(customers.rows)], ['Considered', count(customers.considered)]]),
        aside.length > 0 && h('p', {}, 'Left out:'),
        aside.length > 0 && h('ul', {}, aside.map(([number, what, why]) => h('li', {}, `${number} ${what}. `, h('span.hint', {}, why)))),
    ];
}

/** The plan's assumptions as they were taken. */
export function assumptions({ plan, currency, label_window_months: months }) {
    const amount = (value) => (typeof value === 'number' ? wholeMoney(value, currency) : 'no limit');
    return facts([
        ['Budget', amount(plan.budget)],
        ['Minutes', typeof plan.minutes === 'number' ? count(plan.minutes) : 'no limit'],
        ['Margin', share(plan.margin)],
        ['Value over', plural(plan.horizon_months, 'month')],
        ['Discount a year', share(plan.discount)],
        ['Hold-out', plan.holdout === 'auto' ? 'automatic' : share(plan.holdout)],
        ['Not contacted again within', plural(plan.not_within_days, 'day')],
        ['Label window', windowOf(months)],
        plan.challenger && ['Second list', [plan.challenger.release, plan.challenger.offers && 'other offers'].filter(Boolean).join(', ')],
    ]);
}
