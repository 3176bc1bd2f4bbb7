/** JSON Schema in words. */

import { h, prose } from './dom.js';

/** A table of an object's properties. */
export function schemaTable({ properties, required = [] }) {
    return h('div.scroll', { tabindex: '0', role: 'group', 'aria-label': 'Properties' }, h('table', {},
        h('thead', {}, h('tr', {}, ...['Name', 'Type', 'Meaning'].map((head) => h('th', { scope: 'col' }, head)))),
        h('tbody', {}, ...Object.entries(properties).map(([name, schema]) => h('tr', {},
            h('td', {}, h('code', {}, required.includes(name) ? `${name} *` : name)),
            h('td', {}, describeSchema(schema)),
            h('td', {}, prose(schema.description ?? schema.title ?? '')),
        ))),
    ));
}

/** The kind of value that a schema allows, with links to the schemas it names. */
export function describeSchema(schema) {
    if (schema.$ref) return reference(schema.$ref);
    const several = schema.oneOf ?? schema.anyOf ?? schema.allOf;
    if (several) return several.flatMap((each, position) => [position ? ' or ' : '', ...parts(describeSchema(each))]);
    if ('const' in schema) return h('code', {}, JSON.stringify(schema.const));
    if (schema.enum) return schema.enum.flatMap((value, position) => [position ? ' or ' : '', h('code', {}, JSON.stringify(value))]);
    if (schema.type === 'array') return ['array of ', ...parts(describeSchema(schema.prefixItems?.[0] ?? schema.items ?? {}))];
    return [[schema.type ?? 'anything'].flat().join(' or '), bounds(schema), schema.format ? ` (${schema.format})` : ''];
}

function parts(described) {
    return [described].flat();
}

function bounds({ minimum, maximum, 'x-unit': unit }) {
    const range = minimum === undefined ? '' : maximum === undefined ? `, from ${minimum}` : `, ${minimum} to ${maximum}`;
    return range && unit ? `${range} ${unit}` : range;
}

function reference(target) {
    const name = target.split('/').at(-1);
    return h('a', { href: `#schema-${name}` }, name);
}
