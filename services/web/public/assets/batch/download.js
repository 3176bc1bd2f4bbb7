/** Downloads. A plain link where that is enough; with a key, which no link can carry, through a request. */

import { fill, h, icon } from '../lib/dom.js';
import { request } from '../lib/http.js';
import { heldKey } from '../lib/key.js';
import { failure } from '../shell/failure.js';

/** @param {Element} trouble where a failure is shown */
export function downloadLink(label, href, describedBy, trouble) {
    const link = h('a.button', { href, download: '', 'aria-describedby': describedBy }, icon('download'), label);
    link.addEventListener('click', (event) => {
        if (!heldKey()) return;
        event.preventDefault();
        fetchAndSave(href, trouble);
    });
    return link;
}

async function fetchAndSave(href, trouble) {
    try {
        const answer = await request(href);
        const [, name] = /filename="([^"]+)"/.exec(answer.headers.get('Content-Disposition')) ?? ['', 'download.csv'];
        save(await answer.blob(), name);
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
