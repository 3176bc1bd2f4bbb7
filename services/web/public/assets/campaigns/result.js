/** What came of a campaign: in sentences, as a picture, by offer and kind of customer, and against the promise. */

import { fill, h, icon } from '../lib/dom.js';
import { count, moment, percent, wholeMoney } from '../lib/format.js';
import { getJson } from '../lib/http.js';
import { Poll } from '../lib/poll.js';
import { across, facts, section, table } from '../lib/section.js';
import { waitOrFail } from '../shell/failure.js';
import { range, share } from './sentences.js';

export class CampaignResult extends HTMLElement {
    disconnectedCallback() {
        this.poll.stop();
    }

    /** @param {any} campaign one that was started */
    set campaign(campaign) {
        this.data = campaign;
        this.note = h('p.waiting', { role: 'status' }, 'Working out the result…');
        this.trouble = h('div');
        this.body = h('div.sections');
        fill(this, this.note, this.trouble, this.body);
        this.poll = new Poll((signal) => this.#look(signal));
    }

    /** Asks for the result; while it is computed, asks again when the service says. */
    async #look(signal) {
        try {
            const answer = await getJson(`/campaigns/${encodeURIComponent(this.data.id)}/result`, { signal });
            if (!signal.aborted) this.#show(answer);
            return 0;
        } catch (error) {
            return signal.aborted ? 0 : waitOrFail(this.note, this.trouble, error, () => this.poll.now());
        }
    }

    /** Leaves the result as it is if it is still the same, as somebody may be reading it. */
    #show(answer) {
        this.note.textContent = '';
        fill(this.trouble);
        const text = JSON.stringify(answer);
        if (text !== this.shown) fill(this.body, show(answer, this.data));
        this.shown = text;
    }

}

function show(result, campaign) {
    const known = typeof result.saved.customers === 'number';
    return [
        across('What came of it', told(result), computed(result)),
        known && picture(result),
        known && money(result, campaign),
        result.experiment && twoLists(result, campaign),
        result.save_rates.length > 0 && saveRates(result),
        across('Whom it rests on', arms(result), h('p.hint', {}, 'Counted as drawn: whoever was to be called counts as called, reached or not, so that the two groups stay alike.')),
    ];
}

/** What the service says of it, the most important first; before that, why it is not to be trusted. */
function told({ words, sample_ratio: { suspicious }, unknown }) {
    const [doubt, finding, ...others] = suspicious ? words : [null, ...words];
    return [
        doubt && h('div.failure', {}, icon('warning'), h('p', {}, doubt)),
        h('p.finding', {}, finding),
        h('ul.worth', {}, others.map((sentence) => h('li', {}, sentence))),
        unknown > 0 && h('p', {}, h('a', { href: '#/quality' }, 'Send outcomes')),
    ];
}

function computed({ final, computed_at: when }) {
    return h('p.hint', {}, h(`span.band.${final ? 'low' : 'medium'}`, {}, final ? 'final' : 'so far'), ` Computed ${moment(when)}.`);
}

function picture({ treated, held_out: heldOut }) {
    const chart = h('share-intervals');
    const row = (text, arm, tone) => ({ text, value: arm.churn_rate, low: arm.low, high: arm.high, tone });
    const card = section('Called, and not called', chart);
    chart.data = {
        title: 'Share of customers who left, with 95\u00a0% intervals',
        head: ['Customers', 'Left', '95\u00a0% interval'],
        rows: [row(`Called (${count(treated.known)})`, treated, 'main'), row(`Not called (${count(heldOut.known)})`, heldOut, 'past')],
    };
    return card;
}

function money({ money: { saved, low, high, cost, promised }, accepted }, { currency }) {
    return section('Promised, and come true',
        facts([
            ['Promised', wholeMoney(promised, currency)],
            ['Came', `${wholeMoney(saved, currency)} (${range({ low, high }, currency)})`],
            ['Costs, taken off', wholeMoney(cost, currency)],
            accepted.known > 0 && ['Took the offer', `${count(accepted.accepted)} of ${count(accepted.known)}`],
        ]));
}

/** What came of two lists that were tried, by those who were drawn for either. */
function twoLists({ experiment: { champion, challenger, saved, money: earned, words, sample_ratio: ratio } }, { currency }) {
    const chart = h('share-intervals');
    const row = (text, arm, tone) => ({ text: `${text} (${count(arm.known)})`, value: arm.churn_rate, low: arm.low, high: arm.high, tone });
    const known = typeof saved.customers === 'number';
    const card = across('Two lists', told({ words, sample_ratio: ratio, unknown: 0 }), known && chart, known && facts([
        ['The challenger\u2019s list promised', less(earned.promised, currency)],
        ['It brought', `${less(earned.saved, currency)} (${range(earned, currency)})`],
        ['It cost', less(earned.cost, currency)],
    ]), h('p.hint', {}, 'Of the customers on whom the lists differ, by the list that each was drawn for. Who is on both tells nothing of which is better.'));
    if (known) {
        chart.data = {
            title: 'Share of customers who left, by the list they were drawn for, with 95\u00a0% intervals',
            head: ['List', 'Left', '95\u00a0% interval'],
            rows: [row('Champion\u2019s list', champion, 'past'), row('Challenger\u2019s list', challenger, 'main')],
        };
    }
    return card;
}

/** "$1,240 less" than the other list. */
function less(money, currency) {
    return `${wholeMoney(Math.abs(money), currency)} ${money < 0 ? 'less' : 'more'}`;
}

function saveRates({ save_rates: rates }) {
    const rows = rates.map(({ offer, band, segments, treated, held_out: heldOut, rate, low, high, raw }) => [
        [offer, band && `${band} risk`, ...Object.values(segments)].filter(Boolean).join(' \u00b7 '), count(treated), count(heldOut),
        [share(rate), h('span.hint.meaning', {}, `${share(low)} to ${share(high)}`)], typeof raw === 'number' ? share(raw) : '–',
    ]);
    return across('Whom the offers keep',
        table('Save rates', ['Offer and customers', 'Called', 'Not called', 'Save rate', 'As observed'], rows),
        h('p.hint', {}, 'Of the customers who would leave, the share that the offer keeps. Small groups are pulled towards the whole; as observed is without that. The next plan can go by these rates: choose \u201cmeasured\u201d beside an offer of this name.'));
}

function arms({ treated, held_out: heldOut }) {
    const line = (name, { customers, known, left, churn_rate: rate, low, high }) => [
        name, count(customers), count(known), count(left), typeof rate === 'number' ? percent(rate) : '–', typeof rate === 'number' ? `${percent(low)} to ${percent(high)}` : '–',
    ];
    return table('Called and not called', ['Customers', 'Drawn', 'With an outcome', 'Left', 'Share', '95\u00a0% interval'], [line('Called', treated), line('Not called', heldOut)]);
}
