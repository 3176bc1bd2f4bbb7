/** The site's charts as custom elements. */

import { Histogram } from './histogram.js';
import { Intervals } from './intervals.js';
import { Lines } from './lines.js';
import { PairedBars } from './paired-bars.js';
import { SignedBars } from './signed-bars.js';

export const elements = {
    'score-histogram': Histogram,
    'ratio-intervals': Intervals,
    'line-chart': Lines,
    'paired-bars': PairedBars,
    'signed-bars': SignedBars,
};
