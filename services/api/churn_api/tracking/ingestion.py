"""From the objects that the API's processes hand over to files of the table of predictions."""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import islice

import numpy as np
import polars as pl

from churn.clock import Clock
from churn.errors import ChurnError, ObjectNotFound, StoreUnavailable
from churn.schema import Schema
from churn.store.interface import ObjectStore
from churn.tracking import erasure, predictions
from churn.tracking.layout import INCOMING, PREDICTIONS, month_of
from churn_api.jobs.errors import UnreadableObject
from churn_api.jobs.release_cache import ReleaseCache
from churn_api.tracking import incoming, refusals
from churn_api.tracking.dropping import Erased, drop_erased_since
from churn_api.tracking.incoming import Handover, Refusals, Rows
from churn_api.tracking.parquet import PARQUET

log = logging.getLogger(__name__)

# Objects that are worked through before any of them is deleted: in memory is one at a time.
_AT_ONCE = 256


class Ingestion:
    """Takes in what was handed over. Each step can be cut off and done again: an object always gives the same files."""

    def __init__(self, store: ObjectStore, releases: ReleaseCache, clock: Clock) -> None:
        self._store, self._releases, self._clock = store, releases, clock
        self._left: set[str] = set()

    def ingest(self, over: Callable[[], bool]) -> set[str]:
        """Take in all that is there, until `over`; returns the folders of predictions that have new files.

        What cannot be read, or is of a release that is gone, is left where it is: it is tried again every time, since a
        release may come back, but logged once.
        """
        folders: set[str] = set()
        last = ""
        while not over():
            keys = [entry.key for entry in islice(self._store.list(INCOMING, after=last), _AT_ONCE)]
            folders |= self._ingest(keys)
            if len(keys) < _AT_ONCE:
                break
            last = keys[-1]
        return folders

    def _ingest(self, keys: list[str]) -> set[str]:
        erased = erasure.recent(self._store)
        found = {key: written for key in keys if (written := self._write(key, erased)) is not None}
        files = [file for _, written in found.values() for file in written]
        drop_erased_since(self._store, files, erased)
        by_month: dict[str, dict[str, Refusals]] = defaultdict(dict)
        for key, (counts, _) in found.items():
            if counts.rows:
                by_month[refusals.key(incoming.moment_of(key) or self._clock())][incoming.name_of(key)] = counts
        for month, counts_by_name in by_month.items():
            try:
                refusals.count(self._store, month, counts_by_name, self._clock())
            except UnreadableObject as error:
                log.error("%s What was refused is not counted until it is deleted.", error.message)
        self._store.delete(found)
        return {file[: file.rindex("/") + 1] for file in files}

    def _write(self, key: str, erased: Erased) -> tuple[Refusals, list[str]] | None:
        """Write the files of an object; returns its counts and the files' keys, None if it has to be left."""
        try:
            handover = incoming.read(self._store.get(key).data, key)
            tables = list(self._tables(handover))
        except ObjectNotFound:
            return None  # somebody else has taken it in
        except StoreUnavailable:
            raise
        except (ChurnError, ValueError, TypeError, OverflowError, pl.exceptions.PolarsError) as error:
            if key not in self._left:
                log.error("%s holds tracked predictions that cannot be taken in, and is left there: %s", key, error)
            self._left.add(key)
            return None
        files = []
        for month, schema, table in tables:
            file = f"{PREDICTIONS}{month}{incoming.name_of(key)}-{schema.hash[:8]}.parquet"
            kept = erasure.without(table, erased)
            if kept.height:
                self._store.put(file, predictions.to_bytes(kept, schema.hash), content_type=PARQUET)
                files.append(file)
        return handover.refusals, files

    def _tables(self, handover: Handover) -> Iterator[tuple[str, Schema, pl.DataFrame]]:
        """The tables of an object, each of one month and one schema."""
        groups: dict[tuple[str, str], list[pl.DataFrame]] = defaultdict(list)
        schemas: dict[str, Schema] = {}
        for rows in _by_release(handover):
            schema = self._releases.get(rows.release).schema
            schemas[schema.hash] = schema
            table = _table(schema, rows)
            for (month,), part in table.group_by(pl.col("scored_at").dt.truncate("1mo"), maintain_order=True):
                groups[month_of(month), schema.hash].append(part)
        for (month_folder, known), parts in groups.items():
            yield month_folder, schemas[known], pl.concat(parts)


def _by_release(handover: Handover) -> Iterator[Rows]:
    """The rows of an object, one after the other for each release and source."""
    joined: dict[tuple[str, str], Rows] = {}
    for rows in handover.rows:
        if (first := joined.setdefault((rows.release, rows.source), rows)) is not rows:
            first.ids += rows.ids
            first.moments += rows.moments
            first.probabilities += rows.probabilities
            first.assumed += rows.assumed
            for column, more in zip(first.customers, rows.customers, strict=True):
                column += more
    yield from joined.values()


def _table(schema: Schema, rows: Rows) -> pl.DataFrame:
    moments = pl.Series(rows.moments, dtype=pl.Int64).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    return predictions.frame(
        schema,
        rows.release,
        rows.source,
        pl.Series(rows.ids, dtype=pl.String),
        moments,
        np.array(rows.probabilities, np.float64),
        np.array(rows.assumed, np.uint8),
        [pl.Series(column, dtype=pl.Float64) for column in rows.customers],
    )
