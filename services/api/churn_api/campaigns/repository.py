"""The campaigns in the store: adding, finding, listing, changing and removing them."""

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from churn.campaigns import layout
from churn.clock import Clock, now
from churn.errors import ObjectNotFound, PreconditionFailed
from churn.overlap import overlapped
from churn.store import compare_and_swap
from churn.store.compare_and_swap import Change
from churn.store.interface import Entry, ObjectStore
from churn_api.campaigns import paths
from churn_api.campaigns.campaign import Campaign
from churn_api.campaigns.errors import UnknownCampaign
from churn_api.jobs import ids
from churn_api.jobs.errors import UnreadableObject
from churn_api.jobs.repository import EMPTY, JSON

log = logging.getLogger(__name__)

_READ_AT_ONCE = 8

# The store's clock and that of a process differ by less.
_LEEWAY = timedelta(hours=1)


class CampaignRepository:
    """The campaigns of a store that have been planned. Every change of a record is a compare-and-swap."""

    def __init__(self, store: ObjectStore, clock: Clock = now) -> None:
        self.store = store
        self.clock = clock

    def moment(self) -> str:
        """The current moment as records have it (ISO 8601)."""
        return self.clock().isoformat()

    def add(self, campaign: Campaign) -> bool:
        """Write a campaign's entry and then its record, with which it is planned; False if the record exists."""
        self.store.put(paths.newest(campaign.id), b"", content_type=EMPTY)
        try:
            self.store.put(layout.record(campaign.id), campaign.to_bytes(), content_type=JSON, if_absent=True)
        except PreconditionFailed:
            return False
        return True

    def exists(self, campaign_id: str) -> bool:
        """Whether it has a record, however that can be read."""
        return any(self.store.list(layout.record(campaign_id), limit=1))

    def load(self, campaign_id: str) -> Campaign:
        """The campaign as it is now. Raises UnknownCampaign, also of one that has expired, and UnreadableObject."""
        return self._there(campaign_id)[0]

    def _there(self, campaign_id: str) -> tuple[Campaign, str]:
        campaign, etag = self.stored(campaign_id)
        if campaign.is_gone(self.clock()):
            raise UnknownCampaign(campaign_id)
        return campaign, etag

    def stored(self, campaign_id: str) -> tuple[Campaign, str]:
        """The record as it stands, with its etag. Raises UnknownCampaign and UnreadableObject."""
        if not (ids.is_id(campaign_id) and ids.kind_of(campaign_id) == ids.CAMPAIGN):
            raise UnknownCampaign(campaign_id)
        key = layout.record(campaign_id)
        try:
            found = self.store.get(key)
        except ObjectNotFound as error:
            raise UnknownCampaign(campaign_id) from error
        return Campaign.from_bytes(found.data, key), found.etag

    def change(self, campaign_id: str, step: Callable[[Campaign], Campaign]) -> Change[Campaign]:
        """Apply `step` to the current record, again if it changes meanwhile; the same object means no change.

        Raises UnknownCampaign, UnreadableObject, and whatever `step` raises.
        """
        return self._swap(campaign_id, self._there, step)

    def _swap(
        self, campaign_id: str, read: Callable[[str], tuple[Campaign, str]], step: Callable[[Campaign], Campaign]
    ) -> Change[Campaign]:
        key = layout.record(campaign_id)
        return compare_and_swap.change(self.store, key, partial(read, campaign_id), step, Campaign.to_bytes)

    def all(self) -> Iterator[Campaign]:
        """The campaigns that were planned, the newest first; one whose record cannot be read is passed over."""
        return self.those(self.newest())

    def newest(self, limit: int | None = None) -> Iterator[str]:
        """The ids of the campaigns that were planned, the newest first; of some there may be no record any more."""
        return (paths.of_newest(entry.key) for entry in self.store.list(paths.NEWEST, limit=limit))

    def those(self, campaign_ids: Iterable[str]) -> Iterator[Campaign]:
        """The campaigns with these ids, in their order; one whose record cannot be read is passed over."""
        calls = (partial(self._seen, campaign_id) for campaign_id in campaign_ids)
        return (campaign for campaign in overlapped(calls, _READ_AT_ONCE) if campaign is not None)

    def started(self) -> Iterator[Campaign]:
        """Those that run or have been closed, the newest first."""
        return (campaign for campaign in self.all() if campaign.started_at is not None)

    def started_since(self, moment: datetime) -> Iterator[Campaign]:
        """Those that were started after this moment, in any order, with those that were deleted and have not expired.

        A start writes the record, so none is read that was written before.
        """
        written = (name for name, entry in self._with(layout.record) if entry.modified > moment - _LEEWAY)
        calls = (partial(self._remembered, campaign_id) for campaign_id in written)
        for campaign in overlapped(calls, _READ_AT_ONCE):
            if campaign is not None and datetime.fromisoformat(str(campaign.started_at)) > moment:
                yield campaign

    def measured(self) -> Iterator[Campaign]:
        """Those of which save rates are kept, the oldest first; no other record is read."""
        return self.those(campaign_id for campaign_id, _ in self._with(layout.save_rates))

    def _with(self, key: Callable[[str], str]) -> Iterator[tuple[str, Entry]]:
        """The ids of the campaigns that have an object with this key, with its entry: a thousand keys are a request."""
        for entry in self.store.list(layout.CAMPAIGNS + layout.ID):
            campaign_id = entry.key.removeprefix(layout.CAMPAIGNS).partition("/")[0]
            if entry.key == key(campaign_id):
                yield campaign_id, entry

    def _remembered(self, campaign_id: str) -> Campaign | None:
        try:
            campaign = self.stored(campaign_id)[0]
        except UnknownCampaign:
            return None
        except UnreadableObject as error:
            log.error("%s Whom it has treated does not count until the object is replaced by a copy.", error.message)
            return None
        return campaign if campaign.is_remembered(self.clock()) else None

    def _seen(self, campaign_id: str) -> Campaign | None:
        try:
            return self.load(campaign_id)
        except UnknownCampaign:
            return None
        except UnreadableObject as error:
            log.error("%s The campaign is passed over; delete the object, or replace it by a copy.", error.message)
            return None

    def expire(self, campaign_id: str) -> bool:
        """Remove a campaign whose time is over, or which has no record, unless it was started at the last moment.

        Returns whether callers no longer see it.
        """

        def step(campaign: Campaign) -> Campaign:
            if campaign.deleted_at is not None or not campaign.is_gone(self.clock()):
                return campaign
            log.info("Campaign %s is over, and is deleted.", campaign_id)
            # Whoever is about to start it has read the record, and fails now.
            return replace(campaign, deleted_at=self.moment())

        with suppress(UnknownCampaign):
            if self._swap(campaign_id, self.stored, step).record.deleted_at is None:
                return False
        self.remove(campaign_id)
        return True

    def remove(self, campaign_id: str) -> None:
        """Delete everything of a campaign; of one that was started, until it expires, all but whom it has treated.

        These must not be treated again too early, nor be judged as if nobody had called them. The record goes last: it
        says from the start that the campaign is being deleted, so that nobody starts it, and that what an interrupted
        removal has left is deleted by the next tidying.
        """
        with suppress(UnknownCampaign, UnreadableObject):
            self.change(campaign_id, lambda found: replace(found, deleted_at=self.moment()))
        record = layout.record(campaign_id)
        is_remembered = self._remembered(campaign_id) is not None
        keys = [entry.key for entry in self.store.list(layout.folder(campaign_id)) if entry.key != record]
        if is_remembered:
            keys = [key for key in keys if not paths.says_who_is_in(campaign_id, key)]
        self.store.delete([*keys, paths.newest(campaign_id)])
        if not is_remembered:
            self.store.delete([record])
