/** All releases in the store, each of which can be put into shadow but the one in service. */

import { fill, h } from '../lib/dom.js';
import { figure, moment } from '../lib/format.js';
import { getJson, postJson } from '../lib/http.js';
import { section, table } from '../lib/section.js';
import { failure, waiting } from '../shell/failure.js';

const HEAD = ['Version', 'Model', 'Trained', 'AUC', 'Test AUC', 'Test accuracy'];

export class HistoryTable extends HTMLElement {
    #releases = [];
    /** The experiment that runs, null if none does; undefined where nothing can be put into shadow. @type {any} */
    #running;

    set info(info) {
        this.place = h('div', {}, waiting('Asking for the list…'));
        this.deeds = h('deed-place');
        fill(this, section('History of releases', this.place, this.deeds));
        this.#load();
    }

    /** The buttons stay while they mean the same, so that the focus and a question do. @param {any} answer of /experiments */
    set experiments({ running }) {
        if (this.#running !== undefined && this.#running?.id === running?.id) return;
        this.#running = running;
        this.deeds.clear();
        this.#show();
    }

    async #load() {
        try {
            this.#releases = (await getJson('/releases')).data;
            this.#show();
        } catch (error) {
            fill(this.place, failure(error, () => this.#load()));
        }
    }

    #show() {
        if (!this.#releases.length) return;
        const choice = this.#running !== undefined;
        const rows = this.#releases.map((release) => [...line(release), ...(choice ? [this.#shadow(release)] : [])]);
        fill(this.place, table('History of releases', [...HEAD, ...(choice ? ['Shadow'] : [])], rows));
    }

    /** Whether the release is in shadow, or the button that puts it there. */
    #shadow({ version, current }) {
        if (current) return '\u2013';
        if (this.#running?.challenger === version) return h('span.band.medium', {}, 'in shadow');
        return this.deeds.button('button.quiet', 'Put into shadow', () => shadowing(version, this.#running), { 'aria-label': `Put ${version} into shadow` });
    }
}

function line({ version, model_name: name, timestamp, current, metrics: { cv, test } }) {
    const auc = cv?.roc_auc;
    return [
        [h('code', {}, version), ' ', current && h('span.band.low', {}, 'in service')],
        name,
        moment(timestamp),
        auc ? `${figure(auc.mean)} ± ${figure(auc.std)}` : '–',
        test?.roc_auc === undefined ? '–' : figure(test.roc_auc),
        test?.accuracy === undefined ? '–' : figure(test.accuracy),
    ];
}

/** @returns {import('./deed.js').Deed} */
function shadowing(version, running) {
    return {
        words: [
            `Put ${version} into shadow? It scores the customers that the release in service has scored, without any caller hearing of it; answers stay as they are.`,
            running && `The experiment with ${running.challenger} ends.`,
        ].filter(Boolean).join(' '),
        keep: 'Not now',
        sure: 'Put it into shadow',
        kind: 'primary',
        act: () => postJson('/experiments', { challenger: version }),
        done: `${version} is in shadow.`,
    };
}
