/** A customer as a link, as JSON and as a command. */

import { currentKey } from '../lib/key.js';

/** A link that fills in the form. The customer is in the fragment, which browsers do not send to servers. */
export function linkFor(customer) {
    return `${location.origin}${location.pathname}#/customer?${new URLSearchParams(customer)}`;
}

export function jsonFor(customer) {
    return JSON.stringify(customer, null, 2);
}

/** A command for a POSIX shell. It refers to the key by a variable and does not contain it. */
export function curlFor(customer) {
    const key = currentKey() ? ` \\\n  -H "Authorization: Bearer $CHURN_API_KEY"` : '';
    const body = JSON.stringify(customer).replaceAll("'", String.raw`'\''`);
    return `curl -sS ${location.origin}/predict \\\n  -H 'Content-Type: application/json'${key} \\\n  -d '${body}'`;
}
