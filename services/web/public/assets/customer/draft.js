/** What was typed into the form, kept for this tab so that another page, Back or a reload do not lose it. */

import { keep, recall } from '../lib/storage.js';

const PLACE = 'churn-customer';

/**
 * @typedef {{answers: Record<string, string>, answered: boolean}} Draft answered: there was a prediction
 * @param {Draft} draft
 */
export function keepDraft(draft) {
    const text = JSON.stringify(draft);
    // If the browser blocks site data, the tab's history entry still survives a reload, and keeps this out of the address.
    if (!keep(PLACE, text)) history.replaceState({ [PLACE]: text }, '');
}

/** @returns {Draft | null} */
export function keptDraft() {
    const text = recall(PLACE) ?? history.state?.[PLACE];
    return text ? JSON.parse(text) : null;
}
