"""The object store: what every store can do.

The store is the product's only truth. Keys are relative paths with "/" between segments; objects appear whole or not
at all; conditional writes give atomic creation (`if_absent`) and compare-and-swap (`if_match`).
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from churn.errors import InvalidKey

# S3 allows 1,024 bytes for a key, file systems 255 for a name; holding both everywhere keeps the stores exchangeable.
_MAX_KEY_BYTES = 1024
_MAX_SEGMENT_BYTES = 255


class Object(NamedTuple):
    """A whole object in memory; `etag` is opaque and names exactly this content."""

    data: bytes
    etag: str


class Entry(NamedTuple):
    """What is known of an object without reading it; `size` in bytes, `modified` in UTC."""

    key: str
    size: int
    etag: str
    modified: datetime


class ObjectStore(Protocol):
    """What both stores do. Every method raises StoreUnavailable when the store cannot be reached, and InvalidKey for
    a key that `checked_key` refuses."""

    def get(self, key: str) -> Object:
        """The whole object; for small ones. Raises ObjectNotFound."""

    def put(
        self, key: str, data: bytes, *, content_type: str, if_match: str | None = None, if_absent: bool = False
    ) -> str:
        """Write a small object and return its etag. Raises PreconditionFailed where the object is not the version
        `if_match` names (a missing object never is), or where it is there although `if_absent` is asked."""

    def read(self, key: str, *, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Stream the bytes from `start` up to, without, `end` in bounded memory; what lies past the end is left out.

        Raises ObjectNotFound at once, not at the first chunk."""

    def fetch(self, key: str, *, start: int, end: int) -> bytes:
        """The same bytes in one piece, at a third less of the processor's time than streamed. Raises ObjectNotFound."""

    def write(self, key: str, chunks: Iterable[bytes], *, content_type: str) -> None:
        """Stream an object into the store in bounded memory. It appears when the last chunk is in; if `chunks` raises,
        nothing appears and what stood under the key stays."""

    def concatenate(self, key: str, parts: Sequence[str], *, content_type: str) -> None:
        """Join objects in the order given into a new one, without their bytes passing through here where the store can
        do that. Raises ObjectNotFound for a part that is missing."""

    def head(self, key: str) -> Entry:
        """What is known of an object without reading it. Raises ObjectNotFound."""

    def list(self, prefix: str, *, after: str = "", limit: int | None = None) -> Iterator[Entry]:
        """The objects whose key starts with `prefix` and comes after `after`, in the order of their UTF-8 bytes."""

    def folders(self, prefix: str) -> Iterator[str]:
        """The bare names of the folders right below `prefix`, which is empty or ends with "/": for `jobs/1/a` and the
        prefix `jobs/` that is `1`. In order."""

    def delete(self, keys: Iterable[str]) -> None:
        """Delete objects; those that are missing are fine."""

    def ping(self) -> None:
        """Return when the store answers, raise StoreUnavailable within a few seconds when it does not."""

    def ensure_bucket(self, *, wait: float = 60.0) -> None:
        """Make the bucket or folder unless it is there, waiting up to `wait` seconds for the store to come up."""


class Patience(NamedTuple):
    """How long to wait for a store on a network: seconds to connect, seconds for each piece of an answer, attempts."""

    connect: float
    read: float
    attempts: int


# For work that nobody waits for.
PATIENT = Patience(connect=3, read=30, attempts=3)
# For callers: a store that hangs has failed within nine seconds, the second between the attempts included.
INTERACTIVE = Patience(connect=2, read=4, attempts=2)


def checked_key(key: str) -> str:
    """The key itself, if it is a relative path of plain segments. Raises InvalidKey, so that no key from outside can
    leave the store."""
    segments = key.split("/")
    if len(key.encode("utf-8", "replace")) > _MAX_KEY_BYTES or not all(map(is_plain, segments)):
        raise InvalidKey(key)
    return key


def checked_prefix(prefix: str) -> str:
    """The prefix itself, if the folders it names are plain segments. Raises InvalidKey."""
    folder, slash, _ = prefix.rpartition("/")
    if slash:
        checked_key(folder)
    return prefix


def checked_folder(prefix: str) -> str:
    """The prefix itself, if it names a whole folder: empty, or ending with "/". Raises InvalidKey."""
    if prefix and not prefix.endswith("/"):
        raise InvalidKey(prefix)
    return checked_prefix(prefix)


def is_plain(segment: str) -> bool:
    """Whether this may stand between two slashes of a key."""
    return (
        segment not in ("", ".", "..")
        and "\\" not in segment
        and segment.isprintable()
        and len(segment.encode()) <= _MAX_SEGMENT_BYTES
    )
