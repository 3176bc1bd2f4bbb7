"""Dividing large objects for S3, which takes them in parts of at least 5 MiB, except for the last one."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from churn.store.interface import Entry

MIN_PART_BYTES = 5 << 20
# A few of them are in memory during an upload; 10,000, S3's limit, make 48 GiB.
PART_BYTES = MIN_PART_BYTES
# S3 copies up to 5 GiB at once. Copies of 4 GiB leave a rest that is never too small for a part.
_COPY_LIMIT_BYTES = 5 << 30
_COPY_BYTES = 4 << 30


class Range(NamedTuple):
    """The bytes of one version of an object from `start` up to, but without, `end`."""

    key: str
    etag: str
    start: int
    end: int

    @property
    def size(self) -> int:
        """The number of bytes."""
        return self.end - self.start

    def split(self, size: int) -> tuple["Range", "Range"]:
        """The first `size` bytes and the rest."""
        middle = min(self.end, self.start + size)
        return self._replace(end=middle), self._replace(start=middle)


class Piece(NamedTuple):
    """A part of a joined object: a single range that S3 copies itself, or small ranges that are joined in memory."""

    ranges: tuple[Range, ...]
    copied: bool


def regroup(chunks: Iterable[bytes], size: int = PART_BYTES) -> Iterator[bytearray]:
    """The same bytes in pieces of exactly `size`, except for a shorter last one; no piece for no bytes."""
    # A bytearray is filled in place and handed over. `bytes` would take a copy here and another in botocore, which adds
    # the headers of the request to it.
    piece, filled = bytearray(), 0
    for chunk in chunks:
        view = memoryview(chunk)
        while view:
            piece = piece or bytearray(size)
            taken = min(len(view), size - filled)
            piece[filled : filled + taken] = view[:taken]
            view, filled = view[taken:], filled + taken
            if filled == size:
                yield piece
                piece, filled = bytearray(), 0
    if filled:
        del piece[filled:]
        yield piece


def plan(entries: Iterable[Entry]) -> list[Piece]:
    """How to join objects in their order.

    Large objects are copied by S3, small neighbours are joined in memory, and small ones before a large one are filled
    up to a part with its first bytes.
    """
    pieces: list[Piece] = []
    pending: list[Range] = []
    for entry in entries:
        rest = Range(entry.key, entry.etag, 0, entry.size)
        while rest.size:
            rest = _take(rest, pending, pieces)
    _flush(pending, pieces)
    return pieces


def _take(rest: Range, pending: list[Range], pieces: list[Piece]) -> Range:
    """Put the next bytes of `rest` into a piece or into `pending`; returns what is left of it."""
    waiting = sum(part.size for part in pending)
    if rest.size >= MIN_PART_BYTES and (waiting == 0 or waiting >= MIN_PART_BYTES):
        _flush(pending, pieces)
        taken, rest = rest.split(_COPY_BYTES if rest.size > _COPY_LIMIT_BYTES else rest.size)
        pieces.append(Piece((taken,), copied=True))
        return rest
    taken, rest = rest.split(PART_BYTES - waiting)
    pending.append(taken)
    if waiting + taken.size == PART_BYTES:
        _flush(pending, pieces)
    return rest


def _flush(pending: list[Range], pieces: list[Piece]) -> None:
    if pending:
        pieces.append(Piece(tuple(pending), copied=False))
        pending.clear()
