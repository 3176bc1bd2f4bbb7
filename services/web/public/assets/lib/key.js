/** The API key: kept for this tab's session alone, asked for once however many requests want it. */

const PLACE = 'churn-api-key';

/** @type {Promise<void> | null} */
let asking = null;

/** The key that is held, or null. */
export function heldKey() {
    return sessionStorage.getItem(PLACE);
}

export function keepKey(key) {
    sessionStorage.setItem(PLACE, key);
}

export function forgetKey() {
    sessionStorage.removeItem(PLACE);
}

/** Asks the person for a key. Requests that wait share one question; it fails when none is given. */
export function askForKey(reason) {
    asking ??= new Promise((resolve, reject) => {
        const answered = (key) => {
            asking = null;
            if (!key) return reject(new Error('No key was given. The service answers only with one.'));
            keepKey(key);
            document.dispatchEvent(new CustomEvent('key-given'));
            return resolve();
        };
        document.dispatchEvent(new CustomEvent('key-wanted', { detail: { reason, answered } }));
    });
    return asking;
}
