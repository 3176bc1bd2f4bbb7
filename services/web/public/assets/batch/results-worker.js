/** A worker that reads a job's results and errors, and answers the page's questions about them. */

import { CsvReader, csvLine, defused } from '../lib/csv.js';
import { fetched } from '../lib/http.js';
import { ResultColumns, positionsIn } from './columns.js';
import { FaultGroups } from './faults.js';

const columns = new ResultColumns();

/** Rows between two reports of progress. */
const TELL_EVERY = 50_000;

async function readRows(url, headers, onRow) {
    const answer = await fetched(url, { headers });
    let head = null;
    const reader = new CsvReader((cells) => {
        if (head) onRow(cells, head);
        else head = cells;
    });
    const stream = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    try {
        for (let piece = await stream.read(); !piece.done; piece = await stream.read()) reader.push(piece.value);
    } catch {
        throw new Error('The connection broke off while the results were read. Try again.');
    }
    reader.end();
}

const answers = {
    async load({ url, headers }) {
        let positions = null;
        await readRows(url, headers, (cells, head) => {
            positions ??= positionsIn(head);
            columns.add(positions.map((position) => cells[position] ?? ''));
            if (columns.total % TELL_EVERY === 0) postMessage({ progress: columns.total });
        });
        columns.keepRiskiest();
        const { total, length, bins, bands, averaged } = columns;
        return { total, kept: length, bins, bands, averaged };
    },

    async faults({ url, headers }) {
        const groups = new FaultGroups();
        await readRows(url, headers, (cells) => groups.add(cells));
        return { total: groups.total, kinds: groups.kinds };
    },

    reasons() {
        return columns.reasons();
    },

    page({ query, offset, limit }) {
        const found = columns.find(query);
        return { total: found.length, rows: found.slice(offset, offset + limit).map((at) => columns.row(at)) };
    },

    list({ query }) {
        const lines = columns.find(query).map((at) => {
            const { row, customerID, prediction, churn_probability: probability, risk_band: band, reasons, assumed } = columns.row(at);
            return csvLine([row, defused(customerID), prediction, probability.toFixed(6), band, reasons[0] ?? '', reasons[1] ?? '', reasons[2] ?? '', assumed]);
        });
        return [csvLine(['row', 'customerID', 'prediction', 'churn_probability', 'risk_band', 'reason_1', 'reason_2', 'reason_3', 'assumed']), ...lines].join('');
    },
};

addEventListener('message', async ({ data: { id, ask, ...details } }) => {
    try {
        postMessage({ id, answer: await answers[ask](details) });
    } catch ({ status, message, type, requestId }) {
        const body = status !== undefined && { error: message, error_type: type, request_id: requestId };
        postMessage({ id, error: { status, message, body } });
    }
});
