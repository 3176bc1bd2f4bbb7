/** Asks for the API key where the service wants one. */

import { fill, h } from '../lib/dom.js';

/** Why a key is asked for, in an agent's words. */
const WORDS = {
    wanted: ['This service wants a key', 'Enter your key. Whoever runs this service at your company gives you one.'],
    refused: ['This service wants a key', 'The key is not, or no longer, accepted. Enter another one, or ask whoever runs this service.'],
    changed: ['Use another key', 'The key that is in use is replaced by the one that you enter.'],
};

export class KeyDialog extends HTMLElement {
    connectedCallback() {
        document.addEventListener('key-wanted', ({ detail }) => this.#ask(detail));
    }

    #ask({ reason, answered }) {
        const [title, words] = WORDS[reason];
        const input = h('input', { id: 'api-key', type: 'password', autocomplete: 'off', required: true, 'aria-describedby': 'api-key-reason' });
        const dialog = h('dialog.card', { 'aria-labelledby': 'api-key-title' },
            h('form', { method: 'dialog' },
                h('h2', { id: 'api-key-title' }, title),
                h('p', { id: 'api-key-reason' }, words),
                h('label', { for: 'api-key' }, 'API key'),
                input,
                h('p.hint', {}, 'Kept in this browser\u2019s open tabs of this site until they are closed, and sent to this service alone.'),
                h('div.buttons', {},
                    h('button.primary', { value: 'use' }, 'Use this key'),
                    h('button', { type: 'button', onclick: () => dialog.close('') }, 'Cancel'),
                ),
            ),
        );
        dialog.addEventListener('close', () => {
            dialog.remove();
            answered(dialog.returnValue === 'use' ? input.value.trim() : '');
        });
        fill(this, dialog);
        dialog.showModal();
    }
}
