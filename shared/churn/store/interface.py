"""The interface of the object store, where the product keeps all its state.

Keys are relative paths with "/" between segments. Objects appear whole or not at all. Conditional writes give atomic
creation (`if_absent`) and compare-and-swap (`if_match`).
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from churn.errors import InvalidKey

# S3 allows 1,024 bytes for a key, file systems 255 for a name. Both limits hold in every store, so that objects can be
# copied between stores.
_MAX_KEY_BYTES = 1024
_MAX_SEGMENT_BYTES = 255


class Object(NamedTuple):
    """A whole object in memory; `etag` is an opaque text that identifies this content."""

    data: bytes
    etag: str


class Entry(NamedTuple):
    """What is known about an object without reading it; `size` in bytes, `modified` in UTC."""

    key: str
    size: int
    etag: str
    modified: datetime


class ObjectStore(Protocol):
    """The operations of every store.

    Every method raises StoreUnavailable if the store cannot be reached, and InvalidKey for a key that `checked_key`
    refuses.
    """

    def get(self, key: str) -> Object:
        """The whole object; meant for small ones. Raises ObjectNotFound."""

    def put(
        self, key: str, data: bytes, *, content_type: str, if_match: str | None = None, if_absent: bool = False
    ) -> str:
        """Write a small object and return its etag.

        Raises PreconditionFailed if the object is missing or not the version that `if_match` names, or if it exists and
        `if_absent` is set.
        """

    def read(self, key: str, *, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Stream the bytes from `start` up to, but without, `end` in bounded memory; `end` may be past the object's.

        Raises ObjectNotFound at once, not at the first chunk.
        """

    def fetch(self, key: str, *, start: int, end: int) -> bytes:
        """The same bytes at once, which takes a third less processor time than streaming. Raises ObjectNotFound."""

    def write(self, key: str, chunks: Iterable[bytes], *, content_type: str) -> None:
        """Stream an object into the store in bounded memory.

        It appears after the last chunk. If `chunks` raises, whatever was under the key before stays.
        """

    def concatenate(self, key: str, parts: Sequence[str], *, content_type: str) -> None:
        """Join objects, in this order, into a new one; if the store can, it copies them without sending them here.

        Raises ObjectNotFound for a missing part.
        """

    def head(self, key: str) -> Entry:
        """What is known about an object without reading it. Raises ObjectNotFound."""

    def list(self, prefix: str, *, after: str = "", limit: int | None = None) -> Iterator[Entry]:
        """The objects whose key starts with `prefix` and comes after `after`, in the order of their UTF-8 bytes."""

    def folders(self, prefix: str) -> Iterator[str]:
        """The bare names of the folders right below `prefix`, in order: for `jobs/1/a` and the prefix `jobs/`, `1`.

        The prefix is empty or ends with "/".
        """

    def delete(self, keys: Iterable[str]) -> None:
        """Delete objects; missing ones are ignored."""

    def ping(self) -> None:
        """Return if the store answers; raise StoreUnavailable within a few seconds if it does not."""

    def ensure_bucket(self, *, wait: float = 60.0) -> None:
        """Make the bucket or folder unless it exists, waiting up to `wait` seconds for the store to come up."""


class Patience(NamedTuple):
    """How long to wait for a store on a network: seconds to connect, seconds for each read, and attempts."""

    connect: float
    read: float
    attempts: int


# For background work.
PATIENT = Patience(connect=3, read=30, attempts=3)
# For requests: a hanging store counts as failed after nine seconds, one of which is the pause between the attempts.
INTERACTIVE = Patience(connect=2, read=4, attempts=2)


def checked_key(key: str) -> str:
    """The key itself, if it is a relative path of plain segments.

    Raises InvalidKey otherwise, so that a key from outside cannot lead out of the store.
    """
    segments = key.split("/")
    if len(key.encode("utf-8", "replace")) > _MAX_KEY_BYTES or not all(map(is_plain, segments)):
        raise InvalidKey(key)
    return key


def checked_prefix(prefix: str) -> str:
    """The prefix itself, if the folders in it are plain segments. Raises InvalidKey otherwise."""
    folder, slash, _ = prefix.rpartition("/")
    if slash:
        checked_key(folder)
    return prefix


def checked_folder(prefix: str) -> str:
    """The prefix itself, if it names a whole folder: empty, or ending with "/". Raises InvalidKey otherwise."""
    if prefix and not prefix.endswith("/"):
        raise InvalidKey(prefix)
    return checked_prefix(prefix)


def is_plain(segment: str) -> bool:
    """Whether a text may stand between two slashes of a key."""
    return (
        segment not in ("", ".", "..")
        and "\\" not in segment
        and segment.isprintable()
        and len(segment.encode()) <= _MAX_SEGMENT_BYTES
    )
