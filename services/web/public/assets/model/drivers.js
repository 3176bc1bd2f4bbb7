/** What goes with churn, and how the candidates compare. */

import { fill, h } from '../lib/dom.js';
import { count, figure, signed, upperFirst } from '../lib/format.js';
import { more, section, table } from '../lib/section.js';

const FIRST = 10;

export class DriversPanel extends HTMLElement {
    set info({ drivers: { fields, meaning }, stability }) {
        const chart = h('ratio-intervals');
        const draw = (all) => (chart.data = chartData(all ? fields : fields.slice(0, FIRST)));
        const toggle = fields.length > FIRST && more(`Show all ${fields.length}`, `Show the first ${FIRST}`, draw);
        fill(this, section('What goes with leaving', h('p', {}, meaning), chart, toggle, stability && h('p.hint', {}, stability.meaning)));
        draw(false);
    }
}

function chartData(fields) {
    return {
        title: 'Odds of leaving, times; lines are 95\u00a0% intervals',
        lower: 'less likely',
        higher: 'more likely',
        head: ['Difference', 'Odds times', 'From', 'To'],
        rows: fields.map(({ text, odds_ratio: value, low, high }) => ({ text: upperFirst(text), value, low, high })),
    };
}

export class CandidateTable extends HTMLElement {
    set info({ comparison: { candidates, selection, folds, repeats, rows: customers } }) {
        const spread = ({ mean, std }) => `${figure(mean)} ± ${figure(std)}`;
        const against = ({ mean, low, high }) => `${signed(mean, 4)} (${signed(low, 4)} to ${signed(high, 4)})`;
        const rows = candidates.map((candidate) => [
            [candidate.model_name, candidate.champion && h('span.band.low', {}, 'in service')],
            candidate.cv.log_loss ? spread(candidate.cv.log_loss) : '–',
            candidate.champion || !candidate.against_champion.log_loss ? '–' : against(candidate.against_champion.log_loss),
            candidate.cv.roc_auc ? spread(candidate.cv.roc_auc) : '–',
            candidate.champion ? '–' : against(candidate.against_champion),
            [figure(candidate.test.roc_auc), candidate.test_intervals?.roc_auc && h('span.hint.meaning', {}, `${figure(candidate.test_intervals.roc_auc.low)} to ${figure(candidate.test_intervals.roc_auc.high)}`)],
            candidate.interpretability,
        ]);
        fill(this, section('The candidates',
            h('p', {}, selection.reason),
            table('Comparison of candidates', ['Model', 'Log loss', 'Log loss against the one in service', 'AUC', 'AUC against the one in service', 'Test AUC', 'Can be followed'], rows),
            h('p.hint', {}, `${folds} folds, ${repeats} times, over ${count(customers)} rows; ± is the spread over folds, brackets are 95\u00a0% intervals of the paired difference.`),
        ));
    }
}
