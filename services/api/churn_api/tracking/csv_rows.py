"""Dropping the rows of customers from a CSV, every other byte of which stays as it is."""

import csv
import io
from collections.abc import Collection, Iterable, Iterator
from itertools import pairwise

from churn.errors import ObjectNotFound
from churn.store.interface import ObjectStore
from churn_api.jobs.csv import rows
from churn_api.jobs.csv.result_files import CSV


class RowDropper:
    """Drops the rows whose cell at `place`, from 0, is one of `names`, but never the first; counts them."""

    def __init__(self, place: int, names: Collection[str], delimiter: str = ",") -> None:
        self._place, self._names, self._delimiter = place, frozenset(names), delimiter
        self._needles = [_needle(name) for name in names]
        self._is_first = True
        self.dropped = 0

    def passing(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        """What is left, in the memory of a block and of the longest row."""
        pending, enough = b"", 0
        for block in blocks:
            pending += block
            if len(pending) >= enough:
                end = rows.last_end(pending)
                if end:
                    yield self._kept(pending[:end])
                pending = pending[end:]
                # A row that goes on is looked at again when it has doubled, or looking at it would cost its square.
                enough = 2 * len(pending)
        if pending:
            yield self._kept(pending)

    def _kept(self, whole: bytes) -> bytes:
        is_first, self._is_first = self._is_first, False
        if not self._may_hold(whole):
            return whole
        cuts = sorted({0, *rows.ends(whole).tolist(), len(whole)})
        lines = [whole[start:end] for start, end in pairwise(cuts)]
        kept = [line for number, line in enumerate(lines) if (is_first and number == 0) or not self._is_dropped(line)]
        self.dropped += len(lines) - len(kept)
        return whole if len(kept) == len(lines) else b"".join(kept)

    def _may_hold(self, data: bytes) -> bool:
        return any(needle in data for needle in self._needles)

    def _is_dropped(self, line: bytes) -> bool:
        if not self._may_hold(line):
            return False
        csv.field_size_limit(2 * rows.MAX_ROW_BYTES)
        text = io.StringIO(line.decode("utf-8", "replace"), newline="")
        cells = next(csv.reader(text, delimiter=self._delimiter), [])
        return self._place < len(cells) and cells[self._place].strip() in self._names


def drop_rows(store: ObjectStore, key: str, place: int, names: Collection[str], delimiter: str = ",") -> None:
    """Drop the rows of an object, which is written anew only if there are any; it may be missing."""
    try:
        looked = RowDropper(place, names, delimiter)
        for _ in looked.passing(store.read(key)):
            pass
        if looked.dropped:
            store.write(key, RowDropper(place, names, delimiter).passing(store.read(key)), content_type=CSV)
    except ObjectNotFound:
        return


def may_hold(store: ObjectStore, key: str, name: str) -> bool:
    """Whether an id may stand anywhere in an object; False if that is missing."""
    needle = _needle(name)
    before = b""
    try:
        for block in store.read(key):
            if needle in before + block:
                return True
            before = block[-len(needle) :]
    except ObjectNotFound:
        return False
    return False


def _needle(name: str) -> bytes:
    """What the bytes of a cell hold however it is quoted: a quote within it may be written twice."""
    return max(name.split('"'), key=len).encode()
