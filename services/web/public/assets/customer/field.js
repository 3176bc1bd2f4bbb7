/** A question of the form: label, control, hint and error, connected for screen readers. */

import { fill, h } from '../lib/dom.js';
import { upperFirst } from '../lib/format.js';
import { BLANK, bounds } from '../lib/schema.js';
import { impliedValue, openOptions } from './rules.js';

const UNKNOWN = "I don't know";

export class CustomerField extends HTMLElement {
    /** What was chosen before another answer fixed the value, to restore it when that answer changes. */
    #chosen = '';
    #fixed = false;

    /** @param {import('../lib/schema.js').Field} field */
    set field(field) {
        this.definition = field;
        // Names may have blanks, which ids in a list of ids may not.
        const id = `field-${encodeURIComponent(field.name)}`;
        const listed = field.options && !field.other;
        this.control = listed ? selectFor(field, id) : inputFor(field, id);
        this.choices = listed ? this.control : h('datalist', { id: `${id}-choices` });
        this.box = field.blank && !listed ? this.#blankBox(id) : null;
        this.error = h('p.field-error', { id: `${id}-error`, hidden: true });
        fill(
            this,
            h(`label${field.required ? '.needed' : ''}`, { for: id, title: field.help }, field.title),
            adorned(this.control, field),
            field.other && this.choices,
            this.box && h('label.blank', { for: this.box.id }, this.box, 'Left blank'),
            h(`p.hint${listed ? '.visually-hidden' : ''}`, { id: `${id}-hint` }, hintFor(field)),
            this.error,
        );
        if (field.options) this.#list(field.options);
    }

    get value() {
        return this.#fixed ? this.#chosen : this.#text;
    }

    set value(text) {
        this.#chosen = text;
        this.#fixed = false;
        if (this.definition.rule) this.#list(this.definition.options);
        this.#text = text;
    }

    /** Whether something is known, by an answer or because another answer implies it. */
    get answered() {
        return this.#text !== '';
    }

    get #text() {
        return this.box?.checked ? BLANK : this.control.value.trim();
    }

    set #text(text) {
        const blank = Boolean(this.box) && text === BLANK;
        if (this.box) Object.assign(this.box, { checked: blank, disabled: this.#fixed });
        const written = blank ? '' : text;
        // What is being typed may end with a blank, which stays until more follows.
        if (this.control.value.trim() !== written) this.control.value = written;
        this.control.disabled = this.#fixed || blank;
        if (this.control.selectedIndex < 0) this.control.value = '';
    }

    /** Shows the choices that other answers leave, or the only one. */
    follow(answers) {
        if (!this.definition.rule) return;
        const implied = impliedValue(this.definition, answers);
        const chosen = this.value;
        this.#list(implied ? this.definition.options : openOptions(this.definition, answers));
        this.#fixed = implied !== null;
        this.#chosen = chosen;
        this.#text = implied ?? chosen;
    }

    /** @param {string} message '' if nothing is wrong */
    set message(message) {
        this.error.textContent = message;
        this.error.hidden = !message;
        this.control.setAttribute('aria-invalid', String(Boolean(message)));
        this.control.setAttribute('aria-describedby', message ? `${this.error.id} ${this.control.id}-hint` : `${this.control.id}-hint`);
    }

    /** Whether a text in lower case occurs in what the question says or is called. */
    mentions(text) {
        const { title, name, help } = this.definition;
        return [title, name, help].some((words) => words.toLowerCase().includes(text));
    }

    focus() {
        (this.control.disabled && this.box ? this.box : this.control).focus();
    }

    #list(options) {
        if (this.definition.other) return fill(this.choices, options.filter(({ text }) => text !== BLANK).map(({ text }) => h('option', { value: text })));
        const first = h('option', { value: '' }, this.definition.required ? 'Choose…' : UNKNOWN);
        return fill(this.choices, first, options.map(({ text, label }) => h('option', { value: text }, label)));
    }

    /** Where nothing can be chosen from a list, a box says that the cell is blank, which is an answer of its own. */
    #blankBox(id) {
        return h('input', { id: `${id}-blank`, type: 'checkbox', oninput: () => (this.#text = this.box.checked ? BLANK : '') });
    }
}

function selectFor(field, id) {
    return h('select', { id, name: field.name, 'aria-required': String(field.required), 'aria-describedby': `${id}-hint` });
}

/** A text input, because `type=number` hides what it cannot read and changes with the mouse wheel. */
function inputFor(field, id) {
    const number = 'high' in field;
    return h('input', {
        id,
        name: field.name,
        type: 'text',
        // The keyboards for numbers that telephones show have no minus sign.
        inputmode: !number || field.low < 0 ? 'text' : field.whole ? 'numeric' : 'decimal',
        maxlength: field.longest,
        list: field.other && `${id}-choices`,
        autocomplete: 'off',
        'aria-required': String(field.required),
        'aria-describedby': `${id}-hint`,
    });
}

/** Longer units would take the place of the number; they stand in the hint alone. */
function isShort(unit) {
    return unit.length <= 8;
}

function adorned(control, { unit, money }) {
    if (!unit || !isShort(unit)) return control;
    const sign = h('span.unit', { 'aria-hidden': 'true' }, unit);
    control.style.setProperty('--unit', unit.length);
    return h(`div.with-unit${money ? '.before' : '.after'}`, {}, money ? [sign, control] : [control, sign]);
}

/** The help, or else the range of a number. Screen readers hear the unit from it; others see it beside the number. */
function hintFor(field) {
    const { help, options, other, unit, money } = field;
    if (!help && !options) return `From ${bounds(field, 'to')}.`;
    const sentence = upperFirst(help);
    if (other) return `${sentence} Choose from the list, or type another one.`.trim();
    if (!unit || money || sentence.toLowerCase().includes(unit.toLowerCase())) return sentence;
    return [sentence, h(`span${isShort(unit) ? '.visually-hidden' : ''}`, {}, ` In ${unit}.`)];
}
