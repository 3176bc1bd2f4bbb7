/** Asks for the API key where the service wants one; it is kept until the tab is closed. */

import { fill, h } from '../lib/dom.js';

export class KeyDialog extends HTMLElement {
    connectedCallback() {
        document.addEventListener('key-wanted', ({ detail }) => this.#ask(detail));
    }

    #ask({ reason, answered }) {
        const input = h('input', { id: 'api-key', type: 'password', autocomplete: 'off', required: true, 'aria-describedby': 'api-key-reason' });
        const dialog = h('dialog.card', { 'aria-labelledby': 'api-key-title' },
            h('form', { method: 'dialog' },
                h('h2', { id: 'api-key-title' }, 'This service wants a key'),
                h('p', { id: 'api-key-reason' }, reason),
                h('label', { for: 'api-key' }, 'API key'),
                input,
                h('p.hint', {}, 'Kept in this tab until it is closed, and sent to this service alone.'),
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
