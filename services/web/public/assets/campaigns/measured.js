/** The campaigns that measured an offer, for plans that go by what was measured. */

import { getJson } from '../lib/http.js';

/** The newest campaigns among which closed ones are looked for, and the most of these that are looked into. */
const LOOKED_AT = 50;
const LOOKED_INTO = 5;

/** @returns {Promise<Map<string, {id: string, name: string}[]>>} by the offer's name, the newest first */
export async function measuredBy() {
    const { data } = await getJson(`/campaigns?limit=${LOOKED_AT}`);
    const closed = data.filter(({ status, result }) => status === 'closed' && result?.final).slice(0, LOOKED_INTO);
    const found = new Map();
    for (const { id, name, plan } of (await Promise.all(closed.map(whole))).filter(Boolean)) {
        for (const offer of plan.offers) {
            found.set(offer.name, [...(found.get(offer.name) ?? []), { id, name }]);
        }
    }
    return found;
}

/** A campaign with its plan, or null if it was deleted meanwhile or cannot be read: plans can be made without it. */
function whole({ id }) {
    return getJson(`/campaigns/${encodeURIComponent(id)}`).catch((error) => {
        if (error.status === 404 || error.status >= 500) return null;
        throw error;
    });
}
