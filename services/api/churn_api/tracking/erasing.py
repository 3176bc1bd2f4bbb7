"""The worker's step that erases customers; it can be cut off anywhere, and be done again."""

import logging
from collections.abc import Sequence, Set
from contextlib import suppress
from datetime import datetime

import polars as pl

from churn.campaigns.layout import CAMPAIGNS
from churn.errors import ObjectNotFound, PreconditionFailed
from churn.tracking import erasure
from churn.tracking.erasure import Erasure
from churn.tracking.layout import INCOMING, OUTCOMES, PREDICTIONS
from churn.tracking.scanning import Table, UnreadableTable
from churn_api.alerts.erasing import erase_from_alerts
from churn_api.jobs.errors import UnreadableObject
from churn_api.jobs.release_cache import ReleaseCache
from churn_api.jobs.repository import JobRepository
from churn_api.tracking import incoming
from churn_api.tracking.campaign_files import erase_from_campaigns
from churn_api.tracking.ingestion import Ingestion
from churn_api.tracking.job_files import JobFiles
from churn_api.tracking.parquet import PARQUET, metadata_of, to_bytes
from churn_api.tracking.training_tables import erase_from_tables
from churn_api.tracking.turn import turn

log = logging.getLogger(__name__)

# Parts of an erasure that are done once all Parquet files under these roots could be read.
_ROOTS = {erasure.TRACKED: (PREDICTIONS, OUTCOMES), erasure.CAMPAIGNS: (CAMPAIGNS,)}


class Erasing:
    """Erases the customers who are to be erased from everything that the store holds."""

    def __init__(self, repository: JobRepository, releases: ReleaseCache) -> None:
        self._store, self._releases, self._clock = repository.store, releases, repository.clock
        self._ingestion = Ingestion(self._store, releases, self._clock)
        self._jobs = JobFiles(repository, releases)

    def erase(self) -> None:
        """One pass, unless another worker is at it or there is nothing to do. Raises StoreUnavailable.

        Who stands in a job that is not over yet is left to a later pass.
        """
        if erasure.is_any_under_way(self._store):
            with turn(self._store, self._clock) as is_own:
                if is_own:
                    self._pass()

    def _pass(self) -> None:
        erasures, began = erasure.under_way(self._store), self._clock()
        # Before all files: what comes of jobs and of what was handed over is then there to be looked at.
        held_back = self._jobs.held_back(erasures)
        self._ingestion.ingest(lambda: False)
        those = [each for each in erasures if each.left and each.customer_id not in held_back]
        if not those:
            return
        unreadable = self._erase_parts(those, began)
        erased = 0
        for each in those:
            keys = [key for key, names in unreadable.items() if each.customer_id in names]
            done = {part for part in each.left if not any(key.startswith(_ROOTS.get(part, ())) for key in keys)}
            erased += erasure.end(self._store, each, done, keys)
        log.info("%d customers were erased; %d wait for the end of a job.", erased, len(held_back))

    def _erase_parts(self, erasures: Sequence[Erasure], began: datetime) -> dict[str, set[str]]:
        """Do what is left; returns the files that cannot be read, each with the customers who may be in it."""
        left = {part: [each for each in erasures if part in each.left] for part in erasure.PARTS}
        names = {part: {each.customer_id for each in those} for part, those in left.items() if those}
        if erasure.TRACKED in names:
            self._erase_left(names[erasure.TRACKED], began)
        if erasure.JOBS in names:
            self._jobs.erase(names[erasure.JOBS])
        unreadable: dict[str, set[str]] = {}
        for part, roots in _ROOTS.items():
            unreadable |= self._erase_from_files(roots, left[part])
        if erasure.CAMPAIGNS in names:
            erase_from_campaigns(self._store, names[erasure.CAMPAIGNS])
        if erasure.TABLES in names:
            erase_from_tables(self._store, self._releases, names[erasure.TABLES])
        if erasure.ALERTS in names:
            erase_from_alerts(self._store, names[erasure.ALERTS])
        return unreadable

    def _erase_from_files(self, roots: tuple[str, ...], erasures: Sequence[Erasure]) -> dict[str, set[str]]:
        """Drop rows from the files under these roots; of an erasure that awaits some of them, from these alone."""
        known = {key for each in erasures for key in each.unreadable if key.startswith(roots)}
        anew = {each.customer_id for each in erasures if not any(key.startswith(roots) for key in each.unreadable)}
        listed = (entry.key for root in roots for entry in self._store.list(root)) if anew else ()
        unreadable = {}
        for key in sorted(known.union(key for key in listed if key.endswith(".parquet"))):
            names = anew | {each.customer_id for each in erasures if key in each.unreadable}
            try:
                while not self._erase_rows(key, names):
                    pass
            except UnreadableTable as error:
                unreadable[key] = names
                if key not in known:
                    log.error(
                        "%s cannot be read: nobody is erased from it, and erasures wait. "
                        "Delete it, or replace it by a copy: %s",
                        key,
                        error,
                    )
        return unreadable

    def _erase_left(self, names: Set[str], before: datetime) -> None:
        """Delete what could not be taken in, if it holds one of these customers: nobody will ever take it in."""
        for entry in list(self._store.list(INCOMING)):
            moment = incoming.moment_of(entry.key)
            if moment is None or moment < before:
                with suppress(ObjectNotFound):
                    data = self._store.get(entry.key).data
                    if _holds(data, entry.key, names):
                        self._store.delete([entry.key])

    def _erase_rows(self, key: str, names: Set[str]) -> bool:
        """Drop these customers' rows from a Parquet file; False if somebody has changed the file meanwhile.

        Raises UnreadableTable.
        """
        try:
            stored = self._store.get(key)
            table = Table(stored.data, {"customer_id": pl.String})
            held = table.read("customer_id")["customer_id"].is_in(names).fill_null(value=False)
            if not held.any():
                return True
            if held.all():
                self._store.delete([key])
            else:
                self._store.put(key, _without(table, stored.data, held), content_type=PARQUET, if_match=stored.etag)
        except ObjectNotFound:
            return True  # gone since it was listed: whoever made it one with others looks for erasures afterwards
        except PreconditionFailed:
            return False
        return True


def _without(table: Table, data: bytes, dropped: pl.Series) -> bytes:
    """A Parquet file without some rows, and with the same metadata."""
    return to_bytes(table.read(pl.all()).filter(~dropped), metadata_of(data))


def _holds(data: bytes, key: str, names: Set[str]) -> bool:
    try:
        return any(not names.isdisjoint(rows.ids) for rows in incoming.read(data, key).rows)
    except UnreadableObject:
        return any(name.encode() in data for name in names)
