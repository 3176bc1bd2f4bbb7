/** The footer: which release and version answers, and how it is. */

import { fill, h } from '../lib/dom.js';
import { loadSchema } from '../lib/schema.js';
import { watch } from './watch.js';

export class SiteStatus extends HTMLElement {
    connectedCallback() {
        this.state = h('p', {}, 'Asking the service…');
        this.version = h('p');
        fill(this, this.state, this.version, h('p', {}, h('a', { href: '/docs' }, 'API documentation')));
        watch((state) => fill(this.state, sentence(state)));
        loadSchema().then(({ version }) => fill(this.version, `Churn ${version}`), () => fill(this.version));
    }
}

function sentence({ health, model, error }) {
    if (error || !health) return [h('span.dot.bad'), 'Service unreachable'];
    const tone = health.status === 'healthy' ? 'good' : 'warn';
    const release = model ? ` · ${model.model_name}, release ${model.version}` : ' · no release yet';
    return [h(`span.dot.${tone}`), `Service ${health.status}`, release];
}
