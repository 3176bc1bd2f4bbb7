/** Which answers follow from others. Answers are texts by field name; '' means "I don't know", BLANK a cell left blank. */

import { BLANK } from '../lib/schema.js';
import { readings } from './numbers.js';

/** @typedef {import('../lib/schema.js').Field} Field @typedef {import('../lib/schema.js').Schema} Schema */

/** The value that another answer forces on a field, or null. @param {Field} field @param {Record<string, string>} answers */
export function impliedValue(field, answers) {
    return field.rule && answers[field.rule.field] === field.rule.value ? field.rule.implies : null;
}

/**
 * The options that do not contradict the answer that the field depends on.
 * @param {Field} field @param {Record<string, string>} answers
 */
export function openOptions(field, answers) {
    const governor = field.rule ? answers[field.rule.field] : '';
    const contradicted = governor && governor !== field.rule.value ? field.rule.implies : null;
    return field.options.filter((option) => option.text !== contradicted);
}

/**
 * The answers as a customer for the API: with implied values, without unknown ones, and with choices in their type.
 * @param {Schema} schema @param {Record<string, string>} answers
 */
export function customerOf(schema, answers) {
    const customer = {};
    if (answers[schema.id]) customer[schema.id] = answers[schema.id];
    for (const field of schema.fields) {
        const text = impliedValue(field, answers) ?? answers[field.name] ?? '';
        if (text !== '') customer[field.name] = typed(field, text);
    }
    return customer;
}

/** The value of an answer; text that is not one certain number stays as it is, for the checks to report. */
function typed(field, text) {
    if (field.blank && text === BLANK) return '';
    if (field.options) return field.options.find((option) => option.text === text)?.value ?? text;
    const numbers = readings(text);
    return numbers.length === 1 ? numbers[0] : text;
}

/** A value as the form holds it; undefined is an answer that is not known. @param {Field} field */
export function answerOf(field, value) {
    return value === '' && field.blank ? BLANK : String(value ?? '');
}

/** The customer that a link's parameters describe, or null if they name no field. */
export function customerFrom(schema, parameters) {
    const given = Object.fromEntries(parameters);
    const known = Object.keys(given).some((name) => schema.byName.has(name));
    return known ? customerOf(schema, answersOf(schema, given)) : null;
}

/** A customer as the form's answers. @param {Schema} schema @returns {Record<string, string>} */
export function answersOf(schema, customer) {
    const answers = Object.fromEntries(schema.fields.map((field) => [field.name, answerOf(field, customer[field.name])]));
    return { [schema.id]: String(customer[schema.id] ?? ''), ...answers };
}

/** The customer made of the schema's examples. */
export function exampleCustomer(schema) {
    const examples = Object.fromEntries(schema.fields.map(({ name, example }) => [name, example ?? '']));
    return customerOf(schema, answersOf(schema, examples));
}

/** The fields in which two customers differ. @returns {{field: Field, before: unknown, after: unknown}[]} */
export function differences(schema, before, after) {
    return schema.fields
        .filter((field) => answerOf(field, before[field.name]) !== answerOf(field, after[field.name]))
        .map((field) => ({ field, before: before[field.name], after: after[field.name] }));
}
