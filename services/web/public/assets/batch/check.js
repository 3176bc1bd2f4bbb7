/** How the service reads the start of a file. There are no checks here, which could contradict the service's. */

import { request } from '../lib/http.js';
import { isJson } from './upload.js';

/** The bytes that the service looks at. */
const SAMPLE_BYTES = 256 * 1024;

/**
 * @typedef {{ok: boolean, error: string|null, errors: {message: string}[], columns: string[], ignored_columns: string[],
 *   absent_columns: string[], notes: string[], rows: number|null, sample: Record<string, string>[]}} Look
 * @param {import('./kinds.js').Kind} kind @param {File} file @param {AbortSignal} signal @returns {Promise<Look>}
 */
export async function check(kind, file, signal) {
    if (isJson(kind, file)) throw new Error('JSON is read as a whole, so it has no first lines to look at.');
    const body = await beginning(file);
    const query = new URLSearchParams({ name: file.name, size: String(file.size) });
    const headers = { 'Content-Type': 'application/octet-stream' };
    return (await request(`${kind.check}?${query}`, { method: 'POST', headers, body, signal })).json();
}

/** The file has changed since it was chosen, or is a folder, so the browser cannot read it. */
export class Unreadable extends Error {}

async function beginning(file, size = SAMPLE_BYTES) {
    try {
        return await file.slice(0, size).arrayBuffer();
    } catch {
        throw new Unreadable(`${file.name} cannot be read: it has changed or was moved since you chose it, or it is a folder. Choose it again.`);
    }
}

/** Throws Unreadable if the file has changed since it was chosen. */
export async function assertUnchanged(file) {
    await beginning(file, 1);
}
