/** Polls the service's health, release and declaration, once for all parts of the page that show them. */

import { getJson } from '../lib/http.js';
import { followSchema } from '../lib/schema.js';

/** @typedef {{health: any, model: any, error: Error | null, locked: boolean}} State locked: a key is wanted, or another one */

const EVERY_MS = 30_000;
/** @type {Set<(state: State) => void>} */
const listeners = new Set();
/** @type {State} */
let state = { health: null, model: null, error: null, locked: false };
let started = false;

/** Calls `listener` with the current state and after every change. @returns {() => void} stops it */
export function watch(listener) {
    listeners.add(listener);
    if (state.health || state.error) listener(state);
    if (!started) {
        started = true;
        look();
        setInterval(() => document.hidden || look(), EVERY_MS);
        document.addEventListener('key-given', look);
        addEventListener('online', look);
        addEventListener('offline', look);
        document.addEventListener('visibilitychange', () => document.hidden || look());
    }
    return () => listeners.delete(listener);
}

async function look() {
    try {
        const [health, found] = await Promise.all([getJson('/health', { quiet: true }), release()]);
        state = { health, error: null, ...found };
    } catch (error) {
        state = { ...state, error };
    }
    for (const listener of listeners) listener(state);
    followSchema();
}

/** The release in service, or null if there is none yet or a key is needed to see it. */
async function release() {
    try {
        return { model: await getJson('/model_info', { quiet: true }), locked: false };
    } catch (error) {
        if (error.status === 503) return { model: null, locked: false };
        if (error.status === 401 || error.status === 403) return { model: null, locked: true };
        throw error;
    }
}
