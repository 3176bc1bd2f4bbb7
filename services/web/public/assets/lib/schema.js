/**
 * The customers of the release in service, as the API declares them: fields, titles, groups, choices and rules. Another
 * release can declare others, so the declaration is asked for again while the site is open.
 */

import { amount, money, number } from './format.js';
import { getJson } from './http.js';

/** What a form holds for a cell that is blank where blank is a value; '' is an answer that is not known. */
export const BLANK = '(blank)';

/**
 * Texts are what a form holds for a value: a string, or BLANK.
 * @typedef {{value: string|number, text: string, label: string, words: string}} Option
 * @typedef {{name: string, title: string, help: string, group: string, required: boolean, example: string|number|null,
 *   blank: boolean, options: Option[]|null, other: boolean, protected: boolean,
 *   rule: {field: string, value: string, implies: string}|null,
 *   low: number, high: number, whole: boolean, unit: string, money: boolean}} Field other: also values that are not listed
 * @typedef {{name: string, id: string, outcome: string, fields: Field[], byName: Map<string, Field>,
 *   groups: string[]}} Schema
 */

/** @type {Promise<Schema> | null} */
let loading = null;
/** The answer that the schema was read from. */
let known = '';
/** @type {Promise<void> | null} */
let following = null;

/** The schema that the site goes by. @returns {Promise<Schema>} */
export function loadSchema() {
    loading ??= getJson('/schema').then(take).catch((error) => {
        loading = null;
        throw error;
    });
    return loading;
}

/** Asks whether the service declares something else by now; if so, dispatches `schema-changed` with the new schema. */
export function followSchema() {
    following ??= follow().catch(() => {}).finally(() => (following = null));
    return following;
}

async function follow() {
    if (!loading) return;
    await loading;
    const answer = await getJson('/schema', { quiet: true });
    if (JSON.stringify(answer) === known) return;
    const schema = take(answer);
    loading = Promise.resolve(schema);
    document.dispatchEvent(new CustomEvent('schema-changed', { detail: schema }));
}

/** @returns {Schema} */
function take(answer) {
    known = JSON.stringify(answer);
    const fields = answer.fields.map((declared) => field(declared, answer.currency));
    return { ...answer, fields, byName: new Map(fields.map((each) => [each.name, each])) };
}

/** @returns {Field} */
function field({ values, implied_by: rule, ...declared }, currency) {
    return {
        ...declared,
        blank: declared.blank === 'value',
        options: values?.map(({ value, label, words }) => ({ value, text: textOf(value), label, words })) ?? null,
        rule: rule ? { ...rule, value: textOf(rule.value), implies: textOf(rule.implies) } : null,
        money: Boolean(declared.unit) && declared.unit === currency,
    };
}

function textOf(value) {
    return value === '' ? BLANK : String(value);
}

/** The groups in their order, each with its fields. @param {Schema} schema @returns {[string, Field[]][]} */
export function grouped({ fields, groups }) {
    return groups.map((group) => [group, fields.filter((each) => each.group === group)]);
}

/** A value as people read it: the option's label, or the number with its unit. @param {Field} field */
export function spoken(field, value) {
    if (value === undefined) return 'unknown';
    if (value === null || value === '') return 'blank';
    const option = field.options?.find((choice) => String(choice.value) === String(value));
    if (option) return option.label;
    if (typeof value !== 'number') return String(value);
    return field.money ? money(value, field.unit) : amount(value, field.unit);
}

/** The bounds of a number in words: "0 and 100 months", "$0 and $200". @param {Field} field */
export function bounds({ low, high, unit, money: inFront }, between = 'and') {
    if (inFront) return `${money(low, unit, number)} ${between} ${money(high, unit, number)}`;
    return `${number(low)} ${between} ${amount(high, unit)}`;
}
