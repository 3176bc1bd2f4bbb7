/** What a file's first kilobytes say: are its columns those of a customer, and what do its first rows look like? */

import { parseCsv } from '../lib/csv.js';

/** Enough for the header and a preview of any sensible file. */
const SAMPLE_BYTES = 256 * 1024;
const PREVIEW_ROWS = 5;

/** Columns that a file may have beside the customer's fields. */
const EXTRA = ['customerID', 'Churn'];

/**
 * @typedef {{faults: string[], header: string[], rows: string[][], estimate: number}} Inspection
 * @param {File} file @param {import('../lib/schema.js').Schema} schema @returns {Promise<Inspection>}
 */
export async function inspect(file, schema) {
    const whole = file.size <= SAMPLE_BYTES;
    const bytes = new Uint8Array(await file.slice(0, SAMPLE_BYTES).arrayBuffer());
    const text = new TextDecoder().decode(bytes);
    if (file.size === 0) return { faults: ['The file is empty.'], header: [], rows: [], estimate: 0 };
    const [header, ...rows] = parseCsv(whole ? text : text.slice(0, text.lastIndexOf('\n') + 1));
    const names = (header ?? []).map((name) => name.trim());
    return { faults: faultsOf(names, schema), header: names, rows: rows.slice(0, PREVIEW_ROWS), estimate: estimate(file, text, rows, whole) };
}

/** Rows in the file: counted where all of it was read, else from the length of those that were. */
function estimate(file, text, rows, whole) {
    if (whole) return rows.length;
    return Math.round((file.size / Math.max(text.length, 1)) * rows.length);
}

/** What keeps the header from being a customer's, in sentences that name every column. @returns {string[]} */
export function faultsOf(names, schema) {
    const wanted = schema.fields.map(({ name }) => name);
    const missing = wanted.filter((name) => !names.includes(name));
    const unknown = [...new Set(names.filter((name) => !wanted.includes(name) && !EXTRA.includes(name)))];
    const repeated = [...new Set(names.filter((name, at) => names.indexOf(name) !== at))];
    if (missing.length === wanted.length) return [notTheTable(names)];
    return [
        missing.length && `Missing: ${missing.join(', ')}.`,
        repeated.length && `More than once: ${repeated.join(', ')}.`,
        unknown.length && `Not known: ${unknown.map((name) => name.slice(0, 40) || '(no name)').join(', ')}.`,
    ].filter(Boolean);
}

function notTheTable(names) {
    const other = [';', '\t'].find((sign) => names.some((name) => name.includes(sign)));
    if (other) return `The columns are separated by ${other === ';' ? 'semicolons' : 'tabs'}; save the file with commas.`;
    return 'The first line names none of the nineteen columns. It must be the header row.';
}
