/** What the check of a chosen file found, in words and as a table of its first rows. */

import { h, icon } from '../lib/dom.js';
import { bytes, plural, sentenceList } from '../lib/format.js';

const PREVIEW_ROWS = 5;

/**
 * The sentences, which are short because they are read out.
 * @param {File} file @param {import('./check.js').Look} look @param {import('./kinds.js').Kind} kind
 */
export function report(file, look, kind) {
    const size = h('p.chosen', {}, h('strong', {}, file.name), ` · ${bytes(file.size)}${look.rows === null ? '' : ` · about ${plural(look.rows, 'row')}`}`);
    return [size, look.ok ? h('p.fine', {}, icon('stay'), kind.complete(look)) : faulty(look, kind), aside(look)];
}

/** The message if the service did not answer the check: it will check the file when it is sent. */
export function unjudged(file, error) {
    return [
        h('p.chosen', {}, h('strong', {}, file.name), ` · ${bytes(file.size)}`),
        h('p.hint', {}, 'The file could not be looked at beforehand. It can be sent all the same, and is judged then.'),
        h('p.hint', {}, error.message),
    ];
}

function faulty({ error, errors }, kind) {
    const sentences = errors.map(({ message }) => message);
    return h('div.failure', {}, icon('warning'), h('div', {},
        h('p', {}, kind.faulty),
        error && !sentences.includes(error) && h('p', {}, error),
        h('ul', {}, sentences.map((sentence) => h('li', {}, sentence))),
    ));
}

/** How a file was read, and which columns were ignored; for a chosen file and for a job. */
export function aside({ ignored_columns: ignored = [], notes = [] }) {
    const words = [...notes, ignored.length && `Left out, because no field has ${ignored.length === 1 ? 'this name' : 'these names'}: ${sentenceList(ignored)}.`];
    return words.filter(Boolean).map((sentence) => h('p.hint', {}, sentence));
}

/** @param {import('./check.js').Look} look */
export function preview({ columns, sample }) {
    if (!sample.length) return null;
    return h('div.scroll.preview', { role: 'region', tabindex: 0, 'aria-label': 'First rows of the file' },
        h('table', {},
            h('thead', {}, h('tr', {}, columns.map((name) => h('th', { scope: 'col' }, name)))),
            h('tbody', {}, sample.slice(0, PREVIEW_ROWS).map((row) => h('tr', {}, columns.map((name) => h('td', {}, row[name] ?? ''))))),
        ),
    );
}
