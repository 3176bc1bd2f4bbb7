/** Reads a job's results and errors away from the page, and answers its questions about them. */

import { CsvReader, csvLine } from '../lib/csv.js';
import { ResultColumns } from './columns.js';
import { FaultGroups } from './faults.js';

const columns = new ResultColumns();

/** Rows between two words on how far the reading is. */
const TELL_EVERY = 50_000;

async function readRows(url, headers, onRow) {
    const answer = await fetch(url, { headers });
    if (!answer.ok) throw new Error((await answer.json()).error);
    let first = true;
    const reader = new CsvReader((cells) => {
        if (!first) onRow(cells);
        first = false;
    });
    const stream = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let piece = await stream.read(); !piece.done; piece = await stream.read()) reader.push(piece.value);
    reader.end();
}

const answers = {
    async load({ url, headers }) {
        await readRows(url, headers, (cells) => {
            columns.add(cells);
            if (columns.total % TELL_EVERY === 0) postMessage({ progress: columns.total });
        });
        columns.keepRiskiest();
        const { total, length, bins, bands } = columns;
        return { total, kept: length, bins, bands };
    },

    async faults({ url, headers }) {
        const groups = new FaultGroups();
        await readRows(url, headers, (cells) => groups.add(cells));
        return { total: groups.total, kinds: groups.kinds };
    },

    reasons() {
        return columns.commonReasons();
    },

    page({ query, offset, limit }) {
        const found = columns.find(query);
        return { total: found.length, rows: found.slice(offset, offset + limit).map((at) => columns.row(at)) };
    },

    list({ query }) {
        const lines = columns.find(query).map((at) => {
            const { row, customerID, prediction, churn_probability: probability, risk_band: band, reasons } = columns.row(at);
            return csvLine([row, customerID, prediction, probability.toFixed(6), band, reasons[0] ?? '', reasons[1] ?? '', reasons[2] ?? '']);
        });
        const head = csvLine(['row', 'customerID', 'prediction', 'churn_probability', 'risk_band', 'reason_1', 'reason_2', 'reason_3']);
        return new Blob([head, ...lines], { type: 'text/csv' });
    },
};

addEventListener('message', async ({ data: { id, ask, ...details } }) => {
    try {
        postMessage({ id, answer: await answers[ask](details) });
    } catch (error) {
        postMessage({ id, error: error.message });
    }
});
