/** The customers who want no contact: how many there are, and a new list in place of the old one. */

import { fill, h } from '../lib/dom.js';
import { moment, plural } from '../lib/format.js';
import { getJson, request } from '../lib/http.js';
import { Poll } from '../lib/poll.js';
import { failure } from '../shell/failure.js';
import { question } from '../shell/question.js';

export class OptOuts extends HTMLElement {
    connectedCallback() {
        this.known = h('p', { role: 'status' }, 'Asking for the list…');
        this.input = h('input.visually-hidden', { id: 'opt-outs-file', type: 'file', accept: '.csv,text/csv', onchange: () => this.#picked() });
        this.trouble = h('div');
        this.action = h('div');
        fill(this, h('section.card.spaced', { 'aria-labelledby': 'opt-outs-title' },
            h('h2', { id: 'opt-outs-title' }, 'Who wants no calls'),
            this.known,
            this.trouble,
            h('p.hint', {}, 'A CSV with a column customerID. It takes the place of the list before, and every plan from then on leaves these customers out.'),
            h('p.drop-line', {}, this.input, h('label.button', { for: 'opt-outs-file' }, 'Choose a new list')),
            this.action));
        this.poll = new Poll((signal) => this.#look(signal));
    }

    disconnectedCallback() {
        this.poll.stop();
    }

    /** @returns {Promise<number>} 0: the list is looked at again when the page is seen again, and after a new one */
    async #look(signal) {
        try {
            const answer = await getJson('/campaigns/opt-outs', { signal });
            if (signal.aborted) return 0;
            fill(this.trouble);
            this.#say(answer);
        } catch (error) {
            if (signal.aborted) return 0;
            this.known.textContent = '';
            fill(this.trouble, failure(error, () => this.poll.now()));
        }
        return 0;
    }

    #say({ customers: number, changed_at: when }) {
        this.number = number;
        const words = number ? `${plural(number, 'customer is', 'customers are')} on the list${when ? `, as of ${moment(when)}` : ''}.` : 'Nobody is on the list yet.';
        if (this.known.textContent !== words) this.known.textContent = words;
    }

    /** Clears the input at once, because browsers report no change when the same file is chosen again. */
    #picked() {
        const [file] = this.input.files;
        this.input.value = '';
        if (!file) return;
        const labels = { keep: 'Keep the list', sure: 'Replace the list', kind: 'primary' };
        fill(this.action, question(`Put ${file.name} in place of ${this.#present}?`, labels, () => this.#end(), () => this.#send(file)));
        this.action.querySelector('button').focus();
    }

    get #present() {
        if (this.number === undefined) return 'the list that is there';
        return this.number ? `the list of ${plural(this.number, 'customer')}` : 'the empty list';
    }

    #end() {
        fill(this.action);
        this.input.focus();
    }

    async #send(file) {
        this.known.textContent = `Sending ${file.name}…`;
        this.#end();
        try {
            const headers = { 'Content-Type': 'text/csv' };
            await request('/campaigns/opt-outs', { method: 'PUT', headers, body: file });
        } catch (error) {
            fill(this.action, failure(error, () => this.#send(file)));
        }
        this.poll.now();
    }
}
