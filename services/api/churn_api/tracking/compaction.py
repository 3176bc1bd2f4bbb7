"""Making one file of many small ones of the tables of predictions and of outcomes."""

import hashlib
import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from secrets import token_hex

import msgspec
import polars as pl

from churn.alerts import layout as alerts
from churn.clock import Clock
from churn.errors import ObjectNotFound
from churn.store.interface import Entry, ObjectStore
from churn.tracking import erasure
from churn.tracking.layout import OUTCOMES, PREDICTIONS, ROOT
from churn.tracking.scanning import Table, UnreadableTable
from churn_api.tracking.dropping import drop_erased_since
from churn_api.tracking.parquet import PARQUET, metadata_of, to_bytes

log = logging.getLogger(__name__)

# Bytes below which a file is small: a file of a hundred thousand rows takes about a megabyte.
SMALL_BYTES = 256 * 1024
# Files that are made one at a time: in memory they take twenty times as much.
_SLICE_BYTES = 1024 * 1024
# For outcomes this part of both: a row takes three bytes in a file, and a hundred times as many while it is merged.
_PART_FOR_OUTCOMES = 4
# So few are left alone.
FEW = 16

# The last step of a job can be done again after its worker's death, and then writes its files again; so does
# who reads outcomes of a stream again.
_JOBS_AGE = timedelta(hours=1)
_OF_JOBS = ("job_", "out_", "stream-")

_Told = tuple[tuple[str, str], ...]
_Columns = tuple[tuple[str, pl.DataType], ...]

UNDER_WAY = f"{ROOT}merging.json"


class Merge(msgspec.Struct):
    """Files that are being made one: `inputs` are deleted once `merged` is `written`.

    What was noted is changed by compare-and-swap, so that nobody undoes what another one has gone on with.
    """

    merged: str
    inputs: list[str]
    written: bool = False
    by: str = msgspec.field(default_factory=token_hex)


class Compaction:
    """Merges small files of a month that tell the same, such as their schema. It takes the turn of one process."""

    def __init__(self, store: ObjectStore, clock: Clock) -> None:
        self._store, self._clock = store, clock

    def recover(self) -> None:
        """Bring a merge to its end, or undo it, that was cut off: no row may stay in two files.

        Raises PreconditionFailed if somebody else is at it.
        """
        try:
            stored = self._store.get(UNDER_WAY)
        except ObjectNotFound:
            return
        merge = msgspec.json.decode(stored.data, type=Merge)
        if merge.written:
            self._store.delete(merge.inputs)
        else:
            self._note(Merge(merge.merged, merge.inputs), stored.etag)
            self._store.delete([merge.merged])
        self._store.delete([UNDER_WAY])

    def compact(self, folder: str) -> None:
        """Merge the small files of a month's folder, if there are more than a few."""
        part = _PART_FOR_OUTCOMES if folder.startswith(OUTCOMES) else 1
        due = tuple(f"{folder}{job_id}-" for job_id in self._due())
        small = [
            entry
            for entry in self._store.list(folder)
            if self._is_small(entry, SMALL_BYTES // part) and not entry.key.startswith(due)
        ]
        if len(small) >= FEW:
            for some in _slices(small, _SLICE_BYTES // part):
                self._merge_alike(folder, some)

    def _due(self) -> Iterator[str]:
        """Jobs whose rows are still to be looked at for alerts, by the names of their files."""
        for entry in self._store.list(alerts.DUE):
            yield entry.key.removeprefix(alerts.DUE).removesuffix(".json")

    def _is_small(self, entry: Entry, below: int) -> bool:
        name = entry.key.rpartition("/")[2]
        is_settled = not name.startswith(_OF_JOBS) or self._clock() - entry.modified > _JOBS_AGE
        return is_settled and name.endswith(".parquet") and entry.size < below

    def _merge_alike(self, folder: str, entries: Iterable[Entry]) -> None:
        groups: dict[tuple[str, _Told, _Columns], list[tuple[Entry, pl.DataFrame]]] = defaultdict(list)
        for entry in entries:
            try:
                data = self._store.get(entry.key).data
                table = Table(data, {}).read(pl.all())
                metadata = metadata_of(data)
                alike = metadata["version"], tuple(sorted(metadata.items())), tuple(table.schema.items())
                groups[alike].append((entry, table))
            except ObjectNotFound:
                continue  # erased with all its rows
            except (UnreadableTable, KeyError) as error:
                log.error(
                    "%s cannot be read: it is not merged. Delete it, or replace it by a copy: %s", entry.key, error
                )
        for (_, told, _), members in groups.items():
            if len(members) > 1:
                self._merge(folder, dict(told), [entry for entry, _ in members], [table for _, table in members])

    def _merge(
        self, folder: str, metadata: dict[str, str], entries: Sequence[Entry], tables: list[pl.DataFrame]
    ) -> None:
        digest = hashlib.sha256("".join(f"{entry.key} {entry.etag}\n" for entry in entries).encode()).hexdigest()
        merge = Merge(f"{folder}merged-{digest[:32]}.parquet", [entry.key for entry in entries])
        etag = self._note(merge)
        erased = erasure.recent(self._store)
        table = erasure.without(pl.concat(tables).unique(maintain_order=True), erased)
        self._store.put(merge.merged, to_bytes(table, metadata), content_type=PARQUET)
        drop_erased_since(self._store, [merge.merged], erased)
        self._note(msgspec.structs.replace(merge, written=True), etag)
        self._store.delete(merge.inputs)
        self._store.delete([UNDER_WAY])

    def _note(self, merge: Merge, etag: str | None = None) -> str:
        data, json = msgspec.json.encode(merge), "application/json"
        return self._store.put(UNDER_WAY, data, content_type=json, if_match=etag, if_absent=etag is None)


def months(store: ObjectStore) -> list[str]:
    """The folders of all months that have predictions or outcomes."""
    return [f"{root}{name}/" for root in (PREDICTIONS, OUTCOMES) for name in store.folders(root)]


def _slices(entries: Sequence[Entry], most: int) -> Iterator[list[Entry]]:
    some: list[Entry] = []
    size = 0
    for entry in entries:
        if size + entry.size > most:
            yield some
            some, size = [], 0
        some.append(entry)
        size += entry.size
    yield some
