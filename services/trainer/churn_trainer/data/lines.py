"""The lines of a table's file, numbered as an editor shows them."""

import io
import re
from collections.abc import Iterator
from typing import BinaryIO

from churn.tables.reader import TableReader
from churn_trainer.data.sources import Chunks, chunks
from churn_trainer.errors import BrokenTable

# The characters that Python's surrogateescape decodes invalid bytes as.
_UNDECODED = re.compile("[\udc80-\udcff]")


class Lines:
    """An iterator over the lines of a file, with their line ends.

    `reader` unpacks `binary`; `name` is the table's in messages. Iterating raises BrokenTable at a line that is not
    UTF-8, and whatever the reader raises.
    """

    def __init__(self, reader: TableReader, binary: BinaryIO, name: str) -> None:
        self.name = name
        self._reader = reader
        self._read = 0
        text = io.BufferedReader(Chunks(reader.csv(chunks(binary))))
        self._lines = io.TextIOWrapper(text, encoding="utf-8-sig", errors="surrogateescape", newline="")

    @property
    def number(self) -> int:
        """The number of the line that was read last, from 1, counting the lines that the reader has left out."""
        return self._read + self._reader.skipped_lines

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self._read += 1
        if not line.isascii() and (wrong := _UNDECODED.search(line)):
            byte = ord(wrong[0]) - 0xDC00
            reason = f"Line {self.number:,} is not UTF-8 text (byte 0x{byte:02x}); save the file as UTF-8."
            raise BrokenTable(self.name, [reason])
        return line
