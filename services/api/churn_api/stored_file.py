"""A file of the store that callers fetch: results and errors of jobs, and the lists of campaigns and digests."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import NamedTuple

from churn.errors import ChurnError, ObjectNotFound
from churn.store.interface import ObjectStore


class StoredFile(NamedTuple):
    """A file whose content never changes: `size` in bytes; `etag` names exactly this content.

    `title` is what its owner is called, such as a job's upload, if anything; `gone` is raised once it is deleted.
    """

    store: ObjectStore
    key: str
    size: int
    etag: str
    title: str | None
    gone: ChurnError

    def read(self, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The bytes from `start` up to, without, `end`, streamed in bounded memory. Raises `gone` at once."""
        try:
            return self.store.read(self.key, start=start, end=end)
        except ObjectNotFound as error:  # deleted meanwhile
            raise self.gone from error


def first_of(store: ObjectStore, keys: Iterable[str], title: str | None, gone: ChurnError) -> StoredFile:
    """The first of these keys under which there is a file. Raises `gone` where there is none, and StoreUnavailable."""
    for key in keys:
        with suppress(ObjectNotFound):
            entry = store.head(key)
            return StoredFile(store, key, entry.size, entry.etag, title, gone)
    raise gone
