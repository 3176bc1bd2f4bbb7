"""Unpacking a stream of gzip, within a limit."""

import zlib
from collections.abc import Iterable, Iterator

from churn.tables.errors import TableTooLarge, UnreadableTable

MAGIC = b"\x1f\x8b"

_OUT_BYTES = 256 << 10
_GZIP = 31

# A file that is packed piece by piece has some thousands of members. Millions of tiny ones would cost more time than
# their bytes.
_MOST_MEMBERS = 20_000


def gunzip(blocks: Iterable[bytes], most_bytes: int, *, whole: bool = True) -> Iterator[bytes]:
    """The unpacked bytes; `whole` is False if the blocks may stop anywhere.

    Raises UnreadableTable, and TableTooLarge before more than `most_bytes` are unpacked.
    """
    unpacked = _Unpacking(most_bytes)
    for block in blocks:
        yield from unpacked.feed(block)
    if whole and not unpacked.complete:
        raise UnreadableTable("The gzip file ends too early: it was cut off on its way. Send it again.")


class _Unpacking:
    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = self._left = most_bytes
        self._members = 0
        self._begin()

    def _begin(self) -> None:
        self._members += 1
        if self._members > _MOST_MEMBERS:
            raise UnreadableTable(f"The gzip file has more than {_MOST_MEMBERS:,} parts; pack it again as one.")
        self._member = zlib.decompressobj(_GZIP)
        self._fed = False

    @property
    def complete(self) -> bool:
        """Whether the last member has ended."""
        return not self._fed

    def feed(self, block: bytes) -> Iterator[bytes]:
        while block:
            if not self._fed:
                # Zeros between members and at the end are padding.
                if not (block := block.lstrip(b"\0") if self._members > 1 else block):
                    return
                self._fed = True
            yield from self._member_bytes(block)
            block = self._member.unused_data
            if self._member.eof:
                self._begin()

    def _member_bytes(self, block: bytes) -> Iterator[bytes]:
        while True:
            try:
                data = self._member.decompress(block, _OUT_BYTES)
            except zlib.error:
                raise UnreadableTable("The gzip file is damaged; pack it again.") from None
            self._left -= len(data)
            if self._left < 0:
                raise TableTooLarge(
                    f"The file is larger than {self._most_bytes // 1_000_000} MB once unpacked; split it."
                )
            if data:
                yield data
            block = self._member.unconsumed_tail
            if self._member.eof or (not block and len(data) < _OUT_BYTES):
                return
