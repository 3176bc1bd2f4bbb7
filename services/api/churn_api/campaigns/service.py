"""What callers can do with campaigns once they are accepted: look, list, start, close, fetch the list, delete."""

import heapq
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from itertools import groupby, islice
from typing import Any

from churn.campaigns import layout
from churn.errors import ObjectNotFound
from churn.job_states import CANCELLED, CANCELLING, COMPLETED, EXPIRED
from churn.overlap import overlapped
from churn_api.campaigns import answers, paths
from churn_api.campaigns.answers import CampaignAnswer, CampaignPage, FiguresAnswer, ListedCampaign
from churn_api.campaigns.campaign import FAILED, PLANNING, Campaign
from churn_api.campaigns.errors import CampaignConflict, UnknownCampaign
from churn_api.campaigns.repository import CampaignRepository
from churn_api.campaigns.running import Running
from churn_api.jobs import ids
from churn_api.jobs import paths as job_paths
from churn_api.jobs.campaign_request import CampaignRequest
from churn_api.jobs.errors import UnknownJob, UnreadableObject
from churn_api.jobs.job import Job
from churn_api.jobs.lifecycle import Lifecycle
from churn_api.jobs.plan import NewerPlan
from churn_api.jobs.repository import JobRepository
from churn_api.jobs.stored_json import decoded_as
from churn_api.stored_file import StoredFile, first_of

_READ_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class _Asked:
    """A campaign that has not been planned: the job that plans it, or has failed to."""

    job: Job
    request: CampaignRequest


class CampaignService:
    """Answers for campaigns, whether they are being planned by a job or have a record of their own."""

    def __init__(self, jobs: JobRepository, lifecycle: Lifecycle, kept_days: int) -> None:
        """A campaign that was started is kept for `kept_days`."""
        self._jobs, self._lifecycle, self._kept_days = jobs, lifecycle, kept_days
        self._store = jobs.store
        self.campaigns = CampaignRepository(jobs.store, jobs.clock)
        self._running = Running(self.campaigns)

    def get(self, campaign_id: str) -> CampaignAnswer:
        """Raises UnknownCampaign."""
        found = self._find(campaign_id)
        return self._whole(found) if isinstance(found, Campaign) else self._asked(found)

    def page(self, limit: int, after: str | None) -> CampaignPage:
        """Up to `limit` campaigns, newest first, from the one after the campaign `after`."""
        entries = self._ids(after)
        found: list[ListedCampaign] = []
        while wanted := list(islice(entries, limit - len(found))):
            shown = overlapped((partial(self._listed, each) for each in wanted), _READ_AT_ONCE)
            found += [each for each in shown if each is not None]
        return CampaignPage(
            data=found, has_more=next(entries, None) is not None, last_id=found[-1].id if found else None
        )

    def start(self, campaign_id: str) -> CampaignAnswer:
        """Raises UnknownCampaign, and CampaignConflict with the remedy."""
        campaign = self._planned(campaign_id, "start it")
        if campaign.closed_at is not None:
            raise CampaignConflict(f"Campaign {campaign_id} is closed; plan a new one to contact customers again.")
        if campaign.started_at is None:
            if not campaign.customers.get("treat"):
                raise CampaignConflict(f"Campaign {campaign_id} treats nobody; plan one that pays, or delete it.")
            self._running.add(campaign)
        return self._whole(self.campaigns.change(campaign_id, self._started).record)

    def _started(self, campaign: Campaign) -> Campaign:
        if campaign.started_at is not None:
            return campaign
        moment = self._jobs.clock()
        expires = moment.replace(microsecond=0) + timedelta(days=self._kept_days)
        return replace(campaign, started_at=moment.isoformat(), expires_at=expires.isoformat())

    def close(self, campaign_id: str) -> CampaignAnswer:
        """Raises UnknownCampaign, and CampaignConflict with the remedy."""
        campaign = self._planned(campaign_id, "start it, and close it once its customers were contacted")
        return self._whole(self.campaigns.change(campaign.id, self._closed).record)

    def _closed(self, campaign: Campaign) -> Campaign:
        if campaign.started_at is None:
            raise CampaignConflict(f"Campaign {campaign.id} is planned; start it before closing it, or delete it.")
        return campaign if campaign.closed_at is not None else replace(campaign, closed_at=self._jobs.moment())

    def delete(self, campaign_id: str) -> None:
        """Delete a campaign that does not run; one that is being planned is cancelled. Raises CampaignConflict.

        Whom a closed one has treated is remembered.
        """
        found = self._find(campaign_id)
        if isinstance(found, Campaign):
            self.campaigns.change(campaign_id, self._deleted)
        with suppress(UnknownJob):
            self._cancel(self._jobs.look(campaign_id))
        self.campaigns.remove(campaign_id)

    def _deleted(self, campaign: Campaign) -> Campaign:
        if campaign.started_at is not None and campaign.closed_at is None:
            raise CampaignConflict(f"Campaign {campaign.id} is running; close it first: POST /campaigns/<id>/close.")
        return replace(campaign, deleted_at=self._jobs.moment())

    def _cancel(self, job: Job) -> None:
        """End the planning, and delete its job: whoever works on it finds out, and leaves nothing behind."""
        if not job.finished:
            with suppress(UnreadableObject):
                self._jobs.change(job.id, lambda now: now if now.finished else replace(now, status=CANCELLING))
                self._lifecycle.settle(job.id)
        self._jobs.remove(job)

    def list_of(self, campaign_id: str, *, raw: bool = False) -> StoredFile:
        """The list of whom to contact; with `raw`, every id as it came. Raises UnknownCampaign, CampaignConflict."""
        campaign = self._planned(campaign_id, "its list is there when it is planned")
        # There is a file of its own for raw ids only where one of them was changed.
        keys = (layout.listing(campaign_id, raw=unchanged) for unchanged in ((True, False) if raw else (False,)))
        return first_of(self._store, keys, campaign.name, UnknownCampaign(campaign_id))

    def _planned(self, campaign_id: str, then: str) -> Campaign:
        """A campaign with a record. Raises CampaignConflict, which says what to do then, for one without."""
        found = self._find(campaign_id)
        if isinstance(found, Campaign):
            return found
        if _status(found.job) == FAILED:
            raise CampaignConflict(f"Campaign {campaign_id} could not be planned ({found.job.error}) Plan it again.")
        raise CampaignConflict(f"Campaign {campaign_id} is still being planned; wait until it is planned, then {then}.")

    def _find(self, campaign_id: str) -> Campaign | _Asked:
        with suppress(UnknownCampaign):
            return self.campaigns.load(campaign_id)
        if not _is_id(campaign_id) or self.campaigns.exists(campaign_id):  # it has expired, or is being deleted
            raise UnknownCampaign(campaign_id)
        try:
            job = self._jobs.look(campaign_id)
            request = CampaignRequest.from_record(job.options)
        except (UnknownJob, NewerPlan) as error:
            raise UnknownCampaign(campaign_id) from error
        if job.status in (EXPIRED, CANCELLING, CANCELLED):
            raise UnknownCampaign(campaign_id)
        if job.status == COMPLETED:  # planned since it was looked for
            return self.campaigns.load(campaign_id)
        return _Asked(job, request)

    def _ids(self, after: str | None) -> Iterator[str]:
        """The ids of all campaigns after this one, the newest first; some may be gone by now."""
        planned = self._store.list(paths.NEWEST, after=paths.newest(after) if after else "")
        asked = self._store.list(job_paths.NEWEST[ids.CAMPAIGN], after=job_paths.newest(after) if after else "")
        names = heapq.merge(*((entry.key.rpartition("/")[2] for entry in entries) for entries in (planned, asked)))
        return (ids.of_complement(name, ids.CAMPAIGN) for name, _ in groupby(names))

    def _listed(self, campaign_id: str) -> ListedCampaign | None:
        try:
            found = self._find(campaign_id)
            if isinstance(found, Campaign):
                return answers.listed(found)
        except (UnknownCampaign, UnreadableObject):
            return None
        return ListedCampaign(**self._entry(found), customers=None, expected=None, result=None)

    def _whole(self, campaign: Campaign) -> CampaignAnswer:
        key = layout.figures(campaign.id)
        try:
            figures = decoded_as(self._store.get(key).data, FiguresAnswer, key)
        except ObjectNotFound as error:  # deleted meanwhile
            raise UnknownCampaign(campaign.id) from error
        return answers.whole(campaign, figures)

    def _asked(self, found: _Asked) -> CampaignAnswer:
        return CampaignAnswer(**self._entry(found), plan=found.request.plan, currency=None, label_window_months=None)

    def _entry(self, found: _Asked) -> dict[str, Any]:
        job = found.job
        done = self._jobs.progress(job)
        return {
            "id": job.id,
            "name": found.request.name,
            "status": _status(job),
            "created_at": job.created_at,
            "planned_at": None,
            "started_at": None,
            "closed_at": None,
            "expires_at": job.expires_at,
            "error": job.error,
            "source": found.request.source,
            "progress": answers.ProgressAnswer(job.total, done.completed, done.failed),
            "links": answers.links(job.id),
        }


def _status(job: Job) -> str:
    return FAILED if job.finished else PLANNING


def _is_id(campaign_id: str) -> bool:
    return ids.is_id(campaign_id) is not None and ids.kind_of(campaign_id) == ids.CAMPAIGN
