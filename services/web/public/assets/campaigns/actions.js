/** What can be done with a campaign, each after a question that says what it means. Emits `campaign-changed` and `campaign-deleted`. */

import { emit, fill, h } from '../lib/dom.js';
import { plural } from '../lib/format.js';
import { request } from '../lib/http.js';
import { failure } from '../shell/failure.js';
import { question } from '../shell/question.js';

/** @typedef {{label: string, sure: string, keep: string, method: string, rest: string, kind: 'primary' | 'danger', question: (campaign: any) => string}} Action */

/** @type {Record<string, Action>} */
const ACTIONS = {
    start: {
        label: 'Start', sure: 'Start the campaign', keep: 'Not yet', method: 'POST', rest: '/start', kind: 'primary',
        question: ({ name, customers: { treat, hold_out: heldOut } }) =>
            `Start ${name}? From now on it counts who leaves. Call the ${plural(treat, 'customer')} of the list${heldOut ? `, and see to it that nobody calls the ${plural(heldOut, 'held-out customer')} (hold_out in the list): a single one who is called blurs the comparison` : ''}.`,
    },
    close: {
        label: 'Close', sure: 'Close the campaign', keep: 'Keep it running', method: 'POST', rest: '/close', kind: 'primary',
        question: ({ name }) => `Close ${name}? Close it when the calls are made and the outcomes are in: its customers are free for other campaigns, and it cannot be started again. Outcomes that are sent later still count.`,
    },
    cancel: {
        label: 'Cancel', sure: 'Cancel the planning', keep: 'Go on', method: 'DELETE', rest: '', kind: 'danger',
        question: ({ name }) => `Cancel the planning of ${name}? Nothing of it is kept.`,
    },
    delete: {
        label: 'Delete', sure: 'Delete for good', keep: 'Keep', method: 'DELETE', rest: '', kind: 'danger',
        question: ({ name, status }) => `Delete ${name}${status === 'closed' ? ', its list, its result and what it measured' : ''}, for everyone and for good?${status === 'closed' ? ' Who was called is kept: nobody is called again too early.' : ''}`,
    },
};

/** @type {Record<string, string[]>} */
const POSSIBLE = { planning: ['cancel'], planned: ['start', 'delete'], running: ['close'], closed: ['delete'], failed: ['delete'] };

export class CampaignActions extends HTMLElement {
    #shown = '';

    connectedCallback() {
        if (this.childElementCount) return;
        this.buttons = h('div.buttons');
        this.trouble = h('div');
        fill(this, this.buttons, this.trouble);
    }

    /** Redraws only what has changed, so that the focus and a question stay where they are. @param {any} campaign */
    set campaign(campaign) {
        this.data = campaign;
        if (this.#shown === campaign.status) return;
        this.#shown = campaign.status;
        this.#offer();
    }

    #offer() {
        fill(this.buttons, (POSSIBLE[this.#shown] ?? []).map((name) => {
            const { label, kind } = ACTIONS[name];
            return h(`button${kind === 'primary' ? '.primary' : '.quiet'}`, { type: 'button', onclick: () => this.#ask(name) }, label);
        }));
    }

    #ask(name) {
        const action = ACTIONS[name];
        fill(this.trouble);
        fill(this.buttons, question(action.question(this.data), action, () => this.#back(name), () => this.#act(name)));
        this.buttons.querySelector('button').focus();
    }

    /** Offers the actions again, and if the question had the focus, gives it to the one that was asked about. */
    #back(name) {
        const hadFocus = this.buttons.contains(document.activeElement);
        this.#offer();
        if (hadFocus) [...this.buttons.children].find(({ textContent }) => textContent === ACTIONS[name].label)?.focus();
    }

    async #act(name) {
        if (this.acting) return;
        this.acting = true;
        const { method, rest } = ACTIONS[name];
        try {
            await request(`/campaigns/${encodeURIComponent(this.data.id)}${rest}`, { method });
            this.#done(name);
        } catch (error) {
            if (method === 'DELETE' && error.status === 404) this.#done(name);
            else this.#failed(error, name);
        } finally {
            this.acting = false;
        }
    }

    #done(name) {
        if (!this.isConnected) return;
        this.#shown = '';
        fill(this.trouble);
        emit(this, ACTIONS[name].method === 'DELETE' ? 'campaign-deleted' : 'campaign-changed', this.data.id);
    }

    /** Somebody else may have been quicker: then the campaign is looked at again as it is by now. */
    #failed(error, name) {
        this.#back(name);
        fill(this.trouble, failure(error, error.status === 409 ? undefined : () => this.#act(name)));
        if (error.status === 409) emit(this, 'campaign-stale', this.data.id);
    }
}
