/** An element: `h('p.note', {id: 'x'}, 'text', child)`; text only ever becomes a text node. */
export function h(selector, attributes = {}, ...children) {
    const [tag, ...classes] = selector.split('.');
    const element = document.createElement(tag);
    element.className = classes.join(' ');
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children.flat(Infinity).filter((child) => child || child === 0));
    return element;
}

/** Text with what stands between backticks as code. */
export function prose(text) {
    return text.split('`').map((part, position) => (position % 2 ? h('code', {}, part) : part));
}
