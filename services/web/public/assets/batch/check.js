/** What the service makes of a file's beginning. It alone judges: a second opinion here could only contradict it. */

import { request } from '../lib/http.js';

/** As much as the service looks at. */
const SAMPLE_BYTES = 256 * 1024;

/**
 * @typedef {{ok: boolean, error: string|null, errors: {message: string}[], columns: string[], ignored_columns: string[],
 *   absent_columns: string[], notes: string[], rows: number|null, sample: Record<string, string>[]}} Look
 * @param {File} file @param {AbortSignal} signal @returns {Promise<Look>}
 */
export async function check(file, signal) {
    const body = await beginning(file);
    const query = new URLSearchParams({ name: file.name, size: String(file.size) });
    const headers = { 'Content-Type': 'application/octet-stream' };
    return (await request(`/jobs/check?${query}`, { method: 'POST', headers, body, signal })).json();
}

/** A file that changed since it was chosen can no longer be read, and neither can a folder. */
export class Unreadable extends Error {}

async function beginning(file, size = SAMPLE_BYTES) {
    try {
        return await file.slice(0, size).arrayBuffer();
    } catch {
        throw new Unreadable(`${file.name} cannot be read: it has changed or was moved since you chose it, or it is a folder. Choose it again.`);
    }
}

/** Throws Unreadable where the file is no longer what was chosen. */
export async function assertUnchanged(file) {
    await beginning(file, 1);
}
