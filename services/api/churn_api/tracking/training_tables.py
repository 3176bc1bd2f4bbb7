"""Erasing customers from the tables that models were trained on."""

import logging
from collections.abc import Collection
from typing import NamedTuple

from churn.errors import ReleaseRefused, UnknownRelease
from churn.release import current
from churn.schema import Schema, built_in
from churn.store.interface import ObjectStore
from churn.tables.dialect import sniff
from churn.tables.reader import HEAD_BYTES
from churn_api.jobs.release_cache import ReleaseCache
from churn_api.tracking.csv_rows import drop_rows

log = logging.getLogger(__name__)

FOLDER = "data/raw/"


class _Ids(NamedTuple):
    """Where a table has the ids: the place of their column, from 0, and what separates the columns."""

    place: int
    delimiter: str


def erase_from_tables(store: ObjectStore, releases: ReleaseCache, names: Collection[str]) -> None:
    """Drop the rows of these customers from every table."""
    for entry in list(store.list(FOLDER)):
        if entry.key.endswith(".csv"):
            head = store.fetch(entry.key, start=0, end=HEAD_BYTES).decode("utf-8-sig", "replace")
            ids = next((found for schema in _schemas(store, releases) if (found := _ids(head, schema))), None)
            if ids is None:
                log.warning("%s has no column of ids that is known; nobody is erased from it.", entry.key)
            else:
                drop_rows(store, entry.key, ids.place, names, ids.delimiter)


def _schemas(store: ObjectStore, releases: ReleaseCache) -> list[Schema]:
    """What a table may be declared as: as the release in service declares it, or as it is shipped."""
    try:
        pointer = current(store)
        served = [releases.get(pointer.version).schema] if pointer else []
    except (ReleaseRefused, UnknownRelease):
        served = []
    return [*served, built_in("telco")]


def _ids(head: str, schema: Schema) -> _Ids | None:
    dialect = sniff(head, schema)
    header = next((row for row in dialect.rows(head) if any(cell.strip() for cell in row)), [])
    names = [schema.column_names.field_of(cell) for cell in header]
    return _Ids(names.index(schema.id), dialect.outer) if schema.id in names else None
