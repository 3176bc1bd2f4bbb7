/** Quality, drift, the model and a challenger that is better in a line each, with the pages that say more. */

import { h } from '../lib/dom.js';
import { moment } from '../lib/format.js';
import { across } from '../lib/section.js';
import { STATES } from '../quality/figures.js';

const NOT_COMPARED = 'No outcome has been compared with a prediction yet. While tracking is on, that is done once an hour, and at once where the page Quality is opened.';

/** @param {any} answer of /overview */
export function service({ quality, drift, model, challenger }) {
    return across('Can it be trusted?',
        h('dl.judged', {},
            row('Quality', quality, '#/quality', NOT_COMPARED),
            row('Drift', drift, '#/quality', 'There is nothing to compare customers with yet.'),
            row('Model', model, '#/model', 'No model has been released yet.'),
            challenger && row('Challenger', challenger, '#/model'),
        ),
        quality && h('p.hint', {}, `Quality and drift were computed ${moment(quality.computed_at)}.`),
    );
}

function row(title, line, href, otherwise) {
    const state = line?.state && STATES[line.state];
    return h('div', {},
        h('dt', {}, h('a', { href }, title)),
        h('dd', {}, state && [h(`span.band.${state.tone}`, {}, state.word), ' '], line?.words ?? otherwise),
    );
}
