/** A group of questions: a card, or in a long form one that folds and says how many of its questions are answered. */

import { fill, h } from '../lib/dom.js';
import { plural } from '../lib/format.js';

export class CustomerGroup extends HTMLElement {
    /** @param {{title: string, questions: import('./field.js').CustomerField[], folds: boolean, open: boolean}} content */
    set content({ title, questions, folds, open }) {
        this.questions = questions;
        const fields = h('div.fields', {}, questions);
        if (!folds) {
            fill(this, h('fieldset.card', {}, h('legend', {}, title), fields));
            return;
        }
        this.tally = h('span.tally');
        this.details = h('details.card.fold', { open },
            h('summary', {}, h('span.fold-title', {}, title), this.tally),
            h('fieldset', { 'aria-label': title }, fields));
        fill(this, this.details);
        this.count();
    }

    /** Says how many questions are answered, and how many answers are at fault; `open` opens the group if any is. */
    count({ open = false } = {}) {
        if (!this.details) return;
        const answered = this.questions.filter((question) => question.answered).length;
        const wrong = this.questions.filter((question) => !question.error.hidden).length;
        fill(this.tally,
            wrong > 0 && h('span.field-error', {}, `${plural(wrong, 'needs', 'need')} attention \u00b7 `),
            `${answered} of ${this.questions.length} answered`);
        if (open && wrong) this.open();
    }

    /** Opens the group, if it folds. */
    open() {
        if (this.details) this.details.open = true;
    }

    /** Shows only the questions in which a text occurs, and opens the group for them. @returns {CustomerField[]} those */
    narrow(text) {
        const found = this.questions.filter((question) => question.mentions(text));
        for (const question of this.questions) question.hidden = !found.includes(question);
        this.hidden = found.length === 0;
        if (text && found.length) this.open();
        return found;
    }
}
