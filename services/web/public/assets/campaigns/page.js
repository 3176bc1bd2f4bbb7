/** The campaigns page: all campaigns, a new one, and each of them. The address says which. */

import { elements as charts } from '../charts/index.js';
import { fill, h } from '../lib/dom.js';
import { getJson } from '../lib/http.js';
import { here } from '../lib/router.js';
import { loadSchema } from '../lib/schema.js';
import { failure, waiting } from '../shell/failure.js';
import { CampaignActions } from './actions.js';
import { CallList } from './calls.js';
import { CampaignView } from './campaign.js';
import { PlanField } from './field.js';
import { CampaignForm, nothingScored } from './form.js';
import { CampaignList } from './list.js';
import { measuredBy } from './measured.js';
import { OfferRows } from './offers.js';
import { OptOuts } from './opt-outs.js';
import { PlanPreview } from './preview.js';
import { CampaignResult } from './result.js';
import { placeOf } from './states.js';

/** The newest jobs among which one is chosen. */
const JOBS = 50;

/** What was typed stays while another page is looked at. @type {{form: any}} */
const kept = { form: null };

class CampaignsPage extends HTMLElement {
    connectedCallback() {
        const { parameters } = here();
        const id = parameters.get('id');
        this.addEventListener('campaign-planned', ({ detail }) => this.#planned(detail));
        this.addEventListener('campaign-deleted', () => this.#deleted());
        if (id) this.#campaign(id);
        else if (parameters.has('job') || parameters.has('new')) this.#form(parameters.get('job') ?? '');
        else fill(this, h('div.pair', {}, h('campaign-list'), h('opt-outs')));
    }

    #campaign(id) {
        const view = h('campaign-view');
        view.campaign = id;
        fill(this, view);
    }

    async #form(job) {
        fill(this, waiting('Asking for scored files…'));
        try {
            const [jobs, schema, measured] = await Promise.all([scored(job), loadSchema(), measuredBy()]);
            if (this.isConnected) this.#place(jobs, job, schema, measured);
        } catch (error) {
            if (this.isConnected) fill(this, failure(error, () => this.#form(job)));
        }
    }

    #place(jobs, job, { currency }, measured) {
        if (!jobs.length) return fill(this, nothingScored());
        if (kept.form) {
            kept.form.context = { jobs, job, measured };
        } else {
            kept.form = h('campaign-form');
            kept.form.start({ jobs, job, currency, measured });
        }
        return fill(this, kept.form);
    }

    /** The campaign has an address of its own, and "back" leads to a new form; whoever has left by now stays away. */
    #planned({ id }) {
        kept.form = null;
        if (!this.isConnected) return;
        history.pushState(null, '', placeOf(id));
        this.#campaign(id);
        scrollTo(0, 0);
        document.querySelector('h1').focus();
    }

    #deleted() {
        location.hash = '#/campaigns';
    }
}

/** Completed jobs, newest first; the one that is asked for is among them though it is older. */
async function scored(wanted) {
    const { data } = await getJson(`/jobs?limit=${JOBS}`);
    const completed = ({ status, request_counts: { completed: rows } }) => status === 'completed' && rows > 0;
    if (wanted && !data.some(({ id }) => id === wanted)) {
        const other = await getJson(`/jobs/${encodeURIComponent(wanted)}`).catch((error) => {
            if (error.status !== 404) throw error;
        });
        if (other) data.push(other);
    }
    return data.filter(completed);
}

export const elements = {
    ...charts,
    'plan-field': PlanField,
    'offer-rows': OfferRows,
    'plan-preview': PlanPreview,
    'campaign-form': CampaignForm,
    'campaign-actions': CampaignActions,
    'campaign-result': CampaignResult,
    'call-list': CallList,
    'campaign-view': CampaignView,
    'campaign-list': CampaignList,
    'opt-outs': OptOuts,
    'campaigns-page': CampaignsPage,
};
