"""Which campaigns run: no customer is in two of them, however many people start campaigns at once.

The ids stand in one object, changed by compare-and-swap: whoever starts a campaign compares it with all others that
stand there and adds it, or begins anew if another was added meanwhile. The campaign's own record follows; who is
stopped in between starts it again. An id counts only as long as its campaign has not been closed; a closed one, deleted
or not, counts among those that treated customers lately. These are looked up last: a campaign that is closed meanwhile
is seen either while it runs or there.
"""

import json
import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import timedelta

import numpy as np

from churn.errors import ObjectNotFound, PreconditionFailed
from churn_api.campaigns import members
from churn_api.campaigns.campaign import CLOSED, Campaign
from churn_api.campaigns.campaign import RUNNING as RUNS
from churn_api.campaigns.errors import CampaignConflict, UnknownCampaign
from churn_api.campaigns.opt_outs import OptOuts
from churn_api.campaigns.paths import RUNNING
from churn_api.campaigns.repository import CampaignRepository
from churn_api.jobs.digests import Digests, are_in
from churn_api.jobs.errors import UnreadableObject
from churn_api.jobs.repository import JSON
from churn_api.jobs.stored_json import decoded

log = logging.getLogger(__name__)

_TRIES = 20


class Running:
    """The campaigns that run."""

    def __init__(self, campaigns: CampaignRepository) -> None:
        self._campaigns, self._store = campaigns, campaigns.store

    def campaigns(self) -> list[Campaign]:
        """Those that run now; one whose record cannot be read is passed over."""
        return [campaign for campaign in self._alive(self._read()[0])[0] if campaign.status == RUNS]

    def add(self, campaign: Campaign) -> None:
        """Count a campaign among those that run.

        Raises CampaignConflict if a chosen customer has opted out, is in another one, or was treated by another one
        within the days for which the plan leaves treated customers alone.
        """
        for _ in range(_TRIES):
            ids, etag = self._read()
            own = members.read(self._store, campaign.id)
            self._refuse_opted_out(own)
            if campaign.id in ids:
                return  # counted by a start that was stopped; no campaign with one of its customers has begun since
            others, unread = self._alive(ids)
            self._refuse_shared(own, others)
            self._refuse_treated(campaign, own)
            data = json.dumps({"running": [*(other.id for other in others), *unread, campaign.id]}).encode()
            with suppress(PreconditionFailed):
                self._store.put(RUNNING, data, content_type=JSON, if_match=etag, if_absent=etag is None)
                return
        raise CampaignConflict("Others start campaigns at this very moment; try again in a second.")

    def _read(self) -> tuple[list[str], str | None]:
        try:
            stored = self._store.get(RUNNING)
        except ObjectNotFound:
            return self._by_records(), None
        try:
            held = decoded(stored.data, RUNNING).get("running")
        except UnreadableObject as error:
            log.error("%s It is written anew from the campaigns' records.", error.message)
            held = None
        found = [each for each in held if isinstance(each, str)] if isinstance(held, list) else self._by_records()
        return found, stored.etag

    def _by_records(self) -> list[str]:
        """The ids of those that run, where the object that lists them is lost or cannot be read."""
        return [campaign.id for campaign in self._campaigns.started() if campaign.status == RUNS]

    def _alive(self, ids: list[str]) -> tuple[list[Campaign], list[str]]:
        """Those of these campaigns that may run, and the ids of those whose records nobody can read just now."""
        alive, unread = [], []
        for each in ids:
            try:
                campaign = self._campaigns.load(each)
            except UnknownCampaign:
                continue
            except UnreadableObject as error:
                log.error("%s Nobody can tell who is in this campaign; replace the object by a copy.", error.message)
                unread.append(each)
                continue
            if campaign.status != CLOSED:
                alive.append(campaign)
        return alive, unread

    def _refuse_opted_out(self, own: Digests) -> None:
        if count := int(np.count_nonzero(are_in(own, OptOuts(self._store).digests()))):
            raise CampaignConflict(
                f"{_chosen(count, 'has', 'have')} opted out since this campaign was planned. Plan it again and delete "
                "this one: whoever has opted out is left out."
            )

    def _refuse_shared(self, own: Digests, others: list[Campaign]) -> None:
        count, names = _in_any(own, others, lambda other: members.read(self._store, other.id))
        if count:
            raise CampaignConflict(
                f"{_chosen(count, 'is', 'are')} in another campaign that was started since this one was planned "
                f"({', '.join(names)}). Plan it again: whoever is in a running campaign is left out."
            )

    def _refuse_treated(self, campaign: Campaign, own: Digests) -> None:
        days = campaign.plan.get("not_within_days", 0)
        if not days:
            return
        since = self._campaigns.clock() - timedelta(days=days)
        others = (
            other
            for other in self._campaigns.started_since(since)
            # It is there itself if somebody else starts it at this moment.
            if other.id != campaign.id
        )
        count, names = _in_any(own, others, lambda other: members.read(self._store, other.id, ("treat",)))
        if count:
            within = "day" if days == 1 else f"{days} days"
            raise CampaignConflict(
                f"{_chosen(count, 'was', 'were')} treated within the last {within} by another campaign that was "
                f"started since this one was planned ({', '.join(names)}). Plan it again: whoever was treated lately "
                "is left out."
            )


def _in_any(
    own: Digests, others: Iterable[Campaign], members_of: Callable[[Campaign], Digests]
) -> tuple[int, list[str]]:
    """How many of these customers are among the members of other campaigns, and the names of those campaigns."""
    shared = np.zeros(len(own), np.bool_)
    names = []
    for other in others:
        found = are_in(own, members_of(other))
        if found.any():
            shared |= found
            names.append(other.name)
    return int(np.count_nonzero(shared)), names


def _chosen(count: int, one: str, more: str) -> str:
    return f"1 of the chosen customers {one}" if count == 1 else f"{count:,} of the chosen customers {more}"
