"""Deleting campaigns whose time is over, and what interrupted plannings and deletions have left.

Of one that was closed before it was deleted it stays, until it expires, who was drawn for which arm.
"""

import logging
from contextlib import suppress

from churn.campaigns import contacts, layout
from churn.errors import ObjectNotFound
from churn.store.interface import ObjectStore
from churn.tracking.scanning import Table, UnreadableTable
from churn_api.campaigns import paths
from churn_api.campaigns.contact_list import PARQUET
from churn_api.campaigns.errors import UnknownCampaign
from churn_api.campaigns.repository import CampaignRepository
from churn_api.jobs import ids
from churn_api.jobs.errors import UnknownJob, UnreadableObject
from churn_api.jobs.repository import JobRepository

log = logging.getLogger(__name__)

_DRAWN = {name: contacts.COLUMNS[name] for name in contacts.DRAWN}


def clean(jobs: JobRepository) -> None:
    """One pass over all campaigns; one whose record cannot be read is left alone. Nobody may be erasing meanwhile."""
    campaigns = CampaignRepository(jobs.store, jobs.clock)
    entries = {paths.of_newest(entry.key) for entry in jobs.store.list(paths.NEWEST)}
    for campaign_id in sorted({*layout.ids(jobs.store), *entries}):
        # A copy that somebody has put beside it under a name of his own is not ours to delete.
        if ids.is_id(campaign_id) and _is_over(campaigns, jobs, campaign_id):
            with suppress(UnreadableObject):  # since it was looked at; the next pass says so
                if campaigns.expire(campaign_id):
                    _reduce(jobs.store, campaign_id)


def _is_over(campaigns: CampaignRepository, jobs: JobRepository, campaign_id: str) -> bool:
    try:
        return campaigns.stored(campaign_id)[0].is_gone(jobs.clock())
    except UnreadableObject as error:
        log.error("%s The campaign stays until the object is deleted, or replaced by a copy.", error.message)
        return False
    except UnknownCampaign:
        pass
    try:
        at_work = not jobs.look(campaign_id).finished
    except UnknownJob:
        at_work = False
    # What is being planned has no record yet; it may have been written since it was looked for.
    return not at_work and not campaigns.exists(campaign_id)


def _reduce(store: ObjectStore, campaign_id: str) -> None:
    """Keep of the tables of a deleted campaign nothing but who was drawn for which arm."""
    for key in [entry.key for entry in store.list(layout.contacts(campaign_id))]:
        if key != (drawn := layout.drawn_part(key)):
            with suppress(ObjectNotFound):
                try:
                    table = Table(store.get(key).data, _DRAWN).read(*_DRAWN, contacts.IF_LIST)
                except UnreadableTable as error:
                    log.error("%s cannot be read, and is deleted with its campaign: %s", key, error)
                else:
                    store.put(drawn, contacts.to_bytes(table), content_type=PARQUET)
            store.delete([key])
