/** A new campaign: from a scored file to a plan, with what it would bring beside it. Emits `campaign-planned`. */

import { idempotencyKey } from '../batch/upload.js';
import { nameOf } from '../batch/job.js';
import { emit, fill, h } from '../lib/dom.js';
import { moment, plural } from '../lib/format.js';
import { postJson } from '../lib/http.js';
import { failure } from '../shell/failure.js';
import { choice, field, offer as offerOptions } from './field.js';
import { DEFAULTS, messageOf, placeOf, planOf } from './plan.js';

/** What is folded away, because it rarely changes. @returns {import('./field.js').Definition[]} */
const details = (currency) => [
    { path: 'margin', label: 'Margin', unit: '%', number: true, hint: 'What of a bill is earned.' },
    { path: 'horizon_months', label: 'Value over', unit: 'months', number: true, hint: 'How long a saved customer counts.' },
    { path: 'discount', label: 'Discount a year', unit: '%', number: true, hint: 'Later money is worth less.' },
    { path: 'holdout', label: 'Hold-out', unit: '%', number: true, placeholder: 'automatic', hint: 'Not contacted, to compare with. Empty: as many as the result needs.' },
    { path: 'not_within_days', label: 'Not contacted within', unit: 'days', number: true, hint: 'Who was, is left out.' },
    { path: 'value.amount', label: 'Worth of a customer', unit: currency, before: true, number: true, placeholder: 'by the bill', hint: 'The same for all, over the months above. Empty: it follows from the bill.' },
    { path: 'value.column', label: 'Or a column with the worth', placeholder: 'none', hint: 'Its name in the file.' },
    { path: 'challenger.release', label: 'Try a second list, by release', placeholder: 'none', hint: 'The version of another release. On whom its list differs, chance decides which of the two is followed.' },
];

/** The texts of the form by path, where they are called otherwise. */
const TEXTS = { 'value.amount': 'value', 'value.column': 'column', 'source.job': 'job', 'challenger.release': 'challenger' };

export class CampaignForm extends HTMLElement {
    #key = '';
    #sent = '';

    /** @param {{jobs: any[], job: string, currency: string, measured: Map<string, any[]>}} context job: the one to choose */
    start({ jobs, job, currency, measured }) {
        this.preview = h('plan-preview');
        this.offers = h('offer-rows');
        this.offers.start(currency, DEFAULTS.offers);
        this.fields = [
            choice({ path: 'source.job', label: 'Scored file', needed: true }, [], ''),
            field({ path: 'name', label: 'Name of the campaign', longest: 64, needed: true }, `Calls of ${new Date().toLocaleDateString('en-US', { dateStyle: 'medium' })}`),
            field({ path: 'budget', label: 'Budget', unit: currency, before: true, number: true, placeholder: 'no limit', hint: 'Never exceeded, even if everybody takes the offer.' }),
            field({ path: 'minutes', label: 'Time of the team', unit: 'min', number: true, placeholder: 'no limit', hint: 'All contacts together.' }),
            ...details(currency).map((definition) => field(definition, DEFAULTS[TEXTS[definition.path] ?? definition.path])),
        ];
        this.#build();
        this.context = { jobs, job, measured };
    }

    #build() {
        const [job, name, budget, minutes, ...rest] = this.fields;
        this.fold = h('details', {}, h('summary', {}, 'Details: margin, horizon, hold-out, a second list'), h('div.offer-fields', {}, rest));
        this.button = h('button.primary', { type: 'submit' }, 'Plan this campaign');
        this.action = h('div');
        this.trouble = h('div', { role: 'alert' });
        const form = h('form.card.spaced', { 'aria-labelledby': 'form-title', novalidate: true },
            h('h2', { id: 'form-title', tabindex: -1 }, 'New campaign'),
            h('div.halved', {}, job, name),
            h('h3', {}, 'What you can offer'),
            this.offers,
            h('h3', {}, 'What you can spend'),
            h('div.halved', {}, budget, minutes),
            this.fold,
            this.trouble,
            h('div.buttons', {}, this.button, h('a.button.quiet', { href: '#/campaigns' }, 'Back to the list')),
            this.action,
        );
        form.addEventListener('input', () => this.#changed());
        form.addEventListener('submit', (event) => {
            event.preventDefault();
            this.#send();
        });
        this.preview.addEventListener('plan-faults', ({ detail }) => this.#mark(detail));
        fill(this, h('div.plan-columns', {}, form, this.preview));
    }

    /** Jobs and measured save rates as they are now; what was typed stays. */
    set context({ jobs, job, measured }) {
        const [source] = this.fields;
        const chosen = [job, source.value].find((id) => jobs.some((each) => each.id === id)) ?? jobs[0]?.id ?? '';
        offerOptions(source, jobs.map((each) => [each.id, labelOf(each)]), chosen);
        this.offers.measured = measured;
        this.#changed();
    }

    connectedCallback() {
        if (this.fields) this.#changed();
    }

    get #all() {
        return [...this.fields, ...this.offers.fields];
    }

    get #plan() {
        const texts = Object.fromEntries(this.fields.map(({ path, value }) => [TEXTS[path] ?? path, value]));
        return planOf(/** @type {any} */ ({ ...DEFAULTS, ...texts, offers: this.offers.texts }));
    }

    /** Shows faults beside their fields, and has the figures worked out if there are none. */
    #changed() {
        const { body, faults } = this.#plan;
        for (const each of this.#all) each.message = faults.get(each.path) ?? '';
        fill(this.trouble);
        this.preview.plan = faults.size || !body.source.job ? null : body;
    }

    /** @param {any} error with the API's faults, or null */
    #mark(error) {
        const fields = this.#all;
        const paths = fields.map(({ path }) => path);
        const others = [];
        for (const fault of error?.fields ?? []) {
            const place = fields.find(({ path }) => path === placeOf(fault.field, paths));
            if (place) place.message = messageOf(fault);
            else others.push(fault.message);
        }
        if (this.fold.querySelector('[aria-invalid="true"]')) this.fold.open = true;
        fill(this.trouble, others.map((message) => h('p.form-error', {}, message)));
    }

    /** Sends the plan once: the same plan has the same key, so that a second try makes no second campaign. */
    async #send() {
        if (this.sending) return;
        const { body, faults } = this.#plan;
        if (faults.size) return this.#goToFault();
        const text = JSON.stringify(body);
        if (text !== this.#sent) this.#key = idempotencyKey();
        this.#sent = text;
        this.#busy(true);
        try {
            const campaign = await postJson('/campaigns', body, { headers: { 'Idempotency-Key': this.#key } });
            this.#sent = '';
            emit(this, 'campaign-planned', campaign);
        } catch (error) {
            this.#refused(error);
        } finally {
            this.#busy(false);
        }
    }

    #busy(busy) {
        this.sending = busy;
        this.button.setAttribute('aria-disabled', String(busy));
        this.button.setAttribute('aria-busy', String(busy));
        if (busy) fill(this.action);
    }

    #refused(error) {
        if (error.status === 422 && error.fields.length) {
            this.#mark(error);
            this.#goToFault();
        } else {
            fill(this.action, failure(error, () => this.#send()));
        }
    }

    #goToFault() {
        if (this.fold.querySelector('[aria-invalid="true"]')) this.fold.open = true;
        this.#all.find(({ faulty }) => faulty)?.control.focus();
    }
}

function labelOf(job) {
    return `${nameOf(job)} \u00b7 ${plural(job.request_counts.completed, 'customer')} \u00b7 ${moment(job.finished_at ?? job.created_at)}`;
}

/** Without a scored file there is nothing to plan from. */
export function nothingScored() {
    return h('section.card.spaced', {}, h('h2', { tabindex: -1 }, 'Score a file first'),
        h('p', {}, 'A campaign chooses among the customers of a scored file, and there is none yet.'),
        h('p', {}, h('a', { href: '#/batch' }, 'Score a file on the Batch page'), `, with a column of customer IDs: without an ID, nobody can tell what became of a customer.`));
}
