/** The customer's declaration as the API publishes it: fields, titles, groups, choices and rules. */

import { money } from './format.js';
import { getJson } from './http.js';

/**
 * @typedef {{value: string|number, label: string, words: string}} Option
 * @typedef {{name: string, title: string, description: string, group: string, unit: string, required: boolean,
 *   example: string|number, options: Option[]|null, whole: boolean, low: number, high: number,
 *   rule: {field: string, value: string, implies: string}|null}} Field
 * @typedef {{fields: Field[], byName: Map<string, Field>, groups: string[], version: string}} Schema
 */

/** @type {Promise<Schema> | null} */
let loading = null;

/** The schema, fetched once. @returns {Promise<Schema>} */
export function loadSchema() {
    loading ??= getJson('/openapi.json').then(read).catch((error) => {
        loading = null;
        throw error;
    });
    return loading;
}

function read(document) {
    const { properties, required, 'x-groups': groups } = document.components.schemas.Customer;
    const fields = Object.entries(properties)
        .filter(([, property]) => property['x-group'])
        .map(([name, property]) => field(name, property, required.includes(name)));
    return { fields, byName: new Map(fields.map((field) => [field.name, field])), groups, version: document.info.version };
}

/** @returns {Field} */
function field(name, property, required) {
    const options = property['x-options'] ?? null;
    return {
        name,
        required,
        options,
        title: property.title,
        description: property.description,
        group: property['x-group'],
        unit: property['x-unit'] ?? '',
        example: property.examples[0],
        low: property.minimum,
        high: property.maximum,
        whole: [property.type].flat().includes('integer'),
        rule: property['x-implied-by'] ?? null,
    };
}

/** The groups in their order, each with its fields. @param {Schema} schema @returns {[string, Field[]][]} */
export function grouped({ fields, groups }) {
    return groups.map((group) => [group, fields.filter((field) => field.group === group)]);
}

/** A value as people read it: the option's label, or the number with its unit. */
export function spoken(field, value) {
    if (value === null || value === undefined || value === '') return 'unknown';
    const option = field.options?.find((choice) => String(choice.value) === String(value));
    if (option) return option.label;
    return field.unit === '$' ? money(value) : `${value} ${field.unit}`.trim();
}
