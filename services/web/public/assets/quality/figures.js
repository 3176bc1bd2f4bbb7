/** The figures of quality: their names, what they mean, and how they are written. */

import { figure, percent } from '../lib/format.js';

const share = (value) => percent(value);
const cases = (value) => figure(value * 100, 0);
const times = (value) => figure(value, 1);

/**
 * The most telling first. `write` is for tables; `say` makes a sentence for those who know no figures, and `range` the two
 * ends of its interval.
 * @type {{name: string, title: string, meaning: string, write: (value: number) => string, say?: (value: number) => string,
 *   range?: (low: number, high: number) => string}[]}
 */
export const FIGURES = [
    {
        name: 'churn_rate', title: 'Churn rate', meaning: 'The share of customers who leave within the label window.',
        write: share, say: (value) => `${share(value)} leave`, range: (low, high) => `${share(low)} to ${share(high)}`,
    },
    {
        name: 'roc_auc', title: 'Ranking (ROC AUC)', meaning: 'How often a customer who leaves scores higher than one who stays; 0.5 is chance.',
        write: (value) => figure(value),
        say: (value) => `of a leaver and a stayer, the leaver scores higher in ${cases(value)} of 100 pairs`,
        range: (low, high) => `${cases(low)} to ${cases(high)} of 100`,
    },
    {
        name: 'lift', title: 'Lift of the top tenth', meaning: 'How many times more leavers are among the riskiest tenth than at random.',
        write: (value) => figure(value, 2),
        say: (value) => `the riskiest tenth holds ${times(value)} times as many leavers as any tenth`,
        range: (low, high) => `${times(low)} to ${times(high)} times`,
    },
    {
        name: 'calibration', title: 'Left for each one predicted', meaning: 'Customers who left over the number that was predicted; 1 is right, more means that more left.',
        write: (value) => figure(value, 2),
    },
    { name: 'brier', title: 'Brier score', meaning: 'Mean squared error of the probability; smaller is better.', write: (value) => figure(value) },
    { name: 'log_loss', title: 'Log loss', meaning: 'Surprise at the outcome; smaller is better.', write: (value) => figure(value) },
];

export const byName = new Map(FIGURES.map((each) => [each.name, each]));

/** The ends of a figure's interval: "23.1 % to 26.5 %". @param {{low: number, high: number}} estimate */
export function between({ low, high }, write) {
    return `${write(low)} to ${write(high)}`;
}

/** States of a verdict and of drift in words, with the badge's colour. */
export const STATES = {
    none: { word: 'no alarm', tone: 'low' },
    notice: { word: 'notice', tone: 'medium' },
    alarm: { word: 'alarm', tone: 'high' },
};
