/** Requests to the API, with its error body and the key that it may want. */

import { askForKey, currentKey, refused } from './key.js';

/** An error of the API, the site's proxy or the network. */
export class ApiError extends Error {
    /**
     * @param {number} status 0 if there was no answer @param {Record<string, any>} body
     * @param {number} [retryAfter] seconds that the service asks to wait
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

/** The header that sends the key, if there is one. @returns {Record<string, string>} */
export function keyHeaders() {
    const key = currentKey();
    return key ? { Authorization: `Bearer ${key}` } : {};
}

/** Calls `attempt`, and again with another key each time that the service refuses the current one. */
export async function withKey(attempt) {
    const key = currentKey();
    try {
        return await attempt();
    } catch (error) {
        if (error.status !== 401) throw error;
        if (refused(key)) await askForKey(key);
        return withKey(attempt);
    }
}

/**
 * Fetches, asks for a key if one is wanted, and throws an ApiError unless the request succeeds.
 * @param {string} path @param {RequestInit & {quiet?: boolean}} [options] quiet: never ask for a key, as nobody waits
 * @returns {Promise<Response>}
 */
export function request(path, { quiet = false, ...options } = {}) {
    const attempt = () => fetched(path, { ...options, headers: { ...options.headers, ...keyHeaders() } });
    return quiet ? attempt() : withKey(attempt);
}

/** A single request that never asks for a key. @returns {Promise<Response>} the answer of a success */
export async function fetched(path, options) {
    const answer = await fetch(path, options).catch((reason) => {
        throw reason.name === 'AbortError' ? reason : new ApiError(0, UNREACHABLE);
    });
    if (answer.ok) return answer;
    const text = await answer.text().catch(() => '');
    throw new ApiError(answer.status, readBody(text, answer.status), secondsOf(answer.headers.get('Retry-After')));
}

/** The seconds in Retry-After, which is a number or a date. */
function secondsOf(header) {
    if (!header) return 0;
    const seconds = /^\d+$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1000;
    return Math.max(seconds, 0) || 0;
}

/** The error body in `text`, or one that is made here if something other than the API answered. */
export function readBody(text, status) {
    try {
        const body = JSON.parse(text);
        if (typeof body.error === 'string') return body;
    } catch {
        // Not JSON, so something between here and the API has answered.
    }
    return { error: `The service answered with status ${status}.`, error_type: 'Unexpected' };
}

/** @param {string} path @param {RequestInit & {quiet?: boolean}} [options] @returns {Promise<any>} */
export async function getJson(path, options) {
    return (await request(path, options)).json();
}

/** @param {string} path @param {unknown} data @param {RequestInit} [options] @returns {Promise<any>} */
export async function postJson(path, data, options = {}) {
    const headers = { 'Content-Type': 'application/json', ...options.headers };
    return (await request(path, { ...options, method: 'POST', headers, body: JSON.stringify(data) })).json();
}
