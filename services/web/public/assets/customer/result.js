/** The answer about a customer: the card, unknown fields, changes, reasons, and recommendations. */

import { emit, fill, h, icon } from '../lib/dom.js';
import { moment, percent, plural, sentenceList } from '../lib/format.js';
import { spoken } from '../lib/schema.js';
import { failure } from '../shell/failure.js';
import { copy } from '../lib/clipboard.js';
import { differences } from './rules.js';
import { curlFor, jsonFor, linkFor } from './sharing.js';
import { amongPeople, verdict } from './words.js';

export class CustomerResult extends HTMLElement {
    /** The answer to the last press of the button, which changes are compared with. */
    #baseline = null;
    #current = null;

    connectedCallback() {
        this.identity = h('div');
        this.notice = h('div');
        this.verdict = h('div', { role: 'status', 'aria-live': 'polite', 'aria-atomic': 'true' });
        this.comparison = h('customer-comparison', { hidden: true });
        this.reasons = h('customer-reasons');
        this.recommendations = h('customer-recommendations');
        this.record = h('div.record');
        this.rest = h('div.result-rest', {}, this.comparison, this.reasons, this.recommendations, this.#sharing(), this.record);
        fill(this, h('h2.visually-hidden', { tabindex: -1 }, 'Result'), this.identity, this.notice, this.verdict, this.rest);
        this.clear();
    }

    get answered() {
        return this.#current !== null;
    }

    /** The customer of the answer that is shown. */
    get customer() {
        return this.#current.customer;
    }

    set busy(busy) {
        this.toggleAttribute('data-busy', busy);
        if (!this.answered && this.verdict.firstChild) this.#empty(busy ? 'Working it out…' : 'The result appears here.');
    }

    clear() {
        this.#baseline = this.#current = null;
        this.#fresh();
        this.rest.hidden = true;
        fill(this.identity);
        this.#empty('The result appears here.');
    }

    #empty(words) {
        fill(this.verdict, h('div.card.empty', {}, icon('person'), h('p', {}, words)));
    }

    /** Shows an answer in the existing elements, so that opened details stay open. @param {{customer: object, answer: any, asked: boolean}} outcome */
    show({ customer, answer, asked }) {
        if (asked || !this.#baseline || this.#isAnother(customer)) this.#baseline = { customer, answer };
        this.#current = { customer, answer };
        const hadFocus = this.rest.contains(document.activeElement);
        const open = this.verdict.querySelector('details')?.open ?? false;
        this.identify(customer[this.schema.id]);
        fill(this.verdict, this.#card(open));
        this.rest.hidden = false;
        this.comparison.states = { schema: this.schema, before: this.#baseline, after: this.#current };
        this.recommendations.answer = answer;
        this.reasons.answer = answer;
        fill(this.record, this.#printed());
        if (hadFocus && !this.rest.contains(document.activeElement)) this.#keepFocus();
    }

    /** Shows the customer's id, which is not part of the prediction and is not read out with it. */
    identify(id) {
        this.#fresh();
        const { id: name } = this.schema;
        this.#current.customer = { ...(id && { [name]: id }), ...without(this.#current.customer, name) };
        fill(this.identity, id && h('p.customer-id', {}, id));
    }

    /** Whether the customer differs from the one compared with in who they are, which nothing can change. */
    #isAnother(customer) {
        return differences(this.schema, this.#baseline.customer, customer).some(({ field }) => field.protected);
    }

    /** Shows what is wrong; an earlier answer stays visible, marked as out of date. */
    refuse(error) {
        const again = error.fields?.length ? null : () => emit(this, 'retry-wanted');
        fill(this.notice, h('div.card', {}, failure(error, again), this.#places(error.fields ?? [])));
        this.toggleAttribute('data-stale', this.answered);
        if (!this.answered) fill(this.verdict);
    }

    /** Links from the summary to each field that needs attention. */
    #places(fields) {
        const known = fields.filter(({ field }) => this.schema.byName.has(field));
        const link = ({ field }) => h('li', {}, h('button.link', { type: 'button', onclick: () => emit(this, 'field-wanted', field) }, this.schema.byName.get(field).title));
        return known.length > 0 && h('ul.places', { 'aria-label': 'Fields that need attention' }, known.map(link));
    }

    #fresh() {
        fill(this.notice);
        fill(this.said);
        this.removeAttribute('data-stale');
    }

    /** Moves the focus to the undo button if the new answer has replaced the button that was pressed. */
    #keepFocus() {
        (this.querySelector('customer-comparison:not([hidden]) button') ?? this.querySelector('h2')).focus();
    }

    #card(open) {
        const { answer } = this.#current;
        const tone = answer.prediction === 'Yes' ? 'leave' : 'stay';
        return h(`div.card.verdict.${tone}`, {},
            h('p.headline', {}, icon(tone), verdict(answer)),
            h('p.probability', {}, h('strong', {}, percent(answer.churn_probability)), ' churn probability'),
            scale(answer),
            h('p', {}, amongPeople(answer.churn_probability)),
            h('dl.facts', {},
                h('div', {}, h('dt', {}, 'Risk'), h('dd', {}, h(`span.band.${answer.risk_band}`, {}, `${answer.risk_band} risk`))),
                h('div', {}, h('dt', {}, 'Confidence'), h('dd', {}, percent(answer.confidence))),
                answer.probability_range && h('div', {}, h('dt', {}, 'Range'), h('dd', {}, range(answer.probability_range))),
            ),
            this.#unknown(answer, open),
        );
    }

    #unknown({ assumed, probability_range: ends }, open) {
        if (!assumed.length) return null;
        const titles = assumed.map((name) => this.schema.byName.get(name)?.title ?? name);
        const spread = ends ? ` For the middle 80\u00a0% of them it is ${range(ends)}.` : '';
        return h('details.unknown', { open },
            h('summary', {}, `Averaged over ${plural(assumed.length, 'unknown answer')}`),
            h('p', {}, `${sentenceList(titles)} ${assumed.length === 1 ? 'is' : 'are'} unknown, so this is the mean over what they are for the real customers most like this one.${spread}`),
        );
    }

    #sharing() {
        this.said = h('span.said', { role: 'status' });
        const button = (label, textFor) => h('button.quiet', { type: 'button', onclick: () => put(textFor(this.customer), this.said) }, label);
        return h('div.sharing', {},
            button('Copy link', linkFor),
            button('Copy JSON', jsonFor),
            button('Copy curl', curlFor),
            h('button.quiet', { type: 'button', onclick: () => print() }, 'Print'),
            this.said,
        );
    }

    /** For the printed card only: the customer, the release, and the time. */
    #printed() {
        const { customer, answer } = this.#current;
        const rows = this.schema.fields.map((field) => h('div', {}, h('dt', {}, field.title), h('dd', {}, spoken(field, customer[field.name]))));
        const { model_name: name, version } = answer.model_info;
        return [h('dl', {}, rows), h('p.hint', {}, `${name}, release ${version}, ${moment(answer.timestamp)}`)];
    }
}

function without(object, name) {
    const { [name]: _, ...rest } = object;
    return rest;
}

async function put(text, said) {
    try {
        await copy(text);
        said.textContent = 'Copied.';
    } catch {
        said.textContent = 'The browser did not allow copying.';
    }
}

/** Both ends of a range in whole percent, or one number if they are the same. */
function range(ends) {
    return [...new Set(ends.map((end) => percent(end, 0)))].join(' to ');
}

/** The probability on a scale from 0 to 100 %, with the bands and, if fields are unknown, the range. */
function scale({ churn_probability: probability, probability_range: ends }) {
    const picture = h('div.scale', { 'aria-hidden': 'true' }, h('span.low'), h('span.medium'), h('span.high'));
    if (ends) picture.append(placed(h('span.range'), ends[0], ends[1]));
    picture.append(placed(h('span.mark'), probability, probability));
    return picture;
}

function placed(element, from, to) {
    element.style.insetInlineStart = `${from * 100}%`;
    element.style.inlineSize = to > from ? `${(to - from) * 100}%` : '';
    return element;
}
