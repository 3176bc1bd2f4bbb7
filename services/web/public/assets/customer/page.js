/** The customer page: asks the API about what the form holds, and again whenever an answer changes. */

import { fill, h, reveal } from '../lib/dom.js';
import { postJson } from '../lib/http.js';
import { register } from '../lib/register.js';
import { here } from '../lib/router.js';
import { loadSchema } from '../lib/schema.js';
import { failure, waiting } from '../shell/failure.js';
import { errorOf, faultsOf } from './checks.js';
import { CustomerField } from './field.js';
import { CustomerForm } from './form.js';

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
};

/** Long enough for a word to be typed to its end, short enough to feel immediate. */
const SETTLE_MS = 350;

async function start(page) {
    const columns = h('div.customer-columns', {}, waiting('Asking for the form…'));
    fill(page, columns);
    try {
        page.schema = await loadSchema();
        const form = h('customer-form');
        form.schema = page.schema;
        fill(columns, form);
        await accompany(page, columns, form);
    } catch (error) {
        fill(columns, failure(error, () => start(page)));
    }
}

/** Puts the place for the answer beside the form, and has each follow the other. */
async function accompany(page, columns, form) {
    const answer = import('./answer.js');
    form.addEventListener('customer-submit', () => answer.then(() => predict(page, form, page.result, { asked: true })));
    const { elements: parts, customerFrom } = await answer;
    register(parts);
    const result = h('customer-result');
    page.result = result;
    result.schema = page.schema;
    columns.append(result);
    bind(page, form, result);
    const customer = customerFrom(page.schema, here().parameters);
    if (customer) open(page, form, result, customer);
}

function bind(page, form, result) {
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
}

/** A link's customer is filled in and scored at once. */
function open(page, form, result, customer) {
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
