/** The plan that a form's texts stand for, and where the API's faults of it belong. No page is needed for it. */

import { readings } from '../customer/numbers.js';

/**
 * What a form holds: texts as they were typed; shares are typed in percent.
 * @typedef {{name: string, contact_cost: string, minutes: string, incentive: string, accepts: string, rate: string,
 *   source: string}} OfferTexts source: 'assumed', or the id of the campaign that measured it
 * @typedef {{name: string, job: string, offers: OfferTexts[], budget: string, minutes: string, margin: string,
 *   horizon_months: string, discount: string, holdout: string, not_within_days: string, value: string, column: string,
 *   challenger: string}} Texts holdout: '' is automatic; challenger: the release of a second list
 */

/** @type {OfferTexts} */
export const OFFER = { name: '', contact_cost: '10', minutes: '5', incentive: '0', accepts: '0', rate: '30', source: 'assumed' };

/** What the form says before anybody types. @type {Texts} */
export const DEFAULTS = {
    name: '',
    job: '',
    offers: [{ ...OFFER, name: 'Call' }],
    budget: '',
    minutes: '',
    margin: '30',
    horizon_months: '12',
    discount: '10',
    holdout: '',
    not_within_days: '60',
    value: '',
    column: '',
    challenger: '',
};

/** A number that was typed: the number, null for an empty text, or undefined where it is none. */
function numberIn(text) {
    const typed = text.trim().replace(/\s*%$/, '');
    // Nobody plans in thousandths: a single separator before three digits is one of thousands.
    return typed ? readings(typed)[0] : null;
}

/** The shares that are typed in percent, and their bounds. */
const SHARES = { rate: [0, 100], accepts: [0, 100], margin: [1, 100], discount: [0, 99], holdout: [0, 50] };

/**
 * The API's body, and the faults that keep it from being made, by path.
 * @param {Texts} texts @returns {{body: any, faults: Map<string, string>}}
 */
export function planOf(texts) {
    const faults = new Map();
    const read = reader(faults);
    const plan = {
        offers: texts.offers.map((offer, at) => offerOf(offer, `offers.${at}`, read)),
        budget: read.number('budget', texts.budget),
        minutes: read.number('minutes', texts.minutes),
        margin: read.share('margin', texts.margin, SHARES.margin),
        horizon_months: read.needed('horizon_months', texts.horizon_months),
        discount: read.share('discount', texts.discount, SHARES.discount),
        holdout: texts.holdout.trim() ? read.share('holdout', texts.holdout, SHARES.holdout) : 'auto',
        not_within_days: read.needed('not_within_days', texts.not_within_days),
        value: valueOf(texts, read),
        ...(texts.challenger.trim() && { challenger: { release: texts.challenger.trim() } }),
    };
    return { body: { name: texts.name.trim(), source: { job: texts.job }, plan }, faults };
}

/** Reads numbers, and notes by path what is wrong with them. @param {Map<string, string>} faults */
function reader(faults) {
    const number = (path, text) => {
        const value = numberIn(text);
        if (value === undefined) faults.set(path, `This must be a number such as 12.50; got \u201c${text.trim().slice(0, 30)}\u201d.`);
        return value ?? null;
    };
    const needed = (path, text) => {
        if (!text.trim()) faults.set(path, 'A number is wanted here; 0 if there is none.');
        return number(path, text);
    };
    const share = (path, text, [low, high]) => {
        const value = needed(path, text);
        if (value === null) return null;
        if (value < low || value > high) faults.set(path, `This must be from ${low}\u00a0% to ${high}\u00a0%; got ${value}\u00a0%.`);
        return Number((value / 100).toPrecision(12));
    };
    return { number, needed, share };
}

function offerOf(texts, path, read) {
    const sizes = Object.fromEntries(['contact_cost', 'minutes', 'incentive'].map((name) => [name, read.needed(`${path}.${name}`, texts[name])]));
    const saves = texts.source === 'assumed'
        ? { rate: read.share(`${path}.saves.rate`, texts.rate, SHARES.rate), source: 'assumed' }
        : { source: 'measured', campaign: texts.source };
    return { name: texts.name.trim(), ...sizes, accepts: read.share(`${path}.accepts`, texts.accepts, SHARES.accepts), saves };
}

/** What a customer is worth if not by the bill: the same for all, or what a column says. */
function valueOf({ value, column }, read) {
    if (column.trim()) return { column: column.trim() };
    return value.trim() ? { amount: read.number('value.amount', value) } : null;
}

/** A path as the form has it: `plan.offers[0].saves.rate` → `offers.0.saves.rate`. */
function pathOf(field) {
    return field.replace(/\[(\d+)\]/g, '.$1').replace(/^plan\./, '');
}

/**
 * The field that a fault belongs to: that of its path, else the first one below it, else the one above it.
 * @param {string} field of the API's fault @param {string[]} paths of the form's fields @returns {string|undefined}
 */
export function placeOf(field, paths) {
    const path = pathOf(field);
    return paths.find((own) => own === path)
        ?? paths.find((own) => own.startsWith(`${path}.`))
        ?? paths.filter((own) => path.startsWith(`${own}.`)).sort((a, b) => b.length - a.length)[0];
}

/** A fault's message without the path that it begins with, which is none of the form's words. @param {{field: string, code: string, message: string}} fault */
export function messageOf({ field, code, message }) {
    if (pathOf(field) === 'value' && code === 'missing') return 'The table declares no monthly bill. Say what a customer is worth, or which column of the file says it.';
    return message.startsWith(`${field} `) ? `This ${message.slice(field.length + 1)}` : message;
}
