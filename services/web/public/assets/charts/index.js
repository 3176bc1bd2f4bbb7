/** The site's charts as custom elements. */

import { Bars } from './bars.js';
import { Histogram } from './histogram.js';
import { GainIntervals, RatioIntervals } from './intervals.js';
import { Lines } from './lines.js';
import { PairedBars } from './paired-bars.js';
import { ShareIntervals } from './share-intervals.js';
import { SignedBars } from './signed-bars.js';

export const elements = {
    'amount-bars': Bars,
    'gain-intervals': GainIntervals,
    'line-chart': Lines,
    'paired-bars': PairedBars,
    'ratio-intervals': RatioIntervals,
    'score-histogram': Histogram,
    'share-intervals': ShareIntervals,
    'signed-bars': SignedBars,
};
