/** The API's own description as a page: built from /openapi.json alone, with text nodes only. */

import { describeSchema, schemaTable } from './schema.js';
import { h, prose } from './dom.js';

// The same place where the site keeps its key: one question for both.
const KEY = 'churn-api-key';
// Where the browser blocks site data, the key is kept for this view alone.
let held = null;
const METHODS = ['get', 'post', 'put', 'patch', 'delete'];

const state = document.getElementById('state');
const content = document.getElementById('content');
const form = document.getElementById('key');

form.addEventListener('submit', (event) => {
    event.preventDefault();
    keepKey(document.getElementById('key-input').value);
    show();
});

show();

async function show() {
    state.textContent = 'Reading the API’s description …';
    const { status, body } = await read();
    form.hidden = status !== 401;
    state.textContent = status === 200 ? '' : body.error;
    if (status === 200) content.replaceChildren(...page(body));
}

async function read() {
    try {
        const answer = await fetch('/openapi.json', { headers: keyHeaders() });
        return { status: answer.status, body: await answer.json() };
    } catch {
        return { status: 0, body: { error: 'The service cannot be reached. Check the connection and load the page again.' } };
    }
}

function keepKey(key) {
    held = key;
    try {
        sessionStorage.setItem(KEY, key);
    } catch {
        // Kept in memory.
    }
}

function heldKey() {
    try {
        return held ?? sessionStorage.getItem(KEY);
    } catch {
        return held;
    }
}

function keyHeaders() {
    const key = heldKey();
    return key ? { Authorization: `Bearer ${key}` } : {};
}

function page(api) {
    const sections = api.tags.map((tag) => ({ tag, operations: operationsOf(api, tag.name) }));
    return [
        ...api.info.description.split('\n\n').map((paragraph) => h('p', {}, prose(paragraph))),
        h('nav', { 'aria-label': 'Sections' }, h('ul', {}, ...[...sections.map(({ tag }) => tag.name), 'Schemas'].map(
            (name) => h('li', {}, h('a', { href: `#${name}` }, name)),
        ))),
        ...sections.flatMap(({ tag, operations }) => [
            h('h2', { id: tag.name }, tag.name),
            h('p.soft', {}, tag.description),
            ...operations.map((each) => operation(api, each)),
        ]),
        h('h2', { id: 'Schemas' }, 'Schemas'),
        ...Object.entries(api.components.schemas).map(([name, schema]) => schemaDetails(name, schema)),
    ];
}

function operationsOf(api, tag) {
    return Object.entries(api.paths).flatMap(([path, item]) =>
        METHODS.filter((method) => item[method]?.tags.includes(tag)).map((method) => ({ path, method, ...item[method] })),
    );
}

function operation(api, { path, method, summary, description, parameters, requestBody, responses }) {
    return h('details', {},
        h('summary', {}, h('h3', {},
            h(`span.method.${method}`, {}, method.toUpperCase()), h('code.path', {}, path), ` ${summary}`,
        )),
        description && h('p', {}, description),
        parameters && table('Parameters', ['Name', 'In', 'Type', 'Meaning'], parameters.map((each) => [
            code(each.name + (each.required ? ' *' : '')), each.in, describeSchema(each.schema), prose(each.description ?? ''),
        ])),
        requestBody && body(path, method, requestBody),
        table('Answers', ['Status', 'Meaning', 'Body'], Object.entries(responses).map(([status, each]) => [
            code(status), each.description, media(each.content ?? {}),
        ])),
    );
}

function body(path, method, { content: kinds }) {
    return h('section', {},
        h('h4', {}, 'Body'),
        h('p', {}, media(kinds)),
        ...Object.entries(kinds).flatMap(([kind, { examples }]) => Object.values(examples ?? {}).flatMap((example) => [
            h('p.soft', {}, example.summary),
            h('pre', { tabindex: '0' }, h('code', {}, curl(path, method, kind, example.value))),
        ])),
    );
}

/** A command for a shell; quotes inside the body are written so that they survive it. */
function curl(path, method, kind, value) {
    const text = typeof value === 'string' ? value : JSON.stringify(value, null, 1);
    const quoted = text.replaceAll("'", String.raw`'\''`);
    return `curl -X ${method.toUpperCase()} ${location.origin}${path} \\\n  -H 'Content-Type: ${kind}' \\\n  --data-binary '${quoted}'`;
}

function media(kinds) {
    return Object.entries(kinds).flatMap(([kind, { schema }], position) => [
        position ? ', ' : '', code(kind), ' ', schema ? describeSchema(schema) : '',
    ]);
}

function schemaDetails(name, schema) {
    return h('details', { id: `schema-${name}` },
        h('summary', {}, h('h3', {}, code(name))),
        schema.description && h('p', {}, schema.description),
        schema.properties ? schemaTable(schema) : h('p', {}, describeSchema(schema)),
    );
}

function table(title, heads, rows) {
    return h('section', {},
        h('h4', {}, title),
        h('div.scroll', { tabindex: '0', role: 'group', 'aria-label': title }, h('table', {},
            h('thead', {}, h('tr', {}, ...heads.map((head) => h('th', { scope: 'col' }, head)))),
            h('tbody', {}, ...rows.map((cells) => h('tr', {}, ...cells.map((cell) => h('td', {}, cell))))),
        )),
    );
}

function code(text) {
    return h('code', {}, text);
}

// A link from inside the page opens what it leads to.
addEventListener('hashchange', () => {
    const target = document.getElementById(location.hash.slice(1));
    if (target instanceof HTMLDetailsElement) target.open = true;
});
