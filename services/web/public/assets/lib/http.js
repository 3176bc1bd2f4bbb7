/** Requests to the API, its one error body, and the key that it may want. */

import { askForKey, heldKey, refused } from './key.js';

/** What the API, the site's proxy or the network said went wrong. */
export class ApiError extends Error {
    /**
     * @param {number} status 0 where there was no answer @param {Record<string, any>} body
     * @param {number} [retryAfter] seconds that the service wants to be left alone
     */
    constructor(status, body, retryAfter = 0) {
        super(body.error);
        this.name = 'ApiError';
        this.status = status;
        this.type = body.error_type;
        this.fields = body.errors ?? [];
        this.requestId = body.request_id;
        this.retryAfter = retryAfter;
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

/** Calls `attempt`, and again with another key as often as the service refuses the one that is held. */
export async function withKey(attempt) {
    const key = heldKey();
    try {
        return await attempt();
    } catch (error) {
        if (error.status !== 401) throw error;
        if (refused(key)) await askForKey(key);
        return withKey(attempt);
    }
}

/**
 * Fetches, asks for a key where one is wanted, and throws an ApiError for anything but success.
 * @param {string} path @param {RequestInit & {quiet?: boolean}} [options] quiet: nobody waits, so never ask for a key
 * @returns {Promise<Response>}
 */
export function request(path, { quiet = false, ...options } = {}) {
    const attempt = () => fetched(path, { ...options, headers: { ...options.headers, ...keyHeaders() } });
    return quiet ? attempt() : withKey(attempt);
}

/** One request, without a word about keys. @returns {Promise<Response>} the answer of a success */
export async function fetched(path, options) {
    const answer = await fetch(path, options).catch((reason) => {
        throw reason.name === 'AbortError' ? reason : new ApiError(0, UNREACHABLE);
    });
    if (answer.ok) return answer;
    const text = await answer.text().catch(() => '');
    throw new ApiError(answer.status, readBody(text, answer.status), secondsOf(answer.headers.get('Retry-After')));
}

/** Retry-After holds seconds or a date. */
function secondsOf(header) {
    if (!header) return 0;
    const seconds = /^\d+$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1000;
    return Math.max(seconds, 0) || 0;
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
