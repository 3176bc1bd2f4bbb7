/** The offers of a plan as rows that are added and removed. */

import { fill, h, uniqueId } from '../lib/dom.js';
import { choice, field, offer as offerOptions } from './field.js';
import { OFFER } from './plan.js';

/** The most offers of a plan, as the API has it. */
const MOST = 8;

/** @param {string} currency @returns {[keyof import('./plan.js').OfferTexts, import('./field.js').Definition][]} */
const numbers = (currency) => [
    ['contact_cost', { path: 'contact_cost', label: 'Cost of a contact', unit: currency, before: true, number: true }],
    ['minutes', { path: 'minutes', label: 'Time of a contact', unit: 'min', number: true }],
    ['incentive', { path: 'incentive', label: 'Incentive', unit: currency, before: true, number: true, hint: 'What the customer gets: a gift, a discount.' }],
    ['accepts', { path: 'accepts', label: 'Taken by the loyal', unit: '%', number: true, hint: 'Of those who would stay anyway.' }],
];

/** Where a value of an offer stands in the API's, if not under its own name. */
const PATHS = { rate: 'saves.rate', source: 'saves.source' };

export class OfferRows extends HTMLElement {
    #rows = [];
    /** Campaigns that measured offers, by the offer's name. @type {Map<string, {id: string, name: string}[]>} */
    #measured = new Map();

    /** @param {string} currency @param {import('./plan.js').OfferTexts[]} offers */
    start(currency, offers) {
        this.currency = currency;
        this.list = h('div.plan-offers');
        this.said = h('p.visually-hidden', { role: 'status' });
        this.more = h('button.quiet', { type: 'button', onclick: () => this.#add() }, 'Add an offer');
        this.addEventListener('input', () => this.#follow());
        fill(this, this.list, this.more, this.said);
        this.#rows = offers.map((texts) => this.#row(texts));
        this.#number();
    }

    /** @param {Map<string, {id: string, name: string}[]>} measured */
    set measured(measured) {
        this.#measured = measured;
        this.#follow();
    }

    get fields() {
        return this.#rows.flatMap(({ fields }) => Object.values(fields));
    }

    /** @returns {import('./plan.js').OfferTexts[]} */
    get texts() {
        return this.#rows.map(({ fields }) => /** @type {any} */ (Object.fromEntries(Object.entries(fields).map(([name, each]) => [name, each.value]))));
    }

    #row(texts) {
        const fields = {
            name: field({ path: 'name', label: 'Name', longest: 64, needed: true }, texts.name),
            rate: field({ path: 'saves.rate', label: 'Saves', unit: '%', number: true, hint: 'Of those who would leave.' }, texts.rate),
            source: choice({ path: 'saves.source', label: 'Save rate' }, [['assumed', 'assumed']], 'assumed'),
            ...Object.fromEntries(numbers(this.currency).map(([name, definition]) => [name, field(definition, texts[name])])),
        };
        const legend = h('legend');
        const row = { fields, legend, wanted: texts.source };
        const remove = h('button.quiet', { type: 'button', onclick: () => this.#remove(row) }, 'Remove');
        fields.source.control.addEventListener('input', () => (row.wanted = fields.source.value));
        row.remove = remove;
        row.element = h('fieldset.plan-offer', {}, legend, h('div.offer-fields', {}, Object.values(fields)), remove);
        return row;
    }

    #add() {
        const row = this.#row({ ...OFFER });
        this.#rows.push(row);
        this.#number();
        row.fields.name.control.focus();
        this.said.textContent = `Offer ${this.#rows.length} was added.`;
        this.#changed();
    }

    /** Moves the focus to the row before, because the button that had it is gone. */
    #remove(row) {
        const at = this.#rows.indexOf(row);
        this.#rows.splice(at, 1);
        this.#number();
        this.#rows[Math.max(at - 1, 0)].fields.name.control.focus();
        this.said.textContent = `${row.fields.name.value.trim() || `Offer ${at + 1}`} was removed.`;
        this.#changed();
    }

    #changed() {
        this.dispatchEvent(new Event('input', { bubbles: true }));
    }

    #number() {
        fill(this.list, this.#rows.map(({ element }) => element));
        this.#rows.forEach(({ fields, legend, remove }, at) => {
            const id = uniqueId('offer');
            legend.id = id;
            legend.textContent = `Offer ${at + 1}`;
            remove.hidden = this.#rows.length === 1;
            remove.setAttribute('aria-describedby', id);
            for (const [name, each] of Object.entries(fields)) each.path = `offers.${at}.${PATHS[name] ?? name}`;
        });
        this.more.hidden = this.#rows.length >= MOST;
        this.#follow();
    }

    /** Offers the measured save rates of the offer's name, and shows a rate to type only where one is assumed. */
    #follow() {
        for (const row of this.#rows) {
            const { name, rate, source } = row.fields;
            const found = this.#measured.get(name.value.trim()) ?? [];
            const options = [['assumed', 'assumed'], ...found.map(({ id, name: title }) => [id, `measured in ${title}`])];
            const value = options.some(([key]) => key === row.wanted) ? row.wanted : 'assumed';
            const shown = [...source.control.options].map((option) => option.text).join();
            if (shown !== options.map(([, label]) => label).join() || source.value !== value) offerOptions(source, /** @type {any} */ (options), value);
            source.hidden = !found.length;
            rate.hidden = value !== 'assumed';
        }
    }
}
