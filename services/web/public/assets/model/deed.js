/** A place for what can be done with releases: the question that a button asks first, and what went wrong. Emits `experiments-changed` with words on what was done. */

import { emit, fill, h } from '../lib/dom.js';
import { failure } from '../shell/failure.js';
import { question } from '../shell/question.js';

/**
 * @typedef {{words: string, keep: string, sure: string, kind: 'primary' | 'danger', act: () => Promise<unknown>, done: string}} Deed
 *   the question, its two answers, the request, and what is said when it has succeeded
 */

export class DeedPlace extends HTMLElement {
    #acting = false;
    /** What an open question is about, with the figures that are known by now. @type {() => Deed} */
    #asked;

    /** The button that asks a question. @param {string} selector @param {string} label @param {() => Deed} deed @param {object} [attributes] */
    button(selector, label, deed, attributes = {}) {
        return h(selector, { type: 'button', onclick: ({ target }) => this.#ask(deed, target), ...attributes }, label);
    }

    /** Takes a question back that has become pointless; what went wrong stays. */
    clear() {
        this.querySelector('.question')?.remove();
    }

    /** Has an open question quote what is known by now. */
    renew() {
        const words = this.querySelector('.question p');
        if (words) words.textContent = this.#asked().words;
    }

    #ask(asked, button) {
        this.#asked = asked;
        const deed = asked();
        const back = () => {
            fill(this);
            button.focus();
        };
        fill(this, question(deed.words, deed, back, () => this.#act(deed, button)));
        this.querySelector('button').focus();
    }

    async #act(deed, button) {
        if (this.#acting) return;
        this.#acting = true;
        try {
            await deed.act();
            fill(this);
            emit(this, 'experiments-changed', deed.done);
        } catch (error) {
            const stale = error.status === 409 || error.status === 404;
            fill(this, failure(error, stale ? undefined : () => this.#act(deed, button)));
            button.focus();
            // Somebody else was quicker: the page shows how it is by now.
            if (stale) emit(this, 'experiments-changed', '');
        } finally {
            this.#acting = false;
        }
    }
}
