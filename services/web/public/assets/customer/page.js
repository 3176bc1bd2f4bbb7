/** The customer page: asks the API about what the form holds, and again whenever an answer changes. */

import { fill, h, reveal } from '../lib/dom.js';
import { postJson } from '../lib/http.js';
import { here } from '../lib/router.js';
import { loadSchema } from '../lib/schema.js';
import { failure } from '../shell/failure.js';
import { errorOf, faultsOf } from './checks.js';
import { CustomerComparison } from './comparison.js';
import { CustomerField } from './field.js';
import { CustomerForm } from './form.js';
import { CustomerRecommendations } from './recommendations.js';
import { CustomerReasons } from './reasons.js';
import { CustomerResult } from './result.js';
import { customerFrom } from './sharing.js';

export const elements = {
    'customer-page': class extends HTMLElement {
        connectedCallback() {
            start(this);
        }

        disconnectedCallback() {
            clearTimeout(this.timer);
            this.asked?.abort();
        }
    },
    'customer-field': CustomerField,
    'customer-form': CustomerForm,
    'customer-result': CustomerResult,
    'customer-reasons': CustomerReasons,
    'customer-recommendations': CustomerRecommendations,
    'customer-comparison': CustomerComparison,
};

/** Long enough for a word to be typed to its end, short enough to feel immediate. */
const SETTLE_MS = 350;

async function start(page) {
    const form = h('customer-form');
    const result = h('customer-result');
    fill(
        page,
        h('div.page-head', {}, h('h1', { tabindex: -1 }, 'Will this customer leave?'), h('p.lead', {}, 'Answer what you know. You get the probability, the reasons for it and what might change it.')),
        h('div.customer-columns', {}, form, result),
    );
    try {
        const schema = await loadSchema();
        result.schema = schema;
        form.schema = schema;
        bind(page, schema, form, result);
    } catch (error) {
        fill(form, failure(error, () => start(page)));
    }
}

function bind(page, schema, form, result) {
    page.schema = schema;
    form.addEventListener('customer-submit', () => predict(page, form, result, { asked: true }));
    form.addEventListener('customer-change', () => rescore(page, form, result, SETTLE_MS));
    form.addEventListener('customer-clear', () => {
        clearTimeout(page.timer);
        page.asked?.abort();
        result.clear();
    });
    result.addEventListener('change-wanted', ({ detail }) => {
        for (const { field, value } of detail.changes) form.answer(field, value);
        rescore(page, form, result, 0);
    });
    result.addEventListener('retry-wanted', () => predict(page, form, result, { asked: true }));
    open(schema, page, form, result);
}

/** A link's customer is filled in and scored at once. */
function open(schema, page, form, result) {
    const customer = customerFrom(schema, here().parameters);
    if (!customer) return;
    form.customer = customer;
    predict(page, form, result, { asked: true });
}

/** Before the first prediction nobody waits for one. */
function rescore(page, form, result, delay) {
    clearTimeout(page.timer);
    if (result.answered) page.timer = setTimeout(() => predict(page, form, result, { asked: false }), delay);
}

/** `asked`: by the button, so the answer is a new starting point and faults take the focus. */
async function predict(page, form, result, { asked }) {
    clearTimeout(page.timer);
    page.asked?.abort();
    const customer = form.customer;
    const error = errorOf(faultsOf(page.schema, customer));
    if (error) return refuse(form, result, error, asked);
    const controller = new AbortController();
    page.asked = controller;
    form.busy = result.busy = true;
    try {
        const answer = await postJson('/predict?reasons=all', customer, { signal: controller.signal });
        form.errors = [];
        result.show({ customer, answer, asked });
        if (asked) showOnSmallScreens(result);
    } catch (error) {
        if (error.name !== 'AbortError') refuse(form, result, error, asked);
    } finally {
        if (page.asked === controller) form.busy = result.busy = false;
    }
    return undefined;
}

function refuse(form, result, error, asked) {
    form.busy = result.busy = false;
    form.errors = error.fields ?? [];
    result.refuse(error);
    if (asked) form.focusFirstError();
}

function showOnSmallScreens(result) {
    if (result.getBoundingClientRect().top > innerHeight * 0.7) reveal(result, 'start');
}
