/** What pages of figures are made of: cards, tables and facts. */

import { h, uniqueId } from './dom.js';

/** A card with a heading, which screen readers can jump to. */
export function section(title, ...children) {
    const id = uniqueId('section');
    return h('section.card', { 'aria-labelledby': id }, h('h2', { id }, title), children);
}

/** A section over the full width of the page. */
export function across(title, ...children) {
    const element = section(title, ...children);
    element.classList.add('across');
    return element;
}

/** A table that scrolls sideways if it is too wide. @param {string[]} head @param {any[][]} rows the first cell of each is its heading */
export function table(name, head, rows) {
    return h('div.scroll', { role: 'region', tabindex: 0, 'aria-label': `${name}, table` },
        h('table', {},
            h('thead', {}, h('tr', {}, head.map((cell, at) => h(at ? 'th.number' : 'th', { scope: 'col' }, cell)))),
            h('tbody', {}, rows.map(([first, ...rest]) => h('tr', {}, h('th', { scope: 'row' }, first), rest.map((cell) => h('td.number', {}, cell))))),
        ),
    );
}

/** Terms with their values. @param {([string, unknown]|null|undefined|false)[]} pairs */
export function facts(pairs) {
    return h('dl.facts', {}, pairs.filter(Boolean).map(([term, value]) => h('div', {}, h('dt', {}, term), h('dd', {}, value))));
}
