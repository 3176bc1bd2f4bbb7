/** The trainer's plots. An image element cannot send a key, so with a key they are fetched and then shown. */

import { fill, h } from '../lib/dom.js';
import { upperFirst } from '../lib/format.js';
import { request } from '../lib/http.js';
import { currentKey } from '../lib/key.js';
import { section } from '../lib/section.js';

export class ReleasePictures extends HTMLElement {
    set info({ version, files = {} }) {
        const names = Object.keys(files).filter((name) => name.endsWith('.png'));
        this.hidden = names.length === 0;
        if (this.hidden) return;
        const pictures = names.map((name) => picture(`/releases/${version}/files/${name}`, title(name)));
        fill(this, section('The trainer\u2019s plots', h('div.pictures', {}, pictures)));
    }
}

/** churn_dashboard.png → "Churn dashboard". */
function title(name) {
    const words = name.split('/').at(-1).replace(/(_\d{8}_\d{6})?\.png$/, '').replaceAll('_', ' ');
    return upperFirst(words);
}

function picture(href, name) {
    const image = currentKey() ? painted(href, name) : h('img', { src: href, alt: name, loading: 'lazy' });
    const whole = currentKey() ? image : h('a', { href }, image);
    return h('figure', {}, whole, h('figcaption.hint', {}, name));
}

function painted(href, name) {
    const canvas = h('canvas', { role: 'img', 'aria-label': name });
    request(href)
        .then((answer) => answer.blob())
        .then(createImageBitmap)
        .then((bitmap) => {
            Object.assign(canvas, { width: bitmap.width, height: bitmap.height });
            canvas.getContext('2d').drawImage(bitmap, 0, 0);
        })
        .catch((error) => canvas.replaceWith(h('p.field-error', {}, error.message)));
    return canvas;
}
