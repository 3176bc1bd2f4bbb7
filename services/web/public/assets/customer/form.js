/** The customer form, built from the schema. Emits `customer-submit` and `customer-change`; errors are set by property. */

import { emit, fill, h, reveal } from '../lib/dom.js';
import { grouped } from '../lib/schema.js';
import { answersOf, customerOf, exampleCustomer } from './rules.js';

const ID = 'customerID';

export class CustomerForm extends HTMLElement {
    #schema;
    #fields = new Map();

    /** @param {import('../lib/schema.js').Schema} schema */
    set schema(schema) {
        this.#schema = schema;
        this.summary = h('p.form-error', { role: 'alert', hidden: true });
        const groups = grouped(schema).map(([title, fields]) => this.#group(title, fields));
        const form = h('form', { novalidate: true, autocomplete: 'off', onsubmit: (event) => this.#submit(event) }, groups, this.#actions());
        form.addEventListener('input', () => this.#changed());
        fill(this, form);
        this.#follow();
    }

    get customer() {
        return customerOf(this.#schema, this.answers);
    }

    set customer(customer) {
        this.answers = answersOf(this.#schema, customer);
    }

    /** All answers as typed, by field name. @returns {Record<string, string>} */
    get answers() {
        return Object.fromEntries([...this.#fields].map(([name, field]) => [name, field.value]));
    }

    set answers(answers) {
        for (const [name, field] of this.#fields) field.value = answers[name] ?? '';
        this.errors = [];
        this.#follow();
    }

    /** Sets one answer as if it had been typed. */
    answer(name, value) {
        this.#fields.get(name).value = String(value ?? '');
        this.#changed();
    }

    /** Shows faults beside their fields, and those of other fields in the summary. */
    set errors(errors) {
        for (const field of this.#fields.values()) field.message = '';
        const strange = errors.filter((error) => !this.#fields.has(error.field));
        for (const error of errors) if (this.#fields.has(error.field)) this.#fields.get(error.field).message = error.message;
        this.summary.textContent = strange.map((error) => error.message).join(' ');
        this.summary.hidden = strange.length === 0;
    }

    focusFirstError() {
        this.focusField([...this.#fields.keys()].find((name) => !this.#fields.get(name).error.hidden));
    }

    focusField(name) {
        const field = this.#fields.get(name);
        field?.control.focus();
        if (field) reveal(field, 'center');
    }

    /** @param {boolean} busy whether an answer is awaited */
    set busy(busy) {
        this.querySelector('button.primary').setAttribute('aria-busy', String(busy));
    }

    #group(title, fields) {
        const intro = this.#fields.size === 0 ? [this.#identifier()] : [];
        const questions = fields.map((definition) => {
            const element = h('customer-field');
            element.field = definition;
            this.#fields.set(definition.name, element);
            return element;
        });
        return h('fieldset.card', {}, h('legend', {}, title), h('div.fields', {}, intro, questions));
    }

    #identifier() {
        const element = h('customer-field');
        element.field = {
            name: ID, title: 'Customer ID', description: 'For your records; no part of the prediction.',
            required: false, options: null, unit: '', whole: false, rule: null,
        };
        element.control.inputMode = 'text';
        element.control.maxLength = 64;
        this.#fields.set(ID, element);
        return element;
    }

    #actions() {
        this.undo = h('button.quiet', { type: 'button', hidden: true, onclick: () => this.#bringBack() }, 'Bring my answers back');
        return h('div.form-actions', {},
            this.summary,
            this.undo,
            h('div.buttons', {},
                h('button.primary', { type: 'submit' }, 'Predict churn'),
                h('button', { type: 'button', onclick: () => this.#example() }, 'Example customer'),
                h('button.quiet', { type: 'button', onclick: () => this.#clear() }, 'Clear'),
            ),
            h('p.hint', {}, 'Answers marked * are needed.'),
        );
    }

    #example() {
        this.#replace(exampleCustomer(this.#schema));
        emit(this, 'customer-change');
        this.querySelector('button.primary').focus();
    }

    #clear() {
        this.#replace({});
        emit(this, 'customer-clear');
        this.querySelector('input, select').focus();
    }

    /** Replaces all answers, and shows a button that brings the previous ones back. */
    #replace(customer) {
        const before = this.answers;
        this.customer = customer;
        if (!Object.values(before).some(Boolean)) return;
        this.before = before;
        this.undo.hidden = false;
    }

    #bringBack() {
        this.answers = this.before;
        this.undo.hidden = true;
        emit(this, 'customer-change');
        this.querySelector('button.primary').focus();
    }

    #submit(event) {
        event.preventDefault();
        this.undo.hidden = true;
        emit(this, 'customer-submit');
    }

    #changed() {
        this.#follow();
        emit(this, 'customer-change');
    }

    #follow() {
        const answers = this.answers;
        for (const field of this.#fields.values()) field.follow(answers);
    }
}
