/** Sends a file, by XMLHttpRequest because fetch does not report how much has been sent. */

import { ApiError, keyHeaders, readBody, withKey } from '../lib/http.js';

/** An idempotency key for a chosen file, which is sent with every try so that no try makes a second job. */
export function idempotencyKey() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * @param {import('./kinds.js').Kind} kind @param {File} file @param {string} key
 * @param {{onProgress: (share: number) => void, signal: AbortSignal}} options
 * @returns {Promise<any>} the job
 */
export function upload(kind, file, key, options) {
    return withKey(() => send(kind, file, key, options));
}

function send(kind, file, key, { onProgress, signal }) {
    return new Promise((resolve, reject) => {
        const call = new XMLHttpRequest();
        const body = bodyOf(kind, file);
        call.open('POST', kind.path);
        for (const [name, value] of Object.entries({ ...keyHeaders(), 'Idempotency-Key': key })) call.setRequestHeader(name, value);
        call.upload.onprogress = ({ loaded, total }) => onProgress(total ? loaded / total : 0);
        call.onload = () => (call.status < 300 ? resolve(JSON.parse(call.responseText)) : reject(refusal(call)));
        call.onerror = () => reject(new ApiError(0, { error: 'The upload was interrupted. Nothing was lost: try again.', error_type: 'Unreachable' }));
        call.onabort = () => reject(new DOMException('The upload was cancelled.', 'AbortError'));
        signal.addEventListener('abort', () => call.abort());
        call.send(body);
    });
}

/** Whether a file is sent as JSON, by its name, where that is taken. */
export function isJson(kind, { name }) {
    return kind.json && /\.json$/i.test(name);
}

/** A form, which tells the file's name; JSON is a body by itself. */
function bodyOf(kind, file) {
    if (isJson(kind, file)) return new Blob([file], { type: 'application/json' });
    const form = new FormData();
    form.append('file', file);
    return form;
}

function refusal(call) {
    return new ApiError(call.status, readBody(call.responseText, call.status));
}
