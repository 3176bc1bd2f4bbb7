/** A customer as a link, as JSON and as a command. */

import { heldKey } from '../lib/key.js';

/** A link that fills the form in; the customer stands in the fragment, which browsers keep to themselves. */
export function linkFor(customer) {
    return `${location.origin}${location.pathname}#/customer?${new URLSearchParams(customer)}`;
}

export function jsonFor(customer) {
    return JSON.stringify(customer, null, 2);
}

/** A command for a POSIX shell. A key is named, never written out. */
export function curlFor(customer) {
    const key = heldKey() ? ` \\\n  -H "Authorization: Bearer $CHURN_API_KEY"` : '';
    const body = JSON.stringify(customer).replaceAll("'", String.raw`'\''`);
    return `curl -sS ${location.origin}/predict \\\n  -H 'Content-Type: application/json'${key} \\\n  -d '${body}'`;
}
