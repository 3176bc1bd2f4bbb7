/** One watch of the service's health and release for all who show it. */

import { getJson } from '../lib/http.js';

/** @typedef {{health: any, model: any, error: Error | null}} State */

const EVERY_MS = 30_000;
/** @type {Set<(state: State) => void>} */
const listeners = new Set();
/** @type {State} */
let state = { health: null, model: null, error: null };
let started = false;

/** Calls `listener` with what is known now and with every change. @returns {() => void} ends it */
export function watch(listener) {
    listeners.add(listener);
    if (state.health || state.error) listener(state);
    if (!started) {
        started = true;
        look();
        setInterval(() => document.hidden || look(), EVERY_MS);
        document.addEventListener('key-given', look);
    }
    return () => listeners.delete(listener);
}

async function look() {
    try {
        const [health, model] = await Promise.all([getJson('/health', { quiet: true }), release()]);
        state = { health, model, error: null };
    } catch (error) {
        state = { ...state, error };
    }
    for (const listener of listeners) listener(state);
}

/** The release in service, or null where there is none yet. */
async function release() {
    try {
        return await getJson('/model_info', { quiet: true });
    } catch (error) {
        if (error.status === 503) return null;
        throw error;
    }
}
