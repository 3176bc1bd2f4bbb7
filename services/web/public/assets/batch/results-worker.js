/** A worker that reads a job's results and errors, and answers the page's questions about them. */

import { CsvReader, csvLine, defused } from '../lib/csv.js';
import { fetched } from '../lib/http.js';
import { NAMES, ResultColumns, positionsIn } from './columns.js';
import { FaultGroups } from './faults.js';

const columns = new ResultColumns();
/** The columns that the job's file has, of those that are kept. */
let listed = NAMES;

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
            if (!positions) {
                positions = positionsIn(head);
                listed = NAMES.filter((name) => head.includes(name));
            }
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
            const cells = cellsOf(columns.row(at));
            return csvLine(listed.map((name) => cells[name]));
        });
        return [csvLine(listed), ...lines].join('');
    },
};

/** A row as the cells of a file, by the names of its columns. */
function cellsOf({ reasons: [first, second, third], ...row }) {
    const written = { customerID: defused(row.customerID), churn_probability: row.churn_probability.toFixed(6) };
    return { ...row, ...written, reason_1: first, reason_2: second, reason_3: third };
}

addEventListener('message', async ({ data: { id, ask, ...details } }) => {
    try {
        postMessage({ id, answer: await answers[ask](details) });
    } catch ({ status, message, type, requestId }) {
        const body = status !== undefined && { error: message, error_type: type, request_id: requestId };
        postMessage({ id, error: { status, message, body } });
    }
});
