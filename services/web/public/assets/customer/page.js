/** The customer page: asks the API about the customer in the form, and again whenever an answer changes. */

import { fill, h, reveal } from '../lib/dom.js';
import { plural } from '../lib/format.js';
import { postJson } from '../lib/http.js';
import { register } from '../lib/register.js';
import { here, remember } from '../lib/router.js';
import { followSchema, loadSchema } from '../lib/schema.js';
import { failure, waiting } from '../shell/failure.js';
import { errorOf, faultsOf } from './checks.js';
import { keepDraft, keptDraft } from './draft.js';
import { CustomerField } from './field.js';
import { CustomerForm } from './form.js';
import { CustomerGroup } from './groups.js';
import { customerFrom, differences } from './rules.js';

export const elements = {
    'customer-page': class extends HTMLElement {
        connectedCallback() {
            this.followed = ({ detail }) => this.form && follow(this, detail);
            document.addEventListener('schema-changed', this.followed);
            start(this);
        }

        disconnectedCallback() {
            document.removeEventListener('schema-changed', this.followed);
            clearTimeout(this.timer);
            this.asked?.abort();
        }
    },
    'customer-field': CustomerField,
    'customer-form': CustomerForm,
    'customer-group': CustomerGroup,
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
    page.news = h('div', { role: 'status' });
    page.form = formFor(page);
    page.wanted = fillIn(page);
    const place = h('div');
    fill(columns, h('div', {}, page.news, page.form), place);
    return accompany(page, place);
}

function formFor(page) {
    const form = h('customer-form');
    form.schema = page.schema;
    form.addEventListener('customer-submit', () => {
        page.named = true;
        submit(page);
    });
    form.addEventListener('customer-change', () => changed(page));
    form.addEventListener('customer-clear', () => clear(page));
    return form;
}

/** Builds the form again for what another release declares, with the answers to fields of the same names. */
function follow(page, schema) {
    const { form: before, result } = page;
    const { focused } = before;
    page.asked?.abort();
    page.question = '';
    clearTimeout(page.timer);
    page.others = { ...page.others, ...before.answers };
    page.schema = schema;
    page.form = formFor(page);
    before.replaceWith(page.form);
    page.form.answers = page.others;
    const kept = Object.values(page.form.answers).filter(Boolean).length;
    const words = kept ? `keeps ${plural(kept, 'answer')} of yours` : 'holds none of your answers';
    fill(page.news, h('p.news', {}, `Another release is in service. The form asks for what it declares, and ${words}.`));
    if (focused) page.form.focusField(focused);
    if (result) renew(page, result);
    save(page);
}

/** Asks again, if all that is needed is known; an answer of the release before is no longer one to this form. */
function renew(page, result) {
    const again = result.answered && !faultsOf(page.schema, page.form.customer).length;
    result.schema = page.schema;
    result.clear();
    if (again) predict(page, page.form, result, { asked: false });
}

/** Fills in the customer of a link, or else what was typed before. @returns {boolean} whether it is to be predicted at once */
function fillIn(page) {
    const { schema, form } = page;
    const linked = customerFrom(schema, here().parameters);
    const draft = keptDraft();
    if (linked) form.customer = linked;
    else if (draft) form.answers = draft.answers;
    // Answers to fields of other releases stay as well, for the day that one of these is in service again.
    page.others = draft?.answers ?? {};
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
    bind(page, result);
    if (page.wanted) submit(page);
    return undefined;
}

function bind(page, result) {
    result.addEventListener('change-wanted', ({ detail }) => {
        for (const { field, value } of detail.changes) page.form.answer(field, value);
        rescore(page, page.form, result, 0);
    });
    result.addEventListener('retry-wanted', () => submit(page));
    result.addEventListener('field-wanted', ({ detail: name }) => page.form.focusField(name));
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
    page.others = {};
    page.result?.clear();
    save(page);
}

function changed(page) {
    save(page);
    if (page.result) rescore(page, page.form, page.result, SETTLE_MS);
}

function save(page) {
    const { schema, form, result } = page;
    const linked = customerFrom(schema, here().parameters);
    // A link's customer leaves the address once the form differs from it, so that a reload does not undo changes.
    if (linked && JSON.stringify(linked) !== JSON.stringify(form.customer)) remember('customer', {});
    page.others = { ...page.others, ...form.answers };
    keepDraft({ answers: page.others, answered: Boolean(result?.answered) });
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
    result.identify(form.customer[page.schema.id]);
}

/**
 * `asked` is whether the button was pressed, now or before the page was opened again: then the answer is what changes are
 * compared with, and faults take focus.
 */
async function predict(page, form, result, { asked }) {
    clearTimeout(page.timer);
    const customer = form.customer;
    const error = errorOf(faultsOf(page.schema, customer));
    // The service keeps what it predicts for a customer with an id, and what is tried out is not what the customer is.
    const sent = asked && page.named ? customer : { ...customer, [page.schema.id]: undefined };
    const question = JSON.stringify([sent, asked]);
    if (question === page.question) return undefined;
    page.asked?.abort();
    if (error) return refuse(form, result, error, asked);
    const controller = new AbortController();
    Object.assign(page, { asked: controller, question });
    form.busy = result.busy = true;
    try {
        const answer = await postJson('/predict?reasons=all', sent, { signal: controller.signal });
        form.errors = [];
        if (asked) page.named = false;
        result.show({ customer, answer, asked });
        save(page);
        notice(page, answer.model_info.version);
        if (asked) showOnSmallScreens(result);
    } catch (error) {
        if (error.name === 'AbortError') return undefined;
        refuse(form, result, error, asked);
        // The release that refuses may be another one than the form was made for.
        if (error.status === 422) followSchema();
    } finally {
        if (page.asked === controller) {
            page.question = '';
            form.busy = result.busy = false;
        }
    }
    return undefined;
}

/** Looks for another declaration as soon as another release answers. */
function notice(page, version) {
    if (page.version && page.version !== version) followSchema();
    page.version = version;
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
