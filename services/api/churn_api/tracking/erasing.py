"""The worker's step that erases customers; it can be cut off anywhere, and be done again."""

import logging
from collections.abc import Set
from contextlib import suppress
from datetime import datetime
from io import BytesIO

import polars as pl

from churn.errors import ObjectNotFound, PreconditionFailed
from churn.tracking import erasure
from churn.tracking.layout import ERASING, INCOMING, OUTCOMES, PREDICTIONS
from churn_api.jobs.errors import UnreadableObject
from churn_api.jobs.release_cache import ReleaseCache
from churn_api.jobs.repository import JobRepository
from churn_api.tracking import incoming
from churn_api.tracking.ingestion import Ingestion
from churn_api.tracking.job_files import JobFiles
from churn_api.tracking.parquet import PARQUET, metadata_of, to_bytes
from churn_api.tracking.training_tables import erase_from_tables
from churn_api.tracking.turn import turn

log = logging.getLogger(__name__)


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
        if any(self._store.list(ERASING, limit=1)):
            with turn(self._store, self._clock) as is_own:
                if is_own:
                    self._pass()

    def _pass(self) -> None:
        erasures, began = erasure.under_way(self._store), self._clock()
        # Before all files: what comes of jobs and of what was handed over is then there to be looked at.
        held_back = self._jobs.held_back(erasures)
        self._ingestion.ingest(lambda: False)
        names = {each.customer_id for each in erasures} - held_back
        if not names:
            return
        self._erase_left(names, began)
        self._jobs.erase(names)
        for root in (PREDICTIONS, OUTCOMES):
            for entry in list(self._store.list(root)):
                if entry.key.endswith(".parquet"):
                    while not self._erase_rows(entry.key, names):
                        pass
        erase_from_tables(self._store, self._releases, names)
        for name in names:
            erasure.finish(self._store, name)
        log.info("%d customers were erased; %d wait for the end of a job.", len(names), len(held_back))

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
        """Drop these customers' rows from a Parquet file; False if somebody has changed the file meanwhile."""
        try:
            stored = self._store.get(key)
            ids = pl.read_parquet(BytesIO(stored.data), columns=["customer_id"])["customer_id"]
            held = ids.is_in(names).fill_null(value=False)
            if not held.any():
                return True
            if held.all():
                self._store.delete([key])
            else:
                self._store.put(key, _without(stored.data, held), content_type=PARQUET, if_match=stored.etag)
        except ObjectNotFound:
            return True  # gone since it was listed: whoever made it one with others looks for erasures afterwards
        except PreconditionFailed:
            return False
        except pl.exceptions.PolarsError as error:
            log.error("%s cannot be read: nobody is erased from it. Delete it, or replace it by a copy: %s", key, error)
        return True


def _without(data: bytes, dropped: pl.Series) -> bytes:
    """A Parquet file without some rows, and with the same metadata."""
    return to_bytes(pl.read_parquet(BytesIO(data)).filter(~dropped), metadata_of(data))


def _holds(data: bytes, key: str, names: Set[str]) -> bool:
    try:
        return any(not names.isdisjoint(rows.ids) for rows in incoming.read(data, key).rows)
    except UnreadableObject:
        return any(name.encode() in data for name in names)
