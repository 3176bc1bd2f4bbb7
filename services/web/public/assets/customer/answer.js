/** Everything that shows an answer, fetched after the form so that the form appears sooner. */

import { elements as charts } from '../charts/index.js';
import { CustomerComparison } from './comparison.js';
import { CustomerReasons } from './reasons.js';
import { CustomerRecommendations } from './recommendations.js';
import { CustomerResult } from './result.js';

export const elements = {
    ...charts,
    'customer-comparison': CustomerComparison,
    'customer-reasons': CustomerReasons,
    'customer-recommendations': CustomerRecommendations,
    'customer-result': CustomerResult,
};
