"""Reading the Parquet files of the tracked tables; one that cannot be read stops no answer."""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from io import BytesIO
from typing import Any, TypeVar

import polars as pl

from churn.errors import ObjectNotFound
from churn.store.interface import ObjectStore

log = logging.getLogger(__name__)

_Read = TypeVar("_Read")

# Files are merged or erased now and then. That one is gone so many times in a row is something else, and is raised.
_MOST_READS = 5


class UnreadableTable(Exception):
    """A file is damaged, or has other columns than those that are wanted; the message says which."""


class Table:
    """The rows of a file, which is held in memory: a few bytes a row."""

    def __init__(self, data: bytes, columns: Mapping[str, Any]) -> None:
        """`columns` are those that it must have, with their types. Raises UnreadableTable."""
        source = BytesIO(data)
        with _telling():
            kinds = pl.read_parquet_schema(source)
            if lacking := columns.keys() - kinds:
                raise UnreadableTable(f"it has no {', '.join(sorted(lacking))}")
            source.seek(0)
            self.metadata = pl.read_parquet_metadata(source)
            source.seek(0)
            others = [pl.col(name).cast(kind) for name, kind in columns.items() if kinds[name] != kind]
            self._rows = pl.scan_parquet(source).with_columns(others)
            self.height = int(self._rows.select(pl.len()).collect().item())

    def read(self, *selected: pl.Expr | str, where: pl.Expr | bool = True) -> pl.DataFrame:
        """What is selected of the rows, all at once. Raises UnreadableTable."""
        return self._piece(0, self.height, selected, where)

    def pieces(self, most: int, *selected: pl.Expr | str, where: pl.Expr | bool = True) -> Iterator[pl.DataFrame]:
        """The same of so many rows at a time. Raises UnreadableTable, and before the first piece if for any of them."""
        starts = range(0, self.height, most)
        for start in starts[1:]:  # so that nothing counts of a file which cannot be read to its end
            self._piece(start, most, selected, where)
        return (self._piece(start, most, selected, where) for start in starts)

    def _piece(self, start: int, most: int, selected: tuple[pl.Expr | str, ...], where: pl.Expr | bool) -> pl.DataFrame:
        with _telling():
            return self._rows.slice(start, most).filter(where).select(*selected).collect()


def read_anew(read: Callable[[], _Read]) -> _Read:
    """What `read` finds; from the beginning again where a file that it had listed was made one with others, or erased.

    Raises ObjectNotFound where that happens each time.
    """
    for _ in range(_MOST_READS - 1):
        with suppress(ObjectNotFound):
            return read()
    return read()


class TableReader:
    """Reads files of a store for one answer, which goes without those that cannot be read: `left_out` has their keys.

    Each of them is named in the log once, with what to do.
    """

    def __init__(self, store: ObjectStore) -> None:
        self.store = store
        self.left_out: set[str] = set()

    def table(self, key: str, columns: Mapping[str, Any]) -> Table:
        """The file of this key. Raises UnreadableTable, ObjectNotFound and StoreUnavailable."""
        return Table(self.store.get(key).data, columns)

    @contextmanager
    def passing_over(self, key: str) -> Iterator[None]:
        """A block that is left where the file of this key turns out to be unreadable."""
        try:
            yield
        except UnreadableTable as error:
            if key not in self.left_out:
                self.left_out.add(key)
                log.error("%s is passed over. Delete it, or replace it by a copy: %s", key, error)

    def words(self) -> Iterator[str]:
        """What whoever reads the answer is to know of what was left out."""
        if self.left_out:
            files = "1 file" if len(self.left_out) == 1 else f"{len(self.left_out):,} files"
            yield (
                f"{files} in the store cannot be read, and what is in there does not count. The worker's log names "
                "what to delete, or to replace by a copy."
            )


@contextmanager
def _telling() -> Iterator[None]:
    """A block in which whatever polars raises of a file is an UnreadableTable: of some damage it panics."""
    try:
        yield
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise UnreadableTable(str(error)) from error
