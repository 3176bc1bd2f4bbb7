/** Requests to the API, its one error body, and the key that it may want. */

import { askForKey, forgetKey, heldKey } from './key.js';

/** What the API, the site's proxy or the network said went wrong. */
export class ApiError extends Error {
    /** @param {number} status 0 where there was no answer @param {Record<string, any>} body */
    constructor(status, body) {
        super(body.error);
        this.name = 'ApiError';
        this.status = status;
        this.type = body.error_type;
        this.fields = body.errors ?? [];
        this.requestId = body.request_id;
    }
}

const UNREACHABLE = {
    error: 'The service cannot be reached. Check the connection and try again.',
    error_type: 'Unreachable',
};

/** The headers that carry the key, if one is held. @returns {Record<string, string>} */
export function keyHeaders() {
    const key = heldKey();
    return key ? { Authorization: `Bearer ${key}` } : {};
}

/**
 * Fetches, asks for a key where one is wanted, and throws an ApiError for anything but success.
 * @param {string} path @param {RequestInit & {quiet?: boolean}} [options] quiet: nobody waits, so never ask for a key
 * @returns {Promise<Response>}
 */
export async function request(path, { quiet = false, ...options } = {}) {
    const answer = await send(path, options);
    if (answer.ok) return answer;
    const error = await errorOf(answer);
    if (error.status !== 401 || quiet) throw error;
    forgetKey();
    await askForKey(error.message);
    return request(path, options);
}

async function send(path, options) {
    try {
        return await fetch(path, { ...options, headers: { ...options.headers, ...keyHeaders() } });
    } catch (reason) {
        if (reason.name === 'AbortError') throw reason;
        throw new ApiError(0, UNREACHABLE);
    }
}

async function errorOf(answer) {
    return new ApiError(answer.status, readBody(await answer.text(), answer.status));
}

/** The error body in `text`; one of our own where something else answered in the API's place. */
export function readBody(text, status) {
    try {
        const body = JSON.parse(text);
        if (typeof body.error === 'string') return body;
    } catch {
        // Not JSON: something between here and the API answered.
    }
    return { error: `The service answered with status ${status}.`, error_type: 'Unexpected' };
}

/** @param {string} path @param {RequestInit & {quiet?: boolean}} [options] @returns {Promise<any>} */
export async function getJson(path, options) {
    return (await request(path, options)).json();
}

/** @param {string} path @param {unknown} data @param {RequestInit} [options] @returns {Promise<any>} */
export async function postJson(path, data, options = {}) {
    const headers = { 'Content-Type': 'application/json' };
    return (await request(path, { ...options, method: 'POST', headers, body: JSON.stringify(data) })).json();
}
