/**
 * What is sent as a file: customers to score here, and outcomes on the quality page. Both go the same way: a file is looked
 * at, sent and followed until it is done.
 * @typedef {{path: string, check: string, json: boolean, title: string, choose: string, accepted: string, send: string,
 *   hint: (schema: import('../lib/schema.js').Schema) => string, complete: (look: import('./check.js').Look) => string,
 *   faulty: string, template: (schema: import('../lib/schema.js').Schema) => {name: string, rows: (string|number)[][]},
 *   list: string, none: string, nameless: string, working: string, done: (job: any) => string, question: (name: string, job: any) => string}} Kind
 */

import { count, plural } from '../lib/format.js';

/** The files that the service reads whatever is in them. */
export const TABLES = '.csv,text/csv,.tsv,.txt,.gz,.xlsx,.parquet';

/** @type {Kind} */
export const CUSTOMERS = {
    path: '/jobs',
    check: '/jobs/check',
    json: false,
    title: 'Score a file of customers',
    choose: 'Choose a CSV file',
    accepted: TABLES,
    send: 'Score file',
    hint: ({ id, outcome }) => `A header row with the field names in any order. ${id} and ${outcome} may be there. Cells may be blank. Excel workbooks and gzipped files are read as well.`,
    complete: ({ absent_columns: absent }) => (absent.length ? 'All columns that are needed are there.' : 'Every field has its column.'),
    faulty: 'This file cannot be scored as it is.',
    template({ id, fields }) {
        const columns = [[id, 'EXAMPLE-1'], ...fields.map(({ name, example }) => [name, example])];
        return { name: 'customers-template.csv', rows: [0, 1].map((at) => columns.map((column) => column[at])) };
    },
    list: 'Jobs',
    none: 'No job yet. Files that you score are listed here, for everyone who uses this service.',
    nameless: 'CSV',
    working: 'Scoring',
    done: ({ request_counts: { completed, failed }, model_version: version }) =>
        `${plural(completed, 'customer')} scored, ${count(failed)} refused · release ${version}`,
    question: (name, { status }) => `Delete ${name}${status === 'completed' ? ' and its results' : ''}, for everyone and for good?`,
};
