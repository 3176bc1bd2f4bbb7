/** A typed or chosen value of a plan: label, control with its unit, hint and fault, connected for screen readers. */

import { fill, h, uniqueId } from '../lib/dom.js';

/**
 * @typedef {{path: string, label: string, unit?: string, before?: boolean, hint?: string, number?: boolean, needed?: boolean,
 *   longest?: number, placeholder?: string}} Definition path: as the API names it in a fault; before: the unit stands in front
 */
export class PlanField extends HTMLElement {
    /** @param {Definition} definition */
    set definition(definition) {
        const { path, label, unit, hint, needed } = definition;
        const id = uniqueId('plan');
        this.path = path;
        this.control ??= input(definition);
        this.control.id = id;
        this.error = h('p.field-error', { id: `${id}-error`, hidden: true });
        this.unit = unit ? h('span.unit', { id: `${id}-unit` }, unit) : null;
        this.hint = hint ? h('p.hint', { id: `${id}-hint` }, hint) : null;
        fill(this, h(`label${needed ? '.needed' : ''}`, { for: id }, label), adorned(this.control, this.unit, definition), this.hint, this.error);
        this.message = '';
    }

    get value() {
        return this.control.value;
    }

    set value(text) {
        this.control.value = text;
    }

    /** @param {string} message '' if nothing is wrong */
    set message(message) {
        this.error.textContent = message;
        this.error.hidden = !message;
        this.control.setAttribute('aria-invalid', String(Boolean(message)));
        const described = [message && this.error.id, this.unit?.id, this.hint?.id].filter(Boolean).join(' ');
        if (described) this.control.setAttribute('aria-describedby', described);
        else this.control.removeAttribute('aria-describedby');
    }

    get faulty() {
        return !this.error.hidden;
    }
}

/** A text input, because `type=number` hides what it cannot read and changes with the mouse wheel. */
function input({ number, longest, needed, placeholder }) {
    return h('input', { type: 'text', inputmode: number ? 'decimal' : 'text', autocomplete: 'off', maxlength: longest, placeholder, 'aria-required': String(Boolean(needed)) });
}

function adorned(control, sign, { unit, before }) {
    if (!sign) return control;
    control.style.setProperty('--unit', unit.length);
    return h(`div.with-unit${before ? '.before' : '.after'}`, {}, before ? [sign, control] : [control, sign]);
}

/** @param {Definition} definition @param {string} [value] @param {HTMLElement} [control] another than a text input */
export function field(definition, value = '', control) {
    const element = h('plan-field');
    if (control) element.control = control;
    element.definition = definition;
    element.value = value;
    return element;
}

/** A choice. @param {Definition} definition @param {[string, string][]} options @param {string} value */
export function choice(definition, options, value) {
    const element = field(definition, '', h('select'));
    offer(element, options, value);
    return element;
}

/** Replaces the options of a choice. */
export function offer(element, options, value) {
    fill(element.control, options.map(([text, label]) => h('option', { value: text, selected: text === value }, label)));
}
