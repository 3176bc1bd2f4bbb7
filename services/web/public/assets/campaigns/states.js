/** The states of a campaign in words. */

/** @type {Record<string, {word: string, tone: string}>} tone of the badge, as of risk bands */
export const STATES = {
    planning: { word: 'being planned', tone: '' },
    planned: { word: 'planned', tone: 'medium' },
    running: { word: 'running', tone: 'low' },
    closed: { word: 'closed', tone: '' },
    failed: { word: 'failed', tone: 'high' },
};

/** The badge's selector and its word. @param {string} status @returns {[string, string]} */
export function badgeOf(status) {
    const { word, tone } = STATES[status] ?? { word: status, tone: '' };
    return [`span.band${tone ? `.${tone}` : ''}`, word];
}

/** Where a campaign is shown. */
export function placeOf(id) {
    return `#/campaigns?id=${encodeURIComponent(id)}`;
}
