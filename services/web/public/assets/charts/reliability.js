/** The curve of observed against predicted, as data of a line chart. */

import { count, percent } from '../lib/format.js';

/**
 * @param {{mean_predicted: number, observed: number, low?: number, high?: number, count: number}[]} slices
 * @param {string} name of the customers
 */
export function reliability(slices, name) {
    return {
        title: 'Observed against predicted',
        x: { name: 'Predicted', top: 1, format: (value) => percent(value, 0) },
        y: { name: 'Observed', top: 1, format: (value) => percent(value, 0) },
        diagonal: true,
        series: [{
            name, tone: 'main', dots: true, spread: 'bars',
            points: slices.map(({ mean_predicted: x, observed: y, low, high }) => ({ x, y, low, high })),
        }],
        summary: slices.map(({ mean_predicted: x, observed: y }) => `predicted ${percent(x, 0)}, observed ${percent(y, 0)}`).join('; '),
        head: ['Predicted', 'Observed', '95\u00a0% interval', 'Customers'],
        rows: slices.map(({ mean_predicted: x, observed: y, low, high, count: number }) =>
            [percent(x), percent(y), low === undefined ? '–' : `${percent(low)} to ${percent(high)}`, count(number)]),
    };
}
