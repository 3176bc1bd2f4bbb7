/** The answer about one customer: the card, what is unknown, what changed, why, and what to do. */

import { emit, fill, h, icon } from '../lib/dom.js';
import { percent, plural, sentenceList } from '../lib/format.js';
import { spoken } from '../lib/schema.js';
import { failure } from '../shell/failure.js';
import { copy } from '../lib/clipboard.js';
import { curlFor, jsonFor, linkFor } from './sharing.js';
import { amongPeople, verdict } from './words.js';

export class CustomerResult extends HTMLElement {
    /** The answer that changes are compared with: that of the last press of the button. */
    #baseline = null;
    #current = null;

    connectedCallback() {
        this.notice = h('div');
        this.verdict = h('div', { role: 'status', 'aria-live': 'polite', 'aria-atomic': 'true' });
        this.rest = h('div.result-rest');
        fill(this, h('h2.visually-hidden', { tabindex: -1 }, 'Result'), this.notice, this.verdict, this.rest);
        this.clear();
    }

    get answered() {
        return this.#current !== null;
    }

    set busy(busy) {
        this.toggleAttribute('data-busy', busy);
    }

    clear() {
        this.#baseline = this.#current = null;
        this.#fresh();
        fill(this.verdict, h('div.card.empty', {}, icon('person'), h('p', {}, 'The result appears here.')));
        fill(this.rest);
    }

    /** @param {{customer: object, answer: any, asked: boolean}} outcome */
    show({ customer, answer, asked }) {
        if (asked || !this.#baseline) this.#baseline = { customer, answer };
        this.#current = { customer, answer };
        const held = this.rest.contains(document.activeElement);
        this.#fresh();
        fill(this.verdict, this.#card());
        const comparison = h('customer-comparison');
        const recommendations = h('customer-recommendations');
        const reasons = h('customer-reasons');
        fill(this.rest, comparison, reasons, recommendations, this.#sharing(), this.#record());
        comparison.states = { schema: this.schema, before: this.#baseline, after: this.#current };
        recommendations.answer = answer;
        reasons.answer = answer;
        if (held) this.#keepFocus();
    }

    /** Says what is wrong; an earlier answer stays in sight, marked as no longer that of the form. */
    refuse(error) {
        const again = error.fields?.length ? null : () => emit(this, 'retry-wanted');
        fill(this.notice, h('div.card', {}, failure(error, again)));
        this.toggleAttribute('data-stale', this.answered);
        if (!this.answered) fill(this.verdict);
    }

    #fresh() {
        fill(this.notice);
        this.removeAttribute('data-stale');
    }

    /** A pressed button that the new answer replaced hands the focus to its undoing. */
    #keepFocus() {
        (this.querySelector('customer-comparison button') ?? this.querySelector('h2')).focus();
    }

    #card() {
        const { answer } = this.#current;
        const tone = answer.prediction === 'Yes' ? 'leave' : 'stay';
        return h(`div.card.verdict.${tone}`, {},
            answer.customerID && h('p.customer-id', {}, answer.customerID),
            h('p.headline', {}, icon(tone), verdict(answer)),
            h('p.probability', {}, h('strong', {}, percent(answer.churn_probability)), ' churn probability'),
            scale(answer),
            h('p', {}, amongPeople(answer.churn_probability)),
            h('dl.facts', {},
                h('div', {}, h('dt', {}, 'Risk'), h('dd', {}, h(`span.band.${answer.risk_band}`, {}, `${answer.risk_band} risk`))),
                h('div', {}, h('dt', {}, 'Confidence'), h('dd', {}, percent(answer.confidence))),
                answer.probability_range && h('div', {}, h('dt', {}, 'Range'), h('dd', {}, answer.probability_range.map((end) => percent(end, 0)).join(' to '))),
            ),
            this.#unknown(answer),
        );
    }

    #unknown({ assumed, probability_range: range }) {
        if (!assumed.length) return null;
        const titles = assumed.map((name) => this.schema.byName.get(name)?.title ?? name);
        const spread = range ? ` For the middle 80\u00a0% of them it lies between ${percent(range[0], 0)} and ${percent(range[1], 0)}.` : '';
        return h('details.unknown', {},
            h('summary', {}, `Averaged over ${plural(assumed.length, 'unknown answer')}`),
            h('p', {}, `${sentenceList(titles)} ${assumed.length === 1 ? 'is' : 'are'} unknown, so this is the mean over real customers who share the known answers.${spread}`),
        );
    }

    #sharing() {
        const { customer } = this.#current;
        const said = h('span.said', { role: 'status' });
        const button = (label, text) => h('button.quiet', { type: 'button', onclick: () => put(text, said) }, label);
        return h('div.sharing', {},
            button('Copy link', linkFor(customer)),
            button('Copy JSON', jsonFor(customer)),
            button('Copy curl', curlFor(customer)),
            h('button.quiet', { type: 'button', onclick: () => print() }, 'Print'),
            said,
        );
    }

    /** For the printed card alone: who was judged, by which release, and when. */
    #record() {
        const { customer, answer } = this.#current;
        const rows = this.schema.fields.map((field) => h('div', {}, h('dt', {}, field.title), h('dd', {}, spoken(field, customer[field.name]))));
        const { model_name: name, version } = answer.model_info;
        return h('div.record', {},
            h('dl', {}, rows),
            h('p.hint', {}, `${name}, release ${version}, ${answer.timestamp.slice(0, 19).replace('T', ' ')} UTC`),
        );
    }
}

async function put(text, said) {
    try {
        await copy(text);
        said.textContent = 'Copied.';
    } catch {
        said.textContent = 'The browser did not allow copying.';
    }
}

/** Where the probability lies between none and certain, with the bands and, for unknown answers, the range. */
function scale({ churn_probability: probability, probability_range: range }) {
    const picture = h('div.scale', { 'aria-hidden': 'true' }, h('span.low'), h('span.medium'), h('span.high'));
    if (range) picture.append(placed(h('span.range'), range[0], range[1]));
    picture.append(placed(h('span.mark'), probability, probability));
    return picture;
}

function placed(element, from, to) {
    element.style.insetInlineStart = `${from * 100}%`;
    element.style.inlineSize = to > from ? `${(to - from) * 100}%` : '';
    return element;
}
