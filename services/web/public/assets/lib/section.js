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

/** A figure to be seen at a glance; tiles stand in a dl.tiles. @param {(string|null|undefined|false)[]} asides below it */
export function tile(term, value, ...asides) {
    return h('div.tile', {}, h('dt', {}, term), h('dd', {}, h('strong', {}, value), asides.map((aside) => aside && h('span.hint', {}, aside))));
}

/** Terms with their values. @param {([string, unknown]|null|undefined|false)[]} pairs */
export function facts(pairs) {
    return h('dl.facts', {}, pairs.filter(Boolean).map(([term, value]) => h('div', {}, h('dt', {}, term), h('dd', {}, value))));
}

/**
 * A button that has all drawn instead of the first ones, and the first ones again.
 * @param {string} all @param {string} part what it says @param {(all: boolean) => void} draw
 */
export function more(all, part, draw) {
    const button = h('button.quiet', { type: 'button', 'aria-expanded': 'false' }, all);
    button.addEventListener('click', () => {
        const expanded = button.getAttribute('aria-expanded') === 'false';
        button.setAttribute('aria-expanded', String(expanded));
        button.textContent = expanded ? part : all;
        draw(expanded);
    });
    return button;
}
