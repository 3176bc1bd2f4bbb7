/** Which answers follow from others. Answers are texts by field name; '' means "I don't know". */

import { readings } from './numbers.js';

/** @typedef {import('../lib/schema.js').Field} Field */

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
    return field.options.filter((option) => option.value !== contradicted);
}

/** The answers as a customer for the API: with implied values, without unknown ones, and with choices in their type. */
export function customerOf(schema, answers) {
    const customer = {};
    if (answers.customerID) customer.customerID = answers.customerID;
    for (const field of schema.fields) {
        const value = impliedValue(field, answers) ?? answers[field.name] ?? '';
        if (value !== '') customer[field.name] = typed(field, value);
    }
    return customer;
}

/** The value of an answer; text that is not one certain number stays as it is, for the checks to report. */
function typed(field, text) {
    if (field.options) return field.options.find((option) => String(option.value) === text)?.value ?? text;
    const numbers = readings(text);
    return numbers.length === 1 ? numbers[0] : text;
}

/** The customer that a link's parameters describe, or null if they name no field. */
export function customerFrom(schema, parameters) {
    const given = Object.fromEntries(parameters);
    const known = Object.keys(given).some((name) => schema.byName.has(name));
    return known ? customerOf(schema, answersOf(schema, given)) : null;
}

/** A customer as the form's answers. @returns {Record<string, string>} */
export function answersOf(schema, customer) {
    const answers = { customerID: customer.customerID ?? '' };
    for (const { name } of schema.fields) answers[name] = String(customer[name] ?? '');
    return answers;
}

/** The customer made of the schema's examples. */
export function exampleCustomer(schema) {
    const answers = Object.fromEntries(schema.fields.map((field) => [field.name, String(field.example)]));
    return customerOf(schema, answers);
}

/** The fields in which two customers differ. @returns {{field: Field, before: unknown, after: unknown}[]} */
export function differences(schema, before, after) {
    return schema.fields
        .filter(({ name }) => String(before[name] ?? '') !== String(after[name] ?? ''))
        .map((field) => ({ field, before: before[field.name], after: after[field.name] }));
}
