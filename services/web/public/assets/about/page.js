/** The about page: what this is, what it must not be used for, and where to read on. */

import { fill, h } from '../lib/dom.js';
import { getJson } from '../lib/http.js';
import { currentKey } from '../lib/key.js';
import { failure } from '../shell/failure.js';

export const elements = {
    'about-page': class extends HTMLElement {
        connectedCallback() {
            fill(this, h('div.sections', {}, what(), misuse(), privacy(), programs()));
        }
    },
};

function what() {
    return h('section.card', {}, h('h2', {}, 'What it does'), h('ul', {},
        h('li', {}, 'Gives the probability that a customer leaves, learnt from customers whose outcome is known.'),
        h('li', {}, 'Says which answers raise or lower it, against the average customer.'),
        h('li', {}, 'Re-scores what a retention team could offer, so that offers can be compared.'),
        h('li', {}, 'Says what it does not know: unknown answers are averaged over real customers and widen the range.'),
        h('li', {}, 'Plans whom to call within a budget, and tells by a comparison what the calls saved, on the ', h('a', { href: '#/campaigns' }, 'Campaigns page'), '.'),
        h('li', {}, 'Compares what it predicted with what customers did, on the ', h('a', { href: '#/quality' }, 'Quality page'), '.'),
    ));
}

function misuse() {
    return h('section.card', {}, h('h2', {}, 'What it must not be used for'), h('ul', {},
        h('li', {}, 'Refusing service, setting prices, or anything else to a customer\u2019s disadvantage.'),
        h('li', {}, 'Promising what an offer will achieve: reasons and recommendations are associations in past data, not effects.'),
        h('li', {}, 'Deciding without a person: the probability is right on average, not for anyone in particular.'),
        h('li', {}, 'Other industries, or customers unlike those it was trained on.'),
    ));
}

function privacy() {
    return h('section.card', {}, h('h2', {}, 'What happens to what you enter'), h('ul', {},
        h('li', {}, 'A customer of the form is scored and written to no log. The service holds an answer in memory for a while, so that the same question is answered at once.'),
        h('li', {}, 'While tracking is on, predictions for customers with an ID are kept, so that they can be compared with what came; what is tried out on the form after a prediction is not. Without an ID nothing is kept, and whoever runs the service can erase a customer.'),
        h('li', {}, 'What you type stays in this tab until it is closed, so that Back and a reload find it again.'),
        h('li', {}, 'A shared link keeps the customer behind the # sign, which browsers never send to a server.'),
        h('li', {}, 'Files are kept with their results until they expire or are deleted on the page that they were sent from.'),
        h('li', {}, 'The site loads nothing from anywhere else, and sets no cookie.'),
    ));
}

function programs() {
    const shown = h('div');
    return h('section.card', {}, h('h2', {}, 'For programs'), h('ul', {},
        h('li', {}, h('a', { href: '/docs' }, 'API documentation'), ', and the ', json('/openapi.json', 'OpenAPI description', shown), '.'),
        h('li', {}, json('/health', 'Health', shown), ' of the service, and the ', json('/model_info', 'release in service', shown), ' as JSON.'),
        h('li', {}, 'Metrics for Prometheus are at ', h('code', {}, '/metrics'), ' of the API itself; this site does not pass them on.'),
    ), shown);
}

/** A link cannot carry a key, so with a key the answer is fetched and shown on the page. */
function json(href, label, place) {
    const show = async (event) => {
        if (!currentKey()) return;
        event.preventDefault();
        try {
            fill(place, h('pre', { tabindex: 0, 'aria-label': label }, JSON.stringify(await getJson(href), null, 2)));
            place.firstChild.focus();
        } catch (error) {
            fill(place, failure(error));
        }
    };
    return h('a', { href, onclick: show }, label);
}
