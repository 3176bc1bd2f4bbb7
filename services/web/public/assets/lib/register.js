/** The one place where custom elements become known to the browser; pages bring theirs when they are first opened. */
export function register(elements) {
    for (const [tag, element] of Object.entries(elements)) {
        if (!customElements.get(tag)) customElements.define(tag, element);
    }
}
