/** A question of the form: label, control, hint and error, connected for screen readers. */

import { fill, h } from '../lib/dom.js';
import { impliedValue, openOptions } from './rules.js';

const UNKNOWN = "I don't know";

export class CustomerField extends HTMLElement {
    /** What was chosen before another answer fixed the value, to restore it when that answer changes. */
    #chosen = '';
    #fixed = false;

    /** @param {import('../lib/schema.js').Field} field */
    set field(field) {
        this.definition = field;
        const id = `field-${field.name}`;
        this.control = field.options ? selectFor(field, id) : inputFor(field, id);
        this.error = h('p.field-error', { id: `${id}-error`, hidden: true });
        fill(
            this,
            h(`label${field.required ? '.needed' : ''}`, { for: id, title: field.description }, field.title),
            adorned(this.control, field.unit),
            h(`p.hint${field.options ? '.visually-hidden' : ''}`, { id: `${id}-hint` }, hintFor(field)),
            this.error,
        );
        if (field.options) this.#list(field.options);
    }

    get value() {
        return this.#fixed ? this.#chosen : this.control.value.trim();
    }

    set value(text) {
        this.#chosen = text;
        this.#fixed = false;
        this.control.disabled = false;
        if (this.definition.rule) this.#list(this.definition.options);
        this.control.value = text;
    }

    /** Shows the choices that other answers leave, or the only one. */
    follow(answers) {
        if (!this.definition.rule) return;
        const implied = impliedValue(this.definition, answers);
        const chosen = this.value;
        this.#list(implied ? this.definition.options : openOptions(this.definition, answers));
        this.#fixed = implied !== null;
        this.#chosen = chosen;
        this.control.disabled = this.#fixed;
        this.control.value = implied ?? chosen;
        if (this.control.selectedIndex < 0) this.control.value = '';
    }

    /** @param {string} message '' if nothing is wrong */
    set message(message) {
        this.error.textContent = message;
        this.error.hidden = !message;
        this.control.setAttribute('aria-invalid', String(Boolean(message)));
        this.control.setAttribute('aria-describedby', message ? `${this.error.id} ${this.control.id}-hint` : `${this.control.id}-hint`);
    }

    #list(options) {
        const first = h('option', { value: '' }, this.definition.required ? 'Choose…' : UNKNOWN);
        fill(this.control, first, options.map((option) => h('option', { value: option.value }, option.label)));
    }
}

function selectFor(field, id) {
    return h('select', { id, name: field.name, 'aria-required': String(field.required), 'aria-describedby': `${id}-hint` });
}

/** A text input, because `type=number` hides what it cannot read and changes with the mouse wheel. */
function inputFor(field, id) {
    return h('input', {
        id,
        name: field.name,
        type: 'text',
        inputmode: field.whole ? 'numeric' : 'decimal',
        autocomplete: 'off',
        'aria-required': String(field.required),
        'aria-describedby': `${id}-hint`,
    });
}

function adorned(control, unit) {
    if (!unit) return control;
    const sign = h('span.unit', { 'aria-hidden': 'true' }, unit);
    return h(`div.with-unit${unit === '$' ? '.before' : '.after'}`, {}, unit === '$' ? [sign, control] : [control, sign]);
}

function hintFor(field) {
    const [first, ...rest] = field.description;
    const unit = field.unit && field.unit !== '$' && !field.description.toLowerCase().includes(field.unit) ? ` In ${field.unit}.` : '';
    return `${first.toUpperCase()}${rest.join('')}${unit}`;
}
