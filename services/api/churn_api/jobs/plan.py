"""The plan of a job: its columns, and where its input is cut into chunks."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from churn_api.jobs.csv import rows

# The results of a chunk of this many bytes are about 6 MB: more than the 5 MiB that S3 wants of a part it copies by
# itself, and little enough that a worker stays within its memory.
CHUNK_BYTES = 8 << 20

# Keeps a chunk of very short rows, which may all be at fault, from making very long answers.
CHUNK_ROWS = 65_536

# The newest format of a plan that is known. Raise it with any change that would have an older program score wrongly or
# fail: such plans are left to workers that know it. Each plan is written in the oldest format that says what it needs.
FORMAT = 2

PLAIN, WITH_OPTIONS = 1, 2
"""The format of a plan for a job without options, and with some: the first program knew none, and ignored them."""

# Scanned at a time; also how finely a chunk of short rows is cut.
_BLOCK_BYTES = 256 << 10


class NewerPlan(Exception):
    """A plan, or options, of a newer program, which ask for what is not known here."""


class Chunk(NamedTuple):
    """Bytes `start` to `end` of the input, with `rows` rows, the first of which is row `first` of the file, from 1."""

    start: int
    end: int
    first: int
    rows: int


@dataclass(frozen=True, slots=True)
class Plan:
    """How a job's input is read: chunks in order, which cover everything after the header.

    `columns` are the fields of the file's columns, "" for a column without one.
    """

    columns: tuple[str, ...]
    chunks: tuple[Chunk, ...]

    @property
    def rows(self) -> int:
        """The number of rows in all chunks."""
        return sum(chunk.rows for chunk in self.chunks)

    def to_bytes(self, written: int = PLAIN) -> bytes:
        """The plan as JSON, in this format."""
        return json.dumps({"format": written, "columns": self.columns, "chunks": self.chunks}).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Plan":
        """Raises NewerPlan; ValueError, TypeError or LookupError where it is none."""
        held = json.loads(data)
        if held.get("format", PLAIN) > FORMAT:
            raise NewerPlan
        return cls(tuple(held["columns"]), tuple(Chunk(*chunk) for chunk in held["chunks"]))


class Cutter:
    """Finds the chunks of rows that pass by in blocks of any size, in the memory of the longest row."""

    def __init__(
        self,
        start: int,
        chunk_bytes: int = CHUNK_BYTES,
        chunk_rows: int = CHUNK_ROWS,
        seen: Callable[[bytes], None] = lambda _: None,
    ) -> None:
        """`start` is the offset of the first row; `seen` is told of whole rows as they pass."""
        self._limits = chunk_bytes, chunk_rows
        self._seen = seen
        self._start = self._end = start
        self._first = 1
        self._rows = 0
        self._lines = 0
        self._pending = b""
        self._enough = _BLOCK_BYTES
        self._chunks: list[Chunk] = []

    @property
    def pending(self) -> int:
        """Bytes of the row that has not ended yet, with what has come after it."""
        return len(self._pending)

    def lines(self, offset: int | None = None, then: bytes = b"") -> int:
        """Line ends so far: up to this offset into what is pending, or in all and in what comes then."""
        return self._lines + rows.line_ends(self._pending[:offset] + then)

    @property
    def rows(self) -> int:
        """Rows so far that have certainly ended."""
        return self._first - 1 + self._rows

    @property
    def end(self) -> int:
        """The offset behind those."""
        return self._end

    def open_quote(self) -> int | None:
        """The offset into what is pending of a quote that has not been closed yet."""
        return rows.open_quote(self._pending)

    def feed(self, block: bytes) -> None:
        """Where the cuts fall does not depend on how the blocks were cut."""
        start, view = 0, memoryview(block)
        while start < len(block):
            end = start + self._enough - len(self._pending)
            self._pending = b"".join((self._pending, view[start:end]))
            start = end
            if len(self._pending) >= self._enough:
                self._take()

    def _take(self) -> None:
        if end := rows.last_end(self._pending):
            whole, self._pending = self._pending[:end], self._pending[end:]
            self._count(whole)
        # A row that goes on is looked at again when it has doubled, or looking at it would cost its square.
        self._enough = max(_BLOCK_BYTES, 2 * len(self._pending))

    def _count(self, whole: bytes) -> None:
        self._end += len(whole)
        lines = rows.newlines(whole)
        self._lines += lines if b"\r" not in whole else rows.line_ends(whole)
        self._rows += rows.count(whole, lines)
        self._seen(whole)
        chunk_bytes, chunk_rows = self._limits
        if self._end - self._start >= chunk_bytes or self._rows >= chunk_rows:
            self._close()

    def _close(self) -> None:
        if self._rows:
            self._chunks.append(Chunk(self._start, self._end, self._first, self._rows))
        self._first += self._rows
        self._start, self._rows = self._end, 0

    def flush(self) -> None:
        """Take all rows that have certainly ended."""
        self._take()

    def finish(self) -> tuple[Chunk, ...]:
        """The chunks, the last row being whole with or without a line end."""
        self._take()
        if self._pending:
            self._count(self._pending)
            self._pending = b""
        self._close()
        return tuple(self._chunks)
