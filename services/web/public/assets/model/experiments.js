/**
 * How the model keeps itself right: the champion and its challenger, and whether it is time to train again. Emits
 * `experiments-seen` with what /experiments answers, for the parts of the page that show the rest of it.
 */

import { emit, fill, h } from '../lib/dom.js';
import { getJson } from '../lib/http.js';
import { Poll } from '../lib/poll.js';
import { section } from '../lib/section.js';
import { waitOrFail, waiting } from '../shell/failure.js';
import { compared, ending, failed, promotion } from './challenger.js';
import { retraining } from './retraining.js';

/** Milliseconds until the next look at an experiment that no worker has looked at yet. */
const SOON_MS = 15_000;

const BY_RULE = {
    when_better: 'A challenger that is surely better goes into service by itself (CHURN_PROMOTE=when_better).',
    by_hand: 'Releases are promoted by hand alone (CHURN_PROMOTE=by_hand).',
};

export class ExperimentsPanel extends HTMLElement {
    #offered = '';

    connectedCallback() {
        this.news = h('p', { role: 'status' });
        this.note = waiting('Asking for the experiments…');
        this.trouble = h('div');
        this.body = h('div.spaced');
        // A question quotes figures: they are asked for anew.
        this.buttons = h('div.buttons', { onclick: ({ target }) => target.matches('button') && this.poll.now() });
        this.deeds = h('deed-place');
        this.card = section('Champion and challenger', this.news, this.note, this.trouble, this.body, this.buttons, this.deeds);
        this.again = h('div');
        this.card.querySelector('h2').tabIndex = -1;
        fill(this, this.card, this.again);
        this.poll = new Poll((signal) => this.#look(signal));
    }

    disconnectedCallback() {
        this.poll.stop();
    }

    /** Looks at how it is by now. @param {string} done what the reader has just done, which is told and where the focus goes; may be empty */
    follow(done) {
        this.news.textContent = done;
        if (done) this.card.querySelector('h2').focus();
        this.poll.now();
    }

    async #look(signal) {
        try {
            const answer = await getJson('/experiments', { signal });
            if (signal.aborted) return 0;
            fill(this.trouble);
            this.note.textContent = '';
            this.#show(answer);
            return answer.running && !answer.running.computed_at ? SOON_MS : 0;
        } catch (error) {
            return signal.aborted ? 0 : this.#failed(error);
        }
    }

    /** A service of before there were experiments has none to show. */
    #failed(error) {
        if (error.status === 404) {
            this.remove();
            return 0;
        }
        return waitOrFail(this.note, this.trouble, error, () => this.poll.now());
    }

    #show(answer) {
        const { running, experiments, promote: rule, words } = answer;
        fill(this.body,
            words.map((line) => h('p', {}, line)),
            running ? compared(running) : failed(experiments),
            h('p.hint', {}, BY_RULE[rule]),
        );
        this.#offer(running);
        fill(this.again, retraining(answer.retraining));
        emit(this, 'experiments-seen', answer);
    }

    /** The buttons stay while they mean the same, so that the focus and a question do, which quotes the newest figures. */
    #offer(running) {
        this.running = running;
        const state = running ? `${running.id} ${running.verdict?.state}` : '';
        if (state === this.#offered) return this.deeds.renew();
        this.#offered = state;
        if (this.deeds.querySelector('.question')) this.#takeBack();
        fill(this.buttons, running && [
            running.verdict && this.deeds.button(`button${running.verdict.state === 'better' ? '.primary' : ''}`, 'Promote', () => promotion(this.running)),
            this.deeds.button('button', 'End', () => ending(this.running)),
        ]);
    }

    #takeBack() {
        this.news.textContent = 'This is how it is by now: see it before you decide.';
        this.card.querySelector('h2').focus();
        this.deeds.clear();
    }
}
