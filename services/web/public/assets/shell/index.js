/** What surrounds every page. */

import { SiteBanner } from './banner.js';
import { KeyDialog } from './key-dialog.js';
import { SiteStatus } from './status.js';

export const elements = { 'site-banner': SiteBanner, 'key-dialog': KeyDialog, 'site-status': SiteStatus };
