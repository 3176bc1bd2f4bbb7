/** The footer: the release and version that answer, the service's health, and whose key is used. */

import { fill, h } from '../lib/dom.js';
import { getJson } from '../lib/http.js';
import { changeKey, currentKey } from '../lib/key.js';
import { watch } from './watch.js';

export class SiteStatus extends HTMLElement {
    connectedCallback() {
        this.state = h('p', {}, 'Asking the service…');
        this.version = h('p');
        this.key = h('p', { hidden: true }, h('button.link', { type: 'button', onclick: () => changeKey().catch(() => {}) }, 'Use another key'));
        fill(this, this.state, this.version, this.key, h('p', {}, h('a', { href: '/docs' }, 'API documentation')));
        watch((state) => this.#show(state));
        getJson('/openapi.json').then(({ info }) => fill(this.version, `Churn ${info.version}`), () => fill(this.version));
    }

    #show(state) {
        const said = sentence(state);
        if (said.join() !== this.said) fill(this.state, h(`span.dot.${tone(state)}`), said);
        this.said = said.join();
        this.key.hidden = !currentKey() && !state.locked;
        this.key.firstChild.textContent = currentKey() ? 'Use another key' : 'Enter a key';
    }
}

function tone({ health, error }) {
    if (error || !health) return 'bad';
    return health.status === 'healthy' ? 'good' : 'warn';
}

function sentence({ health, model, error, locked }) {
    if (error || !health) return ['Service unreachable'];
    if (locked) return [`Service ${health.status} · answers with a key alone`];
    return [`Service ${health.status}`, model ? ` · ${model.model_name}, release ${model.version}` : ' · no release yet'];
}
