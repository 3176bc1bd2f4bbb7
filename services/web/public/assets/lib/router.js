/** Pages live in the fragment: `#/customer?tenure=24`. What stands after # never reaches a server. */

/** The page and its parameters that a fragment names. @returns {{page: string, parameters: URLSearchParams}} */
export function parse(fragment) {
    const [path, query = ''] = fragment.replace(/^#\/?/, '').split('?');
    return { page: path || 'customer', parameters: new URLSearchParams(query) };
}

export function here() {
    return parse(location.hash);
}

/** Changes the fragment's parameters in place, without a new page in the history. */
export function remember(page, parameters) {
    const query = new URLSearchParams(parameters).toString();
    history.replaceState(null, '', `#/${page}${query ? `?${query}` : ''}`);
}
