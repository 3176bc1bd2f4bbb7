/** CSV as RFC 4180 has it, read piece by piece. */

/** Cuts text that arrives in pieces into rows of cells; blank lines are skipped. */
export class CsvReader {
    #rest = '';

    /** @param {(cells: string[]) => void} onRow */
    constructor(onRow) {
        this.onRow = onRow;
    }

    push(text) {
        const held = this.#rest + text;
        let start = 0;
        let end = held.indexOf('\n');
        while (end >= 0) {
            const line = held.slice(start, end);
            if (closed(line)) {
                this.#emit(line);
                start = end + 1;
            }
            end = held.indexOf('\n', end + 1);
        }
        this.#rest = held.slice(start);
    }

    /** The last line may lack its line feed. */
    end() {
        this.#emit(this.#rest);
        this.#rest = '';
    }

    #emit(line) {
        const text = line.endsWith('\r') ? line.slice(0, -1) : line;
        if (text !== '') this.onRow(cells(text));
    }
}

/** Whether every quote that the line opens is closed in it. */
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

/** A number, or a telephone number of as many digits as E.164 allows: it computes to nothing but a number. */
const HARMLESS = /^(?:[+-](?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|\+[ ()]*[0-9](?:[ ()./-]{0,3}[0-9]){6,14})$/;

/** The text, made a plain one for spreadsheets by a leading apostrophe if it would run, as in the API's own files. */
export function defused(text) {
    return /^[=+\-@\t\r]/.test(text) && !HARMLESS.test(text) ? `'${text}` : text;
}
