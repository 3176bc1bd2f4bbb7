"""The customers whom no campaign contacts: a CSV of their ids, which is replaced as a whole."""

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import chain
from typing import NamedTuple

import numpy as np

from churn.errors import ObjectNotFound
from churn.store.interface import ObjectStore
from churn_api.campaigns.paths import OPT_OUTS
from churn_api.jobs.csv.result_files import CSV, CUSTOMER_ID
from churn_api.jobs.digests import Digests, digests

MOST = 1_000_000

# How many are written at a time.
_BLOCK = 65_536


class Count(NamedTuple):
    """How many customers have opted out, and when that was last changed."""

    customers: int
    changed_at: datetime | None


class OptOuts:
    """The list in a store; an id has no line ends, and stands alone in its line."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def replace(self, ids: Iterable[str]) -> None:
        """Whatever `ids` raises leaves the list as it was."""
        self._store.write(OPT_OUTS, _lines(ids), content_type=CSV)

    def count(self) -> Count:
        """How many there are, each counted once however often the list names him."""
        try:
            changed = self._store.head(OPT_OUTS).modified
        except ObjectNotFound:
            return Count(0, None)
        return Count(len(self.digests()), changed)

    def digests(self) -> Digests:
        """Who they are, in rising order."""
        blocks = [digests(names) for names in self._ids()]
        return np.unique(np.concatenate(blocks)) if blocks else np.empty(0, np.uint64)

    def _ids(self) -> Iterator[list[str]]:
        try:
            blocks = self._store.read(OPT_OUTS)
        except ObjectNotFound:
            return
        left, is_first = b"", True
        # Others may have left the last line open.
        for block in chain(blocks, [b"\n"]):
            *lines, left = (left + block).split(b"\n")
            # What is no UTF-8 was put there by others: it stands for nobody, and keeps nobody from the rest.
            rows = [row[0] for row in csv.reader(line.decode(errors="replace") for line in lines) if row]
            yield rows[1:] if is_first else rows
            is_first = is_first and not lines


def _lines(ids: Iterable[str]) -> Iterator[bytes]:
    text = io.StringIO(newline="")
    write = csv.writer(text, lineterminator="\n").writerow
    write([CUSTOMER_ID])
    for place, each in enumerate(ids, 1):
        write([each])
        if place % _BLOCK == 0:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode()
