/** The banner on every page with what a reader has to know before trusting a number. */

import { fill, h, icon } from '../lib/dom.js';
import { percent, sentenceList } from '../lib/format.js';
import { watch } from './watch.js';

export class SiteBanner extends HTMLElement {
    connectedCallback() {
        this.setAttribute('role', 'status');
        this.said = '';
        watch((state) => this.#say(messages(state)));
    }

    /** Leaves unchanged messages as they are, so that they are not read out again. */
    #say(sentences) {
        if (sentences.join() === this.said) return;
        this.said = sentences.join();
        fill(this, sentences.map((sentence) => h('div.banner', {}, h('p.wide', {}, icon('warning'), sentence))));
    }
}

/** The messages to show. A missing key is not one of them, as the dialog and the footer ask for it. */
function messages({ health, model, error, locked }) {
    if (error) return [error.message];
    return [
        model?.data?.source === 'sample' && 'The model was trained on made-up sample data. Its predictions say nothing about real customers.',
        !model && !locked && 'No model has been released yet, so nothing can be predicted. Training may still be running.',
        health.status === 'degraded' && `The service is degraded: ${ailments(health)}.`,
    ].filter(Boolean);
}

function ailments({ checks, error_rate: rate }) {
    const failing = Object.keys(checks).filter((name) => checks[name] === 'failing');
    if (failing.length) return `the ${sentenceList(failing)} ${failing.length === 1 ? 'is' : 'are'} failing`;
    return `${percent(rate, 0)} of the latest prediction requests failed`;
}
