/**
 * Downloads. The service is first asked whether there is a file, so that the page can say why a link fails. Then the
 * browser downloads it or, with a key, which a link cannot carry, the page fetches it.
 */

import { fill, h, icon } from './dom.js';
import { request } from './http.js';
import { currentKey } from './key.js';
import { failure } from '../shell/failure.js';

/** @param {string} name the file's, unless the answer names one @param {Element} trouble shows a failure */
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
        if (currentKey()) {
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

/** The name in a Content-Disposition; preferably that of RFC 5987, as only this can have any letter. */
function nameIn(disposition) {
    const [, encoded] = /filename\*=UTF-8''([^;]+)/i.exec(disposition ?? '') ?? [];
    if (encoded) return decodeURIComponent(encoded);
    return /filename="?([^";]+)"?/.exec(disposition ?? '')?.[1];
}

/** The address with one more parameter. */
export function withParameter(href, parameter) {
    return `${href}${href.includes('?') ? '&' : '?'}${parameter}`;
}

/** Lets the browser save a file that is in memory. */
export function save(blob, filename) {
    const link = h('a', { href: URL.createObjectURL(blob), download: filename });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** Saves CSV with the byte order mark by which Excel recognises UTF-8. @param {BlobPart[]} parts */
export function saveCsv(parts, filename) {
    save(new Blob(['\ufeff', ...parts], { type: 'text/csv' }), filename);
}
