/** What to do, and in which order, until there are figures. */

import { h } from '../lib/dom.js';
import { count, day, plural } from '../lib/format.js';
import { across } from '../lib/section.js';

const BADGES = { done: ['done', 'low'], next: ['next', 'medium'], later: ['later', ''] };

/** Tracking is off, so there is nothing to compare, and outcomes are not taken. @param {any} answer of /quality */
export function untracked({ words }) {
    return across('Tracking is off',
        words.map((line) => h('p', {}, line)),
        h('p.hint', {}, 'Whoever runs this service turns it on with ', h('code', {}, 'CHURN_TRACKING=on'), '. From then on, predictions for customers with an ID are kept, outcomes are taken, and both are compared here. Each customer can be erased.'),
    );
}

/**
 * The way to the first figures; nothing once any release has them.
 * @param {any} answer of /quality @param {any} release the one that is looked at, or undefined if none has predictions
 */
export function steps(answer, release) {
    if (answer.releases.some(({ churn_rate: rate }) => rate)) return null;
    const told = [scored(answer, release), reported(answer, release), ripened(answer, release)];
    const next = told.findIndex(({ done }) => !done);
    return across('What to do first',
        h('ol.steps', {}, told.map(({ done, title, words }, at) => {
            const [badge, tone] = BADGES[done ? 'done' : at === next ? 'next' : 'later'];
            return h('li', {}, h('p', {}, h('strong', {}, title), ' ', h(`span.band${tone ? `.${tone}` : ''}`, {}, badge)), h('p.hint', {}, words));
        })),
    );
}

function scored(answer, release) {
    const number = release?.predictions ?? 0;
    return {
        done: number > 0,
        title: 'Score customers with their IDs',
        words: number > 0
            ? `${plural(number, 'prediction is', 'predictions are')} tracked.`
            : ['No prediction is tracked yet. Score a file on the ', h('a', { href: '#/batch' }, 'Batch page'), ', with a column of customer IDs: without an ID, nobody can tell what became of a customer.'],
    };
}

function reported({ outcomes }, release) {
    const matched = release?.matched ?? 0;
    const strangers = outcomes.rows > 0 && matched === 0 && outcomes.unknown === outcomes.customers;
    return {
        done: outcomes.rows > 0 && !strangers,
        title: 'Send what became of them',
        words: strangers
            ? 'None of the outcomes has an ID that was scored. Check that both files name customers alike.'
            : outcomes.rows > 0
                ? `Outcomes of ${plural(outcomes.customers, 'customer')} are in.`
                : 'No outcome is in yet. Send a file of who left and when, and who was still there and until when.',
    };
}

function ripened({ next_ripe: next, settling_days: settling }, release) {
    const { matured = 0, matched = 0, missing } = release ?? {};
    const window = release ? `${plural(release.label_window_months, 'month')} and ${plural(settling, 'day')}` : `the label window and ${plural(settling, 'day')}`;
    const title = 'Wait until predictions are ripe';
    if (matured > 0) return { done: false, title: 'Have enough outcomes of ripe predictions', words: `${plural(matured, 'prediction is', 'predictions are')} ripe, and ${count(matched)} of them ${matched === 1 ? 'has' : 'have'} an outcome. ${missing}` };
    const when = next ? ` ${plural(next.predictions, 'prediction is', 'predictions are')} ripe on ${day(next.date)}.` : '';
    return { done: false, title, words: `A prediction can be judged ${window} after it was made: until then, a customer may still leave.${when} What ripened earlier is shown for a longer time, if there is any.` };
}
