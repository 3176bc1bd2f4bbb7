/**
 * The API key. It is kept while tabs of the site are open, and asked for once for all requests that want it. A new tab
 * takes the key from open ones, so that a copied link does not ask again.
 */

import { drop, keep, recall } from './storage.js';

const PLACE = 'churn-api-key';
/** Milliseconds that other tabs have to answer before the user is asked. */
const TABS_MS = 150;

/** @type {Promise<void> | null} */
let asking = null;

/** The current key, or null. */
export function currentKey() {
    return recall(PLACE);
}

function keepKey(key) {
    keep(PLACE, key);
    document.dispatchEvent(new CustomEvent('key-given'));
}

/** Forgets the key that was refused, unless it was replaced meanwhile. @returns {boolean} whether a key is still wanted */
export function refused(key) {
    if (currentKey() !== key) return false;
    drop(PLACE);
    return true;
}

/** Asks other tabs, then the user, for a key. Waiting requests share the question; it fails if no key is given. */
export function askForKey(refusedKey) {
    asking ??= fromTabs(refusedKey)
        .then((key) => key ?? fromPerson(refusedKey ? 'refused' : 'wanted'))
        .then(keepKey)
        .finally(() => (asking = null));
    return asking;
}

/** Asks for another key; the current one stays until it is given. */
export function changeKey() {
    asking ??= fromPerson('changed').then(keepKey).finally(() => (asking = null));
    return asking;
}

function fromPerson(reason) {
    return new Promise((resolve, reject) => {
        const answered = (key) => (key ? resolve(key) : reject(new Error('No key was given. The service answers only with one.')));
        document.dispatchEvent(new CustomEvent('key-wanted', { detail: { reason, answered } }));
    });
}

const tabs = channel();

/** The channel between the site's tabs, or null if the browser denies it together with site data. */
function channel() {
    try {
        const line = new BroadcastChannel(PLACE);
        line.onmessage = ({ data }) => {
            if (data.wanted && currentKey() && currentKey() !== data.refused) line.postMessage({ key: currentKey() });
            if (data.key) document.dispatchEvent(new CustomEvent('key-shared', { detail: data.key }));
        };
        return line;
    } catch {
        return null;
    }
}

/** The key of another tab, or null. */
function fromTabs(refusedKey) {
    if (!tabs) return Promise.resolve(null);
    return new Promise((resolve) => {
        const take = ({ detail }) => detail !== refusedKey && end(detail);
        const end = (key) => {
            clearTimeout(timer);
            document.removeEventListener('key-shared', take);
            resolve(key);
        };
        const timer = setTimeout(() => end(null), TABS_MS);
        document.addEventListener('key-shared', take);
        tabs.postMessage({ wanted: true, refused: refusedKey });
    });
}
