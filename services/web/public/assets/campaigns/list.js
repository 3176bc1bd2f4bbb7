/** All campaigns, newest first, or what to do until there is one. */

import { nameOf } from '../batch/job.js';
import { fill, h } from '../lib/dom.js';
import { moment, whole } from '../lib/format.js';
import { getJson } from '../lib/http.js';
import { Poll, pauseAfter } from '../lib/poll.js';
import { loadSchema } from '../lib/schema.js';
import { showFailure, waiting } from '../shell/failure.js';
import { calls, inShort } from './sentences.js';
import { badgeOf, placeOf } from './states.js';

const PAGE = 20;
const BUSY_MS = 2000;
/** Milliseconds until the next look after one that failed. */
const PATIENT_MS = 15_000;

export class CampaignList extends HTMLElement {
    #campaigns = [];

    connectedCallback() {
        this.trouble = h('div');
        this.place = h('div', {}, waiting('Asking for campaigns…'));
        this.more = h('button.quiet', { type: 'button', hidden: true, onclick: () => this.#older() }, 'Show older campaigns');
        fill(this, h('section.card.spaced', { 'aria-labelledby': 'campaigns-title' },
            h('div.job-head', {}, h('h2', { id: 'campaigns-title', tabindex: -1 }, 'Campaigns'), h('a.button.primary', { href: '#/campaigns?new=1' }, 'Plan a campaign')),
            this.trouble, this.place, this.more));
        this.leaving = new AbortController();
        this.poll = new Poll((signal) => this.#look(signal));
    }

    disconnectedCallback() {
        this.poll.stop();
        this.leaving.abort();
    }

    /** Reads the newest page; looks again while one of its campaigns is being planned, and after a failure. */
    async #look(signal) {
        try {
            const [{ data, has_more: more }, { currency }] = await Promise.all([getJson(`/campaigns?limit=${PAGE}`, { signal }), loadSchema()]);
            if (signal.aborted) return 0;
            this.currency = currency;
            fill(this.trouble);
            if (this.#campaigns.length <= PAGE) this.more.hidden = !more;
            this.#campaigns = [...data, ...(more ? this.#campaigns.filter(isOlderThan(data)) : [])];
            this.#show();
            return data.some(({ status }) => status === 'planning') ? BUSY_MS : 0;
        } catch (error) {
            if (signal.aborted) return 0;
            this.#failed(error, () => this.poll.now());
            return pauseAfter(error, PATIENT_MS);
        }
    }

    async #older() {
        if (this.reading) return;
        this.reading = true;
        const { signal } = this.leaving;
        try {
            const { data, has_more: more } = await getJson(`/campaigns?limit=${PAGE}&after=${encodeURIComponent(this.#campaigns.at(-1).id)}`, { signal });
            this.#campaigns.push(...data);
            this.more.hidden = !more;
            fill(this.trouble);
            this.#show();
            this.place.querySelectorAll('h3 a')[this.#campaigns.length - data.length]?.focus();
        } catch (error) {
            if (!signal.aborted) this.#failed(error, () => this.#older());
        } finally {
            this.reading = false;
        }
    }

    #failed(error, again) {
        if (!this.#campaigns.length) fill(this.place);
        showFailure(this.trouble, error, again);
    }

    /** Redraws the list only if it looks otherwise, and leaves the focus on the campaign that has it. */
    #show() {
        const list = this.#campaigns.length ? h('ul.jobs', {}, this.#campaigns.map((each) => h('li', {}, entry(each, this.currency)))) : steps();
        if (this.place.firstChild?.isEqualNode(list)) return;
        const focused = this.place.contains(document.activeElement) && document.activeElement.hash;
        fill(this.place, list);
        if (focused) [...list.querySelectorAll('a')].find(({ hash }) => hash === focused)?.focus();
    }
}

/** Whether a campaign stands below a page of them; one that should be on the page but is not was deleted. */
function isOlderThan(page) {
    const named = new Set(page.map(({ id }) => id));
    return ({ id, created_at: created }) => !named.has(id) && created <= page.at(-1).created_at;
}

function entry(campaign, currency) {
    const { id, name, status, created_at: created, source } = campaign;
    const [badge, word] = badgeOf(status);
    return h('article.campaign', {},
        h('div.job-head', {}, h('h3', {}, h('a', { href: placeOf(id) }, name)), h(badge, {}, word)),
        h('p.hint', {}, `${moment(created)} \u00b7 from ${nameOf(source)}`),
        h('p', {}, summary(campaign, currency)));
}

function summary({ status, customers, expected, result, error }, currency) {
    if (status === 'failed') return error;
    if (!customers) return 'Its customers are being chosen.';
    const saved = result?.saved;
    if (saved && typeof saved.customers === 'number') return `${calls(customers)}; about ${whole(saved.customers)} saved${result.final ? '' : ' so far'} (95\u00a0% sure of ${whole(saved.low)} to ${whole(saved.high)}).`;
    return expected ? inShort({ customers, expected }, currency) : `${calls(customers)}.`;
}

/** The way from a file to what was saved. */
function steps() {
    const step = (title, ...words) => h('li', {}, h('p', {}, h('strong', {}, title)), h('p.hint', {}, words));
    return h('div.spaced', {},
        h('p', {}, 'There is no campaign yet. A campaign is planned, called and judged in five steps:'),
        h('ol.steps', {},
            step('Score a file of customers', 'With a column of customer IDs, on the ', h('a', { href: '#/batch' }, 'Batch page'), '.'),
            step('Plan', 'Say what you can offer and what you can spend; see at once what it would bring.'),
            step('Start and call', 'Download the list. Some customers on it are held out by chance: they are not called, so that there is something to compare with.'),
            step('Send what became of them', 'Who left and who stayed, called or not, on the ', h('a', { href: '#/quality' }, 'Quality page'), '.'),
            step('Read what was saved', 'Customers and money, each with the range that one can be sure of. The next plan goes by what was measured.')));
}
