/** All releases in the store. */

import { fill, h } from '../lib/dom.js';
import { figure, moment } from '../lib/format.js';
import { getJson } from '../lib/http.js';
import { section, table } from '../lib/section.js';
import { failure, waiting } from '../shell/failure.js';

export class HistoryTable extends HTMLElement {
    set info(info) {
        this.#load();
    }

    async #load() {
        fill(this, section('History of releases', waiting('Asking for the list…')));
        try {
            const { data } = await getJson('/releases');
            fill(this, section('History of releases', table('History of releases', ['Version', 'Model', 'Trained', 'AUC', 'Test AUC', 'Test accuracy'], data.map(line))));
        } catch (error) {
            fill(this, section('History of releases', failure(error, () => this.#load())));
        }
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
