/** The overview: who and how much is at risk as of the last run, what has changed, and what calling has saved. */

import { elements as charts } from '../charts/index.js';
import { fill, h } from '../lib/dom.js';
import { getJson } from '../lib/http.js';
import { across, section } from '../lib/section.js';
import { failure } from '../shell/failure.js';
import { campaigns } from './campaigns.js';
import { digest } from './digest.js';
import { glance, since } from './glance.js';
import { bands, segments } from './groups.js';
import { service } from './service.js';

class OverviewPage extends HTMLElement {
    connectedCallback() {
        this.note = h('p.waiting', { role: 'status' });
        this.trouble = h('div');
        this.body = h('div.sections');
        this.alerts = h('div.across');
        fill(this, this.note, this.trouble, this.body);
        this.#ask();
    }

    async #ask() {
        fill(this.trouble);
        this.note.textContent = 'Adding up\u2026';
        try {
            this.#show(await getJson('/overview'));
        } catch (error) {
            fill(this.trouble, failure(error, () => this.#ask()));
        }
        this.note.textContent = '';
    }

    #show(answer) {
        const { run } = answer;
        fill(this.alerts);
        fill(this.body,
            run ? glance(answer) : start(answer),
            run && since(run),
            campaigns(answer.campaigns, !run?.change),
            run && [bands(run), segments(run), this.alerts],
            service(answer),
        );
        if (run) this.#askForAlerts();
    }

    /** The customers in the last digest, which the page does without if there are none. */
    async #askForAlerts() {
        try {
            fill(this.alerts, digest(await getJson('/alerts')));
        } catch (error) {
            fill(this.alerts, section('At risk now', failure(error, () => this.#askForAlerts())));
        }
    }
}

/** What to do first, while there is nothing to see. */
function start({ words, tracking, model }) {
    const steps = [
        model && tracking === 'on' && h('li', {}, h('strong', {}, 'Score your customers. '), 'Send a file on the ', h('a', { href: '#/batch' }, 'Batch page'), '; with a column of customer IDs, each is followed from then on.'),
        model && tracking === 'on' && h('li', {}, h('strong', {}, 'Come back here. '), 'Customers and money at risk stand here as soon as the file is scored, and what has changed after the next one.'),
    ].filter(Boolean);
    return across('What to do first', words.map((line) => h('p', {}, line)), steps.length > 0 && h('ol.steps', {}, steps));
}

export const elements = { ...charts, 'overview-page': OverviewPage };
