/** Faults that the schema alone can find, shown before the API is asked. All other checks are the API's. */

import { plural } from '../lib/format.js';
import { bounds } from '../lib/schema.js';
import { readings } from './numbers.js';

/** @typedef {import('../lib/schema.js').Field} Field */

/**
 * Faults in the same form as the API's.
 * @param {{fields: Field[]}} schema @param {Record<string, unknown>} customer
 * @returns {{field: string, message: string}[]}
 */
export function faultsOf({ fields }, customer) {
    return fields
        .map((field) => ({ field: field.name, message: faultOf(field, customer[field.name]) }))
        .filter(({ message }) => message);
}

/** One error with all of the faults, or null if there are none. */
export function errorOf(faults) {
    if (!faults.length) return null;
    return Object.assign(new Error(`${plural(faults.length, 'field needs', 'fields need')} attention.`), { fields: faults });
}

/** @param {Field} field */
function faultOf(field, value) {
    if (value === undefined) return field.required ? `${field.title} is missing.` : '';
    if (field.options || value === '') return '';
    if (typeof value !== 'number') return `${field.title} ${notANumber(value)}`;
    if (field.whole && !Number.isInteger(value)) return `${field.title} must be a whole number; got ${value}.`;
    if (value < field.low || value > field.high) return `${field.title} must be between ${bounds(field)}; got ${value}.`;
    return '';
}

/** What is wrong with the text of a number: it is none, or may be either of two. */
function notANumber(text) {
    const [large, small] = readings(text);
    if (large === undefined) return `must be a number such as 65.50; got ${quoted(text)}.`;
    return `can be read in two ways: for ${quoted(text)} write ${large}, or ${small}0 if that is meant.`;
}

function quoted(text) {
    return `\u201c${String(text).slice(0, 30)}\u201d`;
}
