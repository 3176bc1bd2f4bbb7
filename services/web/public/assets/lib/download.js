/** Downloads. A plain link where that is enough; with a key, which no link can carry, through a request. */

import { fill, h, icon } from './dom.js';
import { request } from './http.js';
import { heldKey } from './key.js';
import { failure } from '../shell/failure.js';

/** @param {string} name where the answer names no file itself @param {Element} trouble where a failure is shown */
export function downloadLink(label, href, name, trouble, attributes = {}) {
    const link = h('a.button', { href, download: name, ...attributes }, icon('download'), label);
    link.addEventListener('click', (event) => {
        if (!heldKey()) return;
        event.preventDefault();
        fetchAndSave(href, name, trouble);
    });
    return link;
}

async function fetchAndSave(href, name, trouble) {
    try {
        const answer = await request(href);
        const [, named] = /filename="([^"]+)"/.exec(answer.headers.get('Content-Disposition')) ?? [];
        save(await answer.blob(), named ?? name);
    } catch (error) {
        fill(trouble, failure(error));
    }
}

/** Hands the browser a file that is already here. */
export function save(blob, filename) {
    const link = h('a', { href: URL.createObjectURL(blob), download: filename });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
