/** What was typed into the form, kept for this tab: a look at another page, Back and a reload find it again. */

import { keep, recall } from '../lib/storage.js';

const PLACE = 'churn-customer';

/**
 * @typedef {{answers: Record<string, string>, answered: boolean}} Draft answered: there was a prediction
 * @param {Draft} draft
 */
export function keepDraft(draft) {
    const text = JSON.stringify(draft);
    // Where the browser blocks site data, the entry of the tab's history still outlives a reload. No address holds it.
    if (!keep(PLACE, text)) history.replaceState({ [PLACE]: text }, '');
}

/** @returns {Draft | null} */
export function keptDraft() {
    const text = recall(PLACE) ?? history.state?.[PLACE];
    return text ? JSON.parse(text) : null;
}
