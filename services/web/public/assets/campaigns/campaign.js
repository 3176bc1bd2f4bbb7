/** One campaign: its planning, its plan and list, its result. */

import { nameOf } from '../batch/job.js';
import { fill, h } from '../lib/dom.js';
import { count, moment, percent, plural } from '../lib/format.js';
import { getJson } from '../lib/http.js';
import { Poll, pauseAfter } from '../lib/poll.js';
import { across } from '../lib/section.js';
import { showFailure, waiting } from '../shell/failure.js';
import { assumptions, basis, curve, headline, offers, sensitivity, told, twoLists } from './figures.js';
import { badgeOf } from './states.js';

/** Milliseconds between two looks, while it is planned and later. */
const BUSY_MS = 1000;
const IDLE_MS = 30_000;

export class CampaignView extends HTMLElement {
    /** The id of the campaign; set before it is shown. */
    campaign = '';
    #shown = '';

    connectedCallback() {
        this.heading = h('h2', { tabindex: -1 });
        this.badge = h('span');
        this.about = h('p.hint');
        this.progress = h('div.progress');
        this.actions = h('campaign-actions');
        this.said = h('p.visually-hidden', { role: 'status' });
        this.trouble = h('div');
        this.head = h('section.card.spaced', { hidden: true }, h('p.hint', {}, h('a', { href: '#/campaigns' }, 'All campaigns')), h('div.job-head', {}, this.heading, this.badge), this.about, this.progress, this.actions);
        this.body = h('div.sections');
        this.note = waiting('Asking for the campaign…');
        fill(this, this.note, this.trouble, this.head, this.said, this.body);
        this.poll = new Poll((signal) => this.#look(signal));
        this.addEventListener('campaign-changed', () => this.poll.now());
        this.addEventListener('campaign-stale', () => this.poll.now());
    }

    disconnectedCallback() {
        this.poll.stop();
    }

    async #look(signal) {
        try {
            const campaign = await getJson(`/campaigns/${encodeURIComponent(this.campaign)}`, { signal });
            if (signal.aborted) return 0;
            this.note.remove();
            fill(this.trouble);
            this.#show(campaign);
            return campaign.status === 'planning' ? BUSY_MS : IDLE_MS;
        } catch (error) {
            return signal.aborted ? 0 : this.#failed(error);
        }
    }

    /** @returns {number} milliseconds until the next look */
    #failed(error) {
        const gone = error.status === 404;
        this.note.remove();
        if (!gone) {
            showFailure(this.trouble, error, () => this.poll.now());
            return pauseAfter(error, IDLE_MS);
        }
        this.poll.stop();
        fill(this.trouble, missing());
        this.head.hidden = true;
        fill(this.body);
        return 0;
    }

    #show(campaign) {
        const { status, name } = campaign;
        const before = this.data?.status;
        this.data = campaign;
        this.head.hidden = false;
        if (this.heading.textContent !== name) this.heading.textContent = name;
        const [selector, word] = badgeOf(status);
        const badge = h(selector, {}, word);
        this.badge.replaceWith(badge);
        this.badge = badge;
        this.about.textContent = about(campaign);
        this.#advance(campaign);
        const hadFocus = this.actions.contains(document.activeElement);
        this.actions.campaign = campaign;
        if (before && before !== status) this.said.textContent = `${name}: ${word}`;
        if (this.#shown !== status) this.#fill(campaign);
        this.#shown = status;
        if (!before && document.activeElement?.matches('h1, body')) this.heading.focus();
        else if (hadFocus && !this.actions.querySelector(':focus')) this.heading.focus();
    }

    #advance({ status, progress }) {
        if (status !== 'planning') return fill(this.progress);
        const { total = 0, completed = 0, failed = 0 } = progress ?? {};
        const done = completed + failed;
        this.bar ??= h('progress', { 'aria-label': 'Planning' });
        if (total) Object.assign(this.bar, { max: total, value: done });
        const words = total ? `${percent(done / total, 0)} \u00b7 ${count(done)} of ${plural(total, 'row')}` : 'Waiting for a worker';
        return fill(this.progress, this.bar, h('p', {}, words));
    }

    #fill(campaign) {
        const { status } = campaign;
        const started = status === 'running' || status === 'closed';
        fill(this.body,
            status === 'failed' && failedPlan(campaign),
            started && [this.#part('campaign-result', campaign), this.#part('call-list', campaign), folded(campaign)],
            status === 'planned' && (campaign.customers.chosen ? [brings(campaign), this.#part('call-list', campaign), rests(campaign)] : nobody(campaign)));
    }

    #part(tag, campaign) {
        const part = h(`${tag}.across`);
        part.campaign = campaign;
        return part;
    }
}

function about({ source, planned_at: planned, started_at: started, closed_at: closed, expires_at: expires, created_at: created }) {
    return [
        `From ${nameOf(source)}, scored by release ${source.model_version}.`,
        planned ? `Planned ${moment(planned)}.` : `Begun ${moment(created)}.`,
        started && `Started ${moment(started)}.`,
        closed && `Closed ${moment(closed)}.`,
        `Kept until ${moment(expires)}${planned && !started ? ' unless it is started' : ''}.`,
    ].filter(Boolean).join(' ');
}

function missing() {
    return h('section.card.spaced', {}, h('h2', {}, 'No such campaign'),
        h('p', { role: 'alert' }, 'The campaign of this link is not here. It was deleted, or it was never started and has expired.'),
        h('p', {}, h('a', { href: '#/campaigns' }, 'All campaigns')));
}

function failedPlan({ error, source }) {
    return across('This campaign could not be planned',
        h('p.field-error', {}, error ?? 'The service does not say why.'),
        h('p', {}, 'Nothing of it is kept but this message. ', h('a', { href: `#/campaigns?job=${encodeURIComponent(source.job)}` }, 'Plan it again'), ', or delete it.'));
}

function nobody(campaign) {
    return [across('There is nobody to call', told(campaign), curve(campaign)), ...rests(campaign)];
}

/** What is decided on. */
function brings(campaign) {
    return [
        across('What this plan brings', headline(campaign), told(campaign)),
        campaign.experiment && across('Two lists', twoLists(campaign)),
        across('How many are worth it?', curve(campaign)),
    ];
}

/** What the decision rests on. */
function rests(campaign) {
    return [
        across('Offers', offers(campaign)),
        across('If assumptions are wrong', sensitivity(campaign), assumptions(campaign)),
        across('Customers', basis(campaign)),
    ];
}

/** Once it is started, the plan is what was promised: at hand, but not in the way of the result. */
function folded(campaign) {
    const details = h('details', {}, h('summary', {}, 'What was planned'));
    // Charts are drawn when they are seen for the first time.
    details.addEventListener('toggle', () => details.childElementCount > 1 || details.append(
        h('div.spaced', {}, told(campaign), campaign.experiment && twoLists(campaign), curve(campaign), offers(campaign), sensitivity(campaign), assumptions(campaign), basis(campaign))));
    return across('The plan', headline(campaign), details);
}
