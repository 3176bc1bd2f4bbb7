/** Reading CSV by RFC 4180 piece by piece, and writing it. */

/** Divides text that arrives in pieces into rows of cells; blank lines are skipped. */
export class CsvReader {
    #rest = '';

    /** @param {(cells: string[]) => void} onRow */
    constructor(onRow) {
        this.onRow = onRow;
    }

    push(text) {
        const pending = this.#rest + text;
        let start = 0;
        let end = pending.indexOf('\n');
        while (end >= 0) {
            const line = pending.slice(start, end);
            if (closed(line)) {
                this.#emit(line);
                start = end + 1;
            }
            end = pending.indexOf('\n', end + 1);
        }
        this.#rest = pending.slice(start);
    }

    /** Reads the last line, which may have no line feed. */
    end() {
        this.#emit(this.#rest);
        this.#rest = '';
    }

    #emit(line) {
        const text = line.endsWith('\r') ? line.slice(0, -1) : line;
        if (text !== '') this.onRow(cells(text));
    }
}

/** Whether every quote that is opened in the line is closed in it. */
function closed(line) {
    if (!line.includes('"')) return true;
    return line.split('"').length % 2 === 1;
}

/** @returns {string[]} */
function cells(line) {
    if (!line.includes('"')) return line.split(',');
    const pattern = /("(?:[^"]|"")*"|[^,]*)(?:,|$)/gy;
    const found = [];
    while (pattern.lastIndex < line.length || line.endsWith(',') && found.length === 0) {
        const [whole, cell] = pattern.exec(line) ?? [line.slice(pattern.lastIndex), line.slice(pattern.lastIndex)];
        found.push(cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell);
        if (!whole.endsWith(',')) return found;
    }
    return [...found, ''];
}

/** One line of CSV. @param {(string|number)[]} row */
export function csvLine(row) {
    return `${row.map(quoted).join(',')}\r\n`;
}

function quoted(cell) {
    const text = String(cell ?? '');
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A number, or a telephone number of at most the digits that E.164 allows, which is harmless in a spreadsheet. */
const HARMLESS = /^(?:[+-](?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|\+[ ()]*[0-9](?:[ ()./-]{0,3}[0-9]){6,14})$/;

/** The text, with a leading apostrophe if a spreadsheet would run it as a formula, as in the API's files. */
export function defused(text) {
    return /^[=+\-@\t\r]/.test(text) && !HARMLESS.test(text) ? `'${text}` : text;
}
