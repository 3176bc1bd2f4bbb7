/** What the plan of the form would bring, asked for anew whenever it changes. Emits `plan-faults`. */

import { emit, fill, h } from '../lib/dom.js';
import { plural } from '../lib/format.js';
import { postJson } from '../lib/http.js';
import { Poll } from '../lib/poll.js';
import { failure } from '../shell/failure.js';
import { basis, curve, headline, offers, sensitivity, told, twoLists } from './figures.js';
import { inShort } from './sentences.js';

const TYPING_MS = 350;

export class PlanPreview extends HTMLElement {
    #asked = '';

    connectedCallback() {
        if (this.childElementCount) return;
        this.heading = h('h2', { id: 'preview-title' }, 'What this plan would bring');
        this.note = h('p.found', { role: 'status' });
        this.trouble = h('div');
        this.body = h('div.spaced');
        this.more = h('div.spaced');
        this.fold = h('details', { hidden: true }, h('summary', {}, 'What it rests on'), this.more);
        fill(this, h('section.card', { 'aria-labelledby': 'preview-title' }, this.heading, this.note, this.trouble, this.body, this.fold));
    }

    disconnectedCallback() {
        this.#stop();
        this.#asked = '';
    }

    #stop() {
        clearTimeout(this.timer);
        this.poll?.stop();
    }

    /** @param {any} body of the request, or null while the form has faults or names no job */
    set plan(body) {
        if (!body) {
            this.#stop();
            this.#asked = '';
            this.#hold('The figures are of the plan before: correct what is marked.');
            return;
        }
        const { source, plan } = body;
        const text = JSON.stringify({ source, plan });
        if (text === this.#asked) {
            // The form has forgotten what it was told of this plan.
            if (this.faults) emit(this, 'plan-faults', this.faults);
            return;
        }
        this.faults = null;
        this.#stop();
        this.#asked = text;
        this.timer = setTimeout(() => this.#ask({ source, plan }), this.shown ? TYPING_MS : 0);
    }

    /** Asks until there is an answer, which holds as long as the plan is the same. */
    #ask(body) {
        this.setAttribute('aria-busy', 'true');
        if (!this.shown) this.note.textContent = 'Working it out…';
        this.poll = new Poll((signal) => this.#look(body, signal));
    }

    /** @returns {Promise<number>} milliseconds until the next look */
    async #look(body, signal) {
        try {
            const answer = await postJson('/campaigns/preview', body, { signal });
            if (signal.aborted) return 0;
            this.#show(answer);
        } catch (error) {
            if (signal.aborted) return 0;
            if (error.status === 503 && error.retryAfter) {
                this.note.textContent = error.message;
                return error.retryAfter * 1000;
            }
            this.#failed(error, body);
        }
        this.poll.stop();
        return 0;
    }

    #failed(error, body) {
        this.removeAttribute('aria-busy');
        if (error.status === 422 && error.fields.length) {
            this.#hold('The figures are of the plan before: correct what is marked.');
            this.faults = error;
            emit(this, 'plan-faults', error);
            return;
        }
        this.#hold('');
        fill(this.trouble, failure(error, () => this.#ask(body)));
    }

    /** Leaves the figures there, but says that they are not of this plan. */
    #hold(words) {
        this.removeAttribute('aria-busy');
        this.toggleAttribute('data-stale', true);
        fill(this.trouble);
        this.note.textContent = this.shown || !words ? words : 'Correct what is marked to see what the plan would bring.';
    }

    #show(answer) {
        this.shown = answer;
        this.removeAttribute('aria-busy');
        this.toggleAttribute('data-stale', false);
        fill(this.trouble);
        emit(this, 'plan-faults', null);
        const { customers, currency, sampled } = answer;
        const someone = customers.chosen > 0;
        this.note.textContent = someone ? inShort(answer, currency) : 'There is nobody to call.';
        fill(this.body, someone && headline(answer), told(answer), answer.experiment && [h('h3', {}, 'Two lists'), twoLists(answer)], curve(answer));
        fill(this.more,
            h('h3', {}, 'Offers'), offers(answer),
            h('h3', {}, 'If assumptions are wrong'), sensitivity(answer),
            h('h3', {}, 'Customers'), basis(answer),
            sampled < customers.considered && h('p.hint', {}, `Worked out from ${plural(sampled, 'customer')} spread over the file; the plan itself goes through all of them.`),
        );
        this.fold.hidden = false;
    }
}
