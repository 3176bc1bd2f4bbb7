/** The start of the site: registers its parts, and shows the page that the fragment names. */

import { fill, h } from './lib/dom.js';
import { getJson } from './lib/http.js';
import { register } from './lib/register.js';
import { here, remember } from './lib/router.js';
import { elements as shell } from './shell/index.js';
import { failure } from './shell/failure.js';

/** Each page's heading, which is shown at once, and its code and style, which are fetched when it is first opened. */
const PAGES = {
    overview: {
        title: 'Overview',
        heading: 'What is at risk?',
        lead: 'Customers and money at risk as of the last file that was scored, what has changed, and what calling has saved.',
        tag: 'overview-page',
        styles: ['sections', 'overview'],
        load: () => import('./overview/page.js'),
    },
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
    campaigns: {
        title: 'Campaigns',
        heading: 'What does calling save?',
        lead: 'Plan whom to call under a budget, keep some customers out for comparison, and see what it saved.',
        tag: 'campaigns-page',
        styles: ['sections', 'batch', 'campaigns'],
        load: () => import('./campaigns/page.js'),
    },
    quality: {
        title: 'Quality',
        heading: 'Did it come true?',
        lead: 'What was predicted against what customers did: by release and by month, and whether customers are still like those it was trained on.',
        tag: 'quality-page',
        styles: ['sections', 'batch', 'quality'],
        load: () => import('./quality/page.js'),
    },
    model: {
        title: 'Model',
        heading: 'How good is the model?',
        lead: 'Measured on customers it had never seen. Every figure belongs to exactly the release that answers now.',
        tag: 'model-page',
        styles: ['sections', 'model'],
        load: () => import('./model/page.js'),
    },
    about: {
        title: 'About',
        heading: 'About',
        lead: 'Who is about to leave, why, and whom it is worth calling: for one customer, for a thousand, or for a file of millions.',
        tag: 'about-page',
        styles: ['sections'],
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

/** For how long the first page waits to be told whether there is anything to see. */
const FIRST_MS = 1500;

/** Shows a page; the address that names none names the overview from then on once there is something to see. */
async function arrive(moved) {
    const address = location.href;
    if (/^#?\/?$/.test(location.hash)) {
        const page = (await isScored()) ? 'overview' : 'customer';
        if (location.href !== address) return;
        remember(page, {});
    }
    show(moved);
}

/** Whether any file has been scored, as far as that can be seen: without a key, or in time, it cannot. */
function isScored() {
    const late = new Promise((resolve) => setTimeout(resolve, FIRST_MS, false));
    return Promise.race([late, getJson('/overview', { quiet: true }).then(({ run }) => run !== null, () => false)]);
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
        history.replaceState(null, '', event.oldURL);
        main.focus();
        return;
    }
    arrive(true);
}

/** Keeps the browser from opening a file that is dropped outside of the place for it. */
function stay(event) {
    if (!event.target.closest?.('input, textarea') || event.dataTransfer?.types.includes('Files')) event.preventDefault();
}

register(shell);
addEventListener('dragover', stay);
addEventListener('drop', stay);
addEventListener('hashchange', follow);
arrive(false);
