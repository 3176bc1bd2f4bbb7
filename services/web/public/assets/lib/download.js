/**
 * Downloads. The service is asked first whether there is a file, so that a link which fails says why on the page; then
 * the browser takes it itself, or with a key, which no link can carry, through a request.
 */

import { fill, h, icon } from './dom.js';
import { request } from './http.js';
import { heldKey } from './key.js';
import { failure } from '../shell/failure.js';

/** @param {string} name where the answer names no file itself @param {Element} trouble where a failure is shown */
export function downloadLink(label, href, name, trouble, attributes = {}) {
    const link = h('a.button', { href, download: name, ...attributes }, icon('download'), label);
    link.addEventListener('click', (event) => {
        event.preventDefault();
        take(href, name, trouble);
    });
    return link;
}

async function take(href, name, trouble) {
    fill(trouble);
    try {
        if (heldKey()) {
            const answer = await request(href);
            save(await answer.blob(), nameIn(answer.headers.get('Content-Disposition')) ?? name);
        } else {
            await request(href, { method: 'HEAD' }).catch(() => request(href));
            h('a', { href, download: name }).click();
        }
    } catch (error) {
        fill(trouble, failure(error, error.status === 404 ? null : () => take(href, name, trouble)));
    }
}

/** The name that a Content-Disposition gives, that of RFC 5987 first, which alone may hold all letters. */
export function nameIn(disposition) {
    const [, encoded] = /filename\*=UTF-8''([^;]+)/i.exec(disposition ?? '') ?? [];
    if (encoded) return decodeURIComponent(encoded);
    return /filename="?([^";]+)"?/.exec(disposition ?? '')?.[1];
}

/** An address with a further parameter. */
export function withParameter(href, parameter) {
    return `${href}${href.includes('?') ? '&' : '?'}${parameter}`;
}

/** Hands the browser a file that is already here. */
export function save(blob, filename) {
    const link = h('a', { href: URL.createObjectURL(blob), download: filename });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** Saves CSV with the byte order mark by which Excel knows UTF-8. @param {BlobPart[]} parts */
export function saveCsv(parts, filename) {
    save(new Blob(['\ufeff', ...parts], { type: 'text/csv' }), filename);
}
