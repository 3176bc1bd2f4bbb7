/** The site's start: its parts are registered here, and the fragment says which page is shown. */

import { fill, h } from './lib/dom.js';
import { register } from './lib/register.js';
import { here } from './lib/router.js';
import { elements as shell } from './shell/index.js';
import { failure } from './shell/failure.js';

/** A page's code and style come when it is first opened. */
const PAGES = {
    customer: { title: 'Customer', tag: 'customer-page', load: () => import('./customer/page.js') },
    batch: { title: 'Batch', tag: 'batch-page', style: 'batch', load: () => import('./batch/page.js') },
    model: { title: 'Model', tag: 'model-page', style: 'model', load: () => import('./model/page.js') },
    about: { title: 'About', tag: 'about-page', style: 'model', load: () => import('./about/page.js') },
};

const main = document.querySelector('main');

/** Shows the page that the fragment names. @param {boolean} moved whether the reader came from another page */
async function show(moved) {
    const { page: name } = here();
    const page = PAGES[name] ?? PAGES.customer;
    document.title = `${page.title} – Churn`;
    mark(page.title);
    try {
        const [{ elements }] = await Promise.all([page.load(), dress(page.style)]);
        register(elements);
    } catch {
        fill(main, failure(new Error('This page could not be loaded. Check the connection.'), () => show(moved)));
        return;
    }
    if (page !== (PAGES[here().page] ?? PAGES.customer)) return;
    fill(main, h(page.tag));
    if (moved) main.querySelector('h1')?.focus();
    scrollTo(0, 0);
}

/** A page's own style sheet, once. */
function dress(name) {
    if (!name || document.querySelector(`link[href$='/${name}.css']`)) return null;
    return new Promise((onload, onerror) => {
        document.head.append(h('link', { rel: 'stylesheet', href: `/assets/styles/${name}.css`, onload, onerror }));
    });
}

function mark(title) {
    for (const link of document.querySelectorAll('.site-head nav a')) {
        if (link.textContent === title) link.setAttribute('aria-current', 'page');
        else link.removeAttribute('aria-current');
    }
}

/** The skip link's target is no page: it only takes the focus. */
function follow(event) {
    if (location.hash === '#main') {
        event.preventDefault();
        history.replaceState(null, '', new URL(event.oldURL).hash || '#/customer');
        main.focus();
        return;
    }
    show(true);
}

register(shell);
addEventListener('hashchange', follow);
show(false);
