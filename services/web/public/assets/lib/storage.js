/**
 * What is kept for this tab: in the browser's session storage, and in memory as well, because browsers that block site
 * data throw when the storage is used.
 */

/** @type {Map<string, string>} */
const memory = new Map();

/** The tab's storage, or null if the browser denies it. */
function storage() {
    try {
        return window.sessionStorage;
    } catch {
        return null;
    }
}

/** The text that is kept under a name, or null. */
export function recall(name) {
    return memory.get(name) ?? storage()?.getItem(name) ?? null;
}

/** @returns {boolean} whether it survives a reload */
export function keep(name, text) {
    memory.set(name, text);
    try {
        window.sessionStorage.setItem(name, text);
        return true;
    } catch {
        return false;
    }
}

export function drop(name) {
    memory.delete(name);
    storage()?.removeItem(name);
}
