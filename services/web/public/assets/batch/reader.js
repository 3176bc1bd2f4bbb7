/** The page's interface to the worker that has a job's results in memory. */

import { ApiError } from '../lib/http.js';

export class ResultsReader {
    #worker = new Worker('/assets/batch/results-worker.js', { type: 'module' });
    #waiting = new Map();
    #serial = 0;

    /** @param {(rows: number) => void} onProgress */
    constructor(onProgress) {
        this.#worker.onmessage = ({ data: { id, answer, error, progress } }) => {
            if (progress !== undefined) return onProgress(progress);
            const { resolve, reject } = this.#waiting.get(id);
            this.#waiting.delete(id);
            return error === undefined ? resolve(answer) : reject(rebuilt(error));
        };
        this.#worker.onerror = () => {
            for (const { reject } of this.#waiting.values()) reject(new Error('The results could not be read. Reload the page and try again.'));
            this.#waiting.clear();
        };
    }

    /** @param {'load'|'faults'|'reasons'|'page'|'list'} ask @param {object} [details] @returns {Promise<any>} */
    ask(ask, details = {}) {
        return new Promise((resolve, reject) => {
            this.#serial += 1;
            this.#waiting.set(this.#serial, { resolve, reject });
            this.#worker.postMessage({ id: this.#serial, ask, ...details });
        });
    }

    close() {
        this.#worker.terminate();
    }
}

/** The error that the worker sent as plain data, because errors lose their fields between threads. */
function rebuilt({ status, message, body }) {
    return body ? new ApiError(status, body) : new Error(message);
}
