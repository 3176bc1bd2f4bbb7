/** The customer page: asks the API about the customer in the form, and again whenever an answer changes. */

import { fill, h, reveal } from '../lib/dom.js';
import { postJson } from '../lib/http.js';
import { register } from '../lib/register.js';
import { here, remember } from '../lib/router.js';
import { loadSchema } from '../lib/schema.js';
import { failure, waiting } from '../shell/failure.js';
import { errorOf, faultsOf } from './checks.js';
import { keepDraft, keptDraft } from './draft.js';
import { CustomerField } from './field.js';
import { CustomerForm } from './form.js';
import { customerFrom, differences } from './rules.js';

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

/** Milliseconds after a change: long enough to finish typing a number, short enough to feel immediate. */
const SETTLE_MS = 350;

async function start(page) {
    const columns = h('div.customer-columns', {}, waiting('Asking for the form…'));
    fill(page, columns);
    try {
        page.schema = await loadSchema();
    } catch (error) {
        return fill(columns, failure(error, () => start(page)));
    }
    page.form = h('customer-form');
    page.form.schema = page.schema;
    page.wanted = fillIn(page);
    page.form.addEventListener('customer-submit', () => submit(page));
    page.form.addEventListener('customer-change', () => changed(page));
    page.form.addEventListener('customer-clear', () => clear(page));
    const place = h('div');
    fill(columns, page.form, place);
    return accompany(page, place);
}

/** Fills in the customer of a link, or else what was typed before. @returns {boolean} whether it is to be predicted at once */
function fillIn({ schema, form }) {
    const linked = customerFrom(schema, here().parameters);
    const draft = keptDraft();
    if (linked) form.customer = linked;
    else if (draft) form.answers = draft.answers;
    return Boolean(linked ?? draft?.answered);
}

/** Adds the answer's place beside the form. If its code cannot be fetched, the form stays with everything in it. */
async function accompany(page, place) {
    try {
        register((await import('./answer.js')).elements);
    } catch {
        const error = new Error('The part of the page that shows the answer did not arrive. Check the connection.');
        return fill(place, failure(error, () => accompany(page, place)));
    }
    const result = h('customer-result');
    result.schema = page.schema;
    page.result = result;
    place.replaceWith(result);
    bind(page, page.form, result);
    if (page.wanted) submit(page);
    return undefined;
}

function bind(page, form, result) {
    result.addEventListener('change-wanted', ({ detail }) => {
        for (const { field, value } of detail.changes) form.answer(field, value);
        rescore(page, form, result, 0);
    });
    result.addEventListener('retry-wanted', () => submit(page));
    result.addEventListener('field-wanted', ({ detail: name }) => form.focusField(name));
}

/** Predicts when the button is pressed, as soon as there is a place for the answer. */
function submit(page) {
    page.wanted = true;
    if (page.result) predict(page, page.form, page.result, { asked: true });
}

function clear(page) {
    clearTimeout(page.timer);
    page.asked?.abort();
    page.wanted = false;
    page.result?.clear();
    save(page);
}

function changed(page) {
    save(page);
    if (page.result) rescore(page, page.form, page.result, SETTLE_MS);
}

function save({ schema, form, result }) {
    const linked = customerFrom(schema, here().parameters);
    // A link's customer leaves the address once the form differs from it, so that a reload does not undo changes.
    if (linked && JSON.stringify(linked) !== JSON.stringify(form.customer)) remember('customer', {});
    keepDraft({ answers: form.answers, answered: Boolean(result?.answered) });
}

/** Predicts again after a change, unless nothing was predicted yet or only the customer's id changed. */
function rescore(page, form, result, delay) {
    clearTimeout(page.timer);
    if (!result.answered) return;
    const { customer } = result;
    if (differences(page.schema, customer, form.customer).length) {
        page.timer = setTimeout(() => predict(page, form, result, { asked: false }), delay);
        return;
    }
    page.asked?.abort();
    form.errors = [];
    result.identify(form.customer.customerID);
}

/** `asked` is whether the button was pressed: then the answer is what changes are compared with, and faults take focus. */
async function predict(page, form, result, { asked }) {
    clearTimeout(page.timer);
    const customer = form.customer;
    const error = errorOf(faultsOf(page.schema, customer));
    const question = JSON.stringify([customer, asked]);
    if (question === page.question) return undefined;
    page.asked?.abort();
    if (error) return refuse(form, result, error, asked);
    const controller = new AbortController();
    Object.assign(page, { asked: controller, question });
    form.busy = result.busy = true;
    try {
        const answer = await postJson('/predict?reasons=all', customer, { signal: controller.signal });
        form.errors = [];
        result.show({ customer, answer, asked });
        save(page);
        if (asked) showOnSmallScreens(result);
    } catch (error) {
        if (error.name !== 'AbortError') refuse(form, result, error, asked);
    } finally {
        if (page.asked === controller) {
            page.question = '';
            form.busy = result.busy = false;
        }
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
