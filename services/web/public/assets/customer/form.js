/** The customer form, built from the schema. Emits `customer-submit` and `customer-change`; errors are set by property. */

import { emit, fill, h, reveal, uniqueId } from '../lib/dom.js';
import { plural } from '../lib/format.js';
import { grouped } from '../lib/schema.js';
import { answerOf, answersOf, customerOf, exampleCustomer } from './rules.js';

/** A form with more fields is folded by group, and has a box to find one. */
const SHORT = 20;

export class CustomerForm extends HTMLElement {
    #schema;
    #fields = new Map();
    #groups = [];

    /** @param {import('../lib/schema.js').Schema} schema */
    set schema(schema) {
        this.#schema = schema;
        this.summary = h('p.form-error', { role: 'alert', hidden: true });
        const long = schema.fields.length > SHORT;
        this.#groups = grouped(schema).filter(([, fields]) => fields.length).map(([title, fields], at) => this.#group(title, fields, at, long));
        const form = h('form', { novalidate: true, autocomplete: 'off', onsubmit: (event) => this.#submit(event) }, this.#groups, this.#actions());
        form.addEventListener('input', () => this.#changed());
        fill(this, long && this.#finder(), form);
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
        this.#fields.get(name).value = answerOf(this.#schema.byName.get(name), value);
        this.#changed();
    }

    /** Shows faults beside their fields, and those of other fields in the summary. */
    set errors(errors) {
        for (const field of this.#fields.values()) field.message = '';
        const strange = errors.filter((error) => !this.#fields.has(error.field));
        for (const error of errors) if (this.#fields.has(error.field)) this.#fields.get(error.field).message = error.message;
        this.summary.textContent = strange.map((error) => error.message).join(' ');
        this.summary.hidden = strange.length === 0;
        for (const group of this.#groups) group.count({ open: true });
    }

    focusFirstError() {
        this.focusField([...this.#fields.keys()].find((name) => !this.#fields.get(name).error.hidden));
    }

    focusField(name) {
        const field = this.#fields.get(name);
        if (!field) return;
        if (field.hidden) this.#find('');
        this.#groups.find((group) => group.contains(field)).open();
        field.focus();
        reveal(field, 'center');
    }

    /** The name of the field that has the focus, or undefined. */
    get focused() {
        return [...this.#fields.keys()].find((name) => this.#fields.get(name).contains(document.activeElement));
    }

    /** @param {boolean} busy whether an answer is awaited */
    set busy(busy) {
        this.querySelector('button.primary').setAttribute('aria-busy', String(busy));
    }

    #group(title, fields, at, folds) {
        const definitions = at === 0 ? [identifier(this.#schema.id), ...fields] : fields;
        const questions = definitions.map((definition) => {
            const element = h('customer-field');
            element.field = definition;
            this.#fields.set(definition.name, element);
            return element;
        });
        const group = h('customer-group');
        group.content = { title, questions, folds, open: at === 0 || fields.some(({ required }) => required) };
        return group;
    }

    #finder() {
        const id = uniqueId('find');
        this.sought = h('input', { id, type: 'search', autocomplete: 'off', oninput: () => this.#find(this.sought.value) });
        this.found = h('p.hint', { role: 'status' }, plural(this.#schema.fields.length, 'field'));
        this.sought.addEventListener('keydown', (event) => this.#toFirst(event));
        return h('div.finder', { role: 'search' }, h('label', { for: id }, 'Find a field'), this.sought, this.found);
    }

    /** Goes to the first field that was found; the key would otherwise send the form from there. */
    #toFirst(event) {
        if (event.key !== 'Enter') return;
        event.preventDefault();
        this.querySelector('customer-field:not([hidden])')?.focus();
    }

    /** Shows only the fields in which a text occurs; all of them if it is empty. */
    #find(text) {
        if (this.sought.value !== text) this.sought.value = text;
        const found = this.#groups.flatMap((group) => group.narrow(text.trim().toLowerCase()));
        this.found.textContent = found.length ? plural(found.length, 'field') : 'No field is called so.';
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
        for (const group of this.#groups) group.count();
    }
}

/** The question for the id, which is answered with but not part of the prediction. */
function identifier(name) {
    return {
        name, title: 'Customer ID', help: 'No part of the prediction. While tracking is on, a prediction with an ID is kept, to be compared with what came.',
        required: false, blank: false, options: null, other: false, rule: null, unit: '', longest: 64,
    };
}
