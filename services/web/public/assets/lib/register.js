/** The only place where custom elements are registered; each page registers its own when it is first opened. */
export function register(elements) {
    for (const [tag, element] of Object.entries(elements)) {
        if (!customElements.get(tag)) customElements.define(tag, element);
    }
}
