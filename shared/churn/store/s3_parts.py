"""How a large object is cut for S3, which takes it in parts of 5 MiB at least (but for the last)."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from churn.store.interface import Entry

MIN_PART_BYTES = 5 << 20
# A few of them are held in memory per upload; 10,000, S3's limit, make 48 GiB.
PART_BYTES = MIN_PART_BYTES
# S3 copies up to 5 GiB at once; stopping at four leaves a rest that is never too small to be a part.
_COPY_LIMIT_BYTES = 5 << 30
_COPY_BYTES = 4 << 30


class Range(NamedTuple):
    """The bytes of one version of an object from `start` up to, without, `end`."""

    key: str
    etag: str
    start: int
    end: int

    @property
    def size(self) -> int:
        return self.end - self.start

    def split(self, size: int) -> tuple["Range", "Range"]:
        """The first `size` bytes and the rest."""
        middle = min(self.end, self.start + size)
        return self._replace(end=middle), self._replace(start=middle)


class Piece(NamedTuple):
    """One part of a joined object: a single range that S3 copies itself, or small ones to be joined in memory."""

    ranges: tuple[Range, ...]
    copied: bool


def regroup(chunks: Iterable[bytes], size: int = PART_BYTES) -> Iterator[bytearray]:
    """The same bytes in pieces of exactly `size`, the last one being shorter; nothing for no bytes."""
    # Filled in place and given away: made `bytes`, each would be held twice, and botocore, which glues `bytes` to the
    # request's headers, would hold it once more.
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
    """How to join objects in order: what is large enough is copied, small neighbours are joined, and a small one before
    a large one borrows from it what it lacks."""
    pieces: list[Piece] = []
    held: list[Range] = []
    for entry in entries:
        rest = Range(entry.key, entry.etag, 0, entry.size)
        while rest.size:
            rest = _take(rest, held, pieces)
    _flush(held, pieces)
    return pieces


def _take(rest: Range, held: list[Range], pieces: list[Piece]) -> Range:
    """Put the next bytes of `rest` where they belong; what is left of it."""
    waiting = sum(part.size for part in held)
    if rest.size >= MIN_PART_BYTES and (waiting == 0 or waiting >= MIN_PART_BYTES):
        _flush(held, pieces)
        taken, rest = rest.split(_COPY_BYTES if rest.size > _COPY_LIMIT_BYTES else rest.size)
        pieces.append(Piece((taken,), copied=True))
        return rest
    taken, rest = rest.split(PART_BYTES - waiting)
    held.append(taken)
    if waiting + taken.size == PART_BYTES:
        _flush(held, pieces)
    return rest


def _flush(held: list[Range], pieces: list[Piece]) -> None:
    if held:
        pieces.append(Piece(tuple(held), copied=False))
        held.clear()
