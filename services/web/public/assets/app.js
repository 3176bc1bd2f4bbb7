/** The start of the site: registers its parts, and shows the page that the fragment names. */

import { fill, h } from './lib/dom.js';
import { register } from './lib/register.js';
import { here } from './lib/router.js';
import { elements as shell } from './shell/index.js';
import { failure } from './shell/failure.js';

/** Each page's heading, which is shown at once, and its code and style, which are fetched when it is first opened. */
const PAGES = {
    customer: {
        title: 'Customer',
        heading: 'Will this customer leave?',
        lead: 'Answer what you know. You get the probability, the reasons for it and what might change it.',
        tag: 'customer-page',
        load: () => import('./customer/page.js'),
    },
    batch: {
        title: 'Batch',
        heading: 'Whom should we call?',
        lead: 'Score a file of customers and get those most likely to leave, with the reasons.',
        tag: 'batch-page',
        styles: ['batch'],
        load: () => import('./batch/page.js'),
    },
    model: {
        title: 'Model',
        heading: 'How good is the model?',
        lead: 'Measured on customers it had never seen. Every figure belongs to exactly the release that answers now.',
        tag: 'model-page',
        styles: ['model'],
        load: () => import('./model/page.js'),
    },
    quality: {
        title: 'Quality',
        heading: 'Did it come true?',
        lead: 'What was predicted against what customers did: by release and by month, and whether customers are still like those it was trained on.',
        tag: 'quality-page',
        styles: ['model', 'batch', 'quality'],
        load: () => import('./quality/page.js'),
    },
    about: {
        title: 'About',
        heading: 'About',
        lead: 'Who is about to leave, why, and whom it is worth calling: for one customer, for a thousand, or for a file of millions.',
        tag: 'about-page',
        styles: ['model'],
        load: () => import('./about/page.js'),
    },
};

const main = document.querySelector('main');

/** Shows the page that the fragment names. @param {boolean} moved whether the reader came from another page */
async function show(moved) {
    const { page: name } = here();
    const page = Object.hasOwn(PAGES, name) ? PAGES[name] : PAGES.customer;
    const place = h('div');
    document.title = `${page.title} – Churn`;
    mark(page.title);
    fill(main, h('div.page-head', {}, h('h1', { tabindex: -1 }, page.heading), h('p.lead', {}, page.lead)), place);
    scrollTo(0, 0);
    if (moved) main.querySelector('h1').focus();
    try {
        const [{ elements }] = await Promise.all([page.load(), ...(page.styles ?? []).map(dress)]);
        register(elements);
        fill(place, h(page.tag));
    } catch {
        fill(place, failure(new Error('This page could not be loaded. Check the connection.'), () => show(moved)));
    }
}

/** @type {Map<string, Promise<void>>} */
const dressed = new Map();

/** Adds a page's style sheet, once; if it fails to load, the next call tries again. */
function dress(name) {
    if (!dressed.has(name)) dressed.set(name, styleSheet(name));
    return dressed.get(name);
}

function styleSheet(name) {
    return new Promise((resolve, reject) => {
        const onerror = () => {
            link.remove();
            dressed.delete(name);
            reject(new Error(`${name}.css did not arrive.`));
        };
        const link = h('link', { rel: 'stylesheet', href: `/assets/styles/${name}.css`, onload: resolve, onerror });
        document.head.append(link);
    });
}

function mark(title) {
    for (const link of document.querySelectorAll('.site-head nav a')) {
        if (link.textContent === title) link.setAttribute('aria-current', 'page');
        else link.removeAttribute('aria-current');
    }
}

/** The skip link leads to a place on the page, not to another page, so it only moves the focus. */
function follow(event) {
    if (location.hash === '#main') {
        event.preventDefault();
        history.replaceState(null, '', new URL(event.oldURL).hash || '#/customer');
        main.focus();
        return;
    }
    show(true);
}

/** Keeps the browser from opening a file that is dropped outside of the place for it. */
function stay(event) {
    if (!event.target.closest?.('input, textarea') || event.dataTransfer?.types.includes('Files')) event.preventDefault();
}

register(shell);
addEventListener('dragover', stay);
addEventListener('drop', stay);
addEventListener('hashchange', follow);
show(false);
