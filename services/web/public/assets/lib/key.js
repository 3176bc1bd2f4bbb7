/**
 * The API key: kept for the session of the site's open tabs, asked for once however many requests want it. A new tab
 * takes the key of those that are open, so that a copied link need not ask again.
 */

import { drop, keep, recall } from './storage.js';

const PLACE = 'churn-api-key';
/** How long other tabs have to answer before the person is asked. */
const TABS_MS = 150;

/** @type {Promise<void> | null} */
let asking = null;

/** The key that is held, or null. */
export function heldKey() {
    return recall(PLACE);
}

function keepKey(key) {
    keep(PLACE, key);
    document.dispatchEvent(new CustomEvent('key-given'));
}

/** Forgets the key that was refused, unless another has been given since. @returns {boolean} whether one is still wanted */
export function refused(key) {
    if (heldKey() !== key) return false;
    drop(PLACE);
    return true;
}

/** Asks the other tabs, then the person, for a key. Requests that wait share one question; it fails when none is given. */
export function askForKey(refusedKey) {
    asking ??= fromTabs(refusedKey)
        .then((key) => key ?? fromPerson(refusedKey ? 'refused' : 'wanted'))
        .then(keepKey)
        .finally(() => (asking = null));
    return asking;
}

/** Asks for another key in place of the one that is held, which stays until there is one. */
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

/** The line between the site's tabs, or null where the browser has none for pages without site data. */
function channel() {
    try {
        const line = new BroadcastChannel(PLACE);
        line.onmessage = ({ data }) => {
            if (data.wanted && heldKey() && heldKey() !== data.refused) line.postMessage({ key: heldKey() });
            if (data.key) document.dispatchEvent(new CustomEvent('key-shared', { detail: data.key }));
        };
        return line;
    } catch {
        return null;
    }
}

/** A key that another tab holds, or null. */
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
