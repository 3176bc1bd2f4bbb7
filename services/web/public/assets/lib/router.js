/** The fragment names the page, as in `#/batch?job=job_1`. Browsers do not send it to servers. */

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
