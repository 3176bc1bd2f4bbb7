/**
 * All elements are made by these functions. Text always becomes a text node, so nothing that a file or a server
 * says can turn into markup, and no style attributes are written.
 */

const SVG = 'http://www.w3.org/2000/svg';

/**
 * An HTML element: `h('p.note', {id: 'x', onclick: f}, 'text', child)`.
 * Attributes that are false, null or undefined are left out; functions named `on…` become listeners.
 * @param {string} selector a tag with classes, as in `p.note.small`
 * @param {Record<string, unknown>} [attributes]
 * @param {...(Node|string|number|null|undefined|false|Array<unknown>)} children
 * @returns {any} the element
 */
export function h(selector, attributes = {}, ...children) {
    const [tag, ...classes] = selector.split('.');
    return furnish(document.createElement(tag), classes, attributes, children);
}

/** An SVG element, with the arguments of `h`. @returns {any} */
export function svg(selector, attributes = {}, ...children) {
    const [tag, ...classes] = selector.split('.');
    return furnish(document.createElementNS(SVG, tag), classes, attributes, children);
}

function furnish(element, classes, attributes, children) {
    if (classes.length) element.setAttribute('class', classes.join(' '));
    for (const [name, value] of Object.entries(attributes ?? {})) setAttribute(element, name, value);
    element.append(...flatten(children));
    return element;
}

function setAttribute(element, name, value) {
    if (value === false || value === null || value === undefined) return;
    if (typeof value === 'function') element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : String(value));
}

/** Children without the empty ones, numbers as text. */
function flatten(children) {
    return children
        .flat(Infinity)
        .filter((child) => child !== null && child !== undefined && child !== false)
        .map((child) => (child instanceof Node ? child : String(child)));
}

/** Replaces the content of `element`. */
export function fill(element, ...children) {
    element.replaceChildren(...flatten(children));
    return element;
}

/** A picture from the site's icon sheet, hidden from screen readers because it is decoration. */
export function icon(name) {
    return svg(
        'svg.icon',
        { viewBox: '0 0 24 24', 'aria-hidden': 'true', focusable: 'false' },
        svg('use', { href: `/assets/icons/sheet.svg#${name}` }),
    );
}

let serial = 0;

/** An id that no other element on the page has. */
export function uniqueId(prefix) {
    serial += 1;
    return `${prefix}-${serial}`;
}

/** Dispatches an event that bubbles up: data goes down by property, and events go up. */
export function emit(element, name, detail) {
    element.dispatchEvent(new CustomEvent(name, { detail, bubbles: true }));
}

/** Scrolls an element into view, without animation for those who prefer less motion. */
export function reveal(element, block = 'nearest') {
    const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
    element.scrollIntoView({ behavior: still ? 'auto' : 'smooth', block });
}
