"""Looking at an upload while it passes by on its way into the store: read kindly, refused early, planned in one go."""

import codecs
from collections.abc import Iterable, Iterator

from churn.tables.encodings import BOM, REMEDY
from churn.tables.errors import TableTooLarge, TooManyTables, UnreadableTable
from churn.tables.reader import TableReader
from churn.tables.row_schema import RowSchema
from churn_api.errors import TooManyRequests
from churn_api.jobs.csv import rows
from churn_api.jobs.csv.first_rows import FirstRows
from churn_api.jobs.csv.header import MAX_HEADER_BYTES, Header, read_header
from churn_api.jobs.csv.rows import MAX_ROW_BYTES as MAX_ROW_BYTES
from churn_api.jobs.errors import InvalidUpload, UnpackedTooLarge, UploadTooLarge
from churn_api.jobs.plan import CHUNK_BYTES, CHUNK_ROWS, Cutter, Plan

_MB = 1_000_000

# How many names of ignored columns are listed.
MOST_NAMED = 100


def within(blocks: Iterable[bytes], limit_mb: int) -> Iterator[bytes]:
    """The blocks. Raises UploadTooLarge when they are more than `limit_mb` MB."""
    size = 0
    for block in blocks:
        size += len(block)
        if size > limit_mb * _MB:
            raise UploadTooLarge(limit_mb)
        yield block


class UploadCheck:
    """One upload of at most `limit_mb` MB (of 1,000,000 bytes), as sent and as CSV.

    After the last block: `size`, which is that of the CSV, `notes`, `header` and `plan()`.
    """

    def __init__(self, schema: RowSchema, limit_mb: int, chunk_bytes: int = CHUNK_BYTES, *, whole: bool = True) -> None:
        """`whole` is False if only the start of a file is available, which may end anywhere."""
        self._schema = schema
        self._limit_mb = limit_mb
        self._chunk_bytes = chunk_bytes
        self._whole = whole
        self._reader = TableReader(schema, limit_mb * _MB, whole=whole)
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._head = b""
        self._cutter = Cutter(0, chunk_bytes)
        self._header_lines = 0
        self._start = 0
        self.header: Header | None = None
        self.size = 0

    def passing(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        """The upload as CSV, block by block.

        Raises InvalidUpload, UploadTooLarge or UnpackedTooLarge as soon as it shows, and TooManyRequests if a workbook
        has to wait too long for others to be converted.
        """
        try:
            for block in self._reader.csv(within(blocks, self._limit_mb)):
                if block:
                    self._look(block)
                    yield block
        except UnreadableTable as error:
            raise InvalidUpload(error.message) from error
        except TooManyTables as error:
            raise TooManyRequests(error.message, error.retry_after) from error
        except TableTooLarge as error:
            raise UnpackedTooLarge(error.message) from error
        if self._whole:
            self._look_at_end()
        self._cutter.flush()

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences about what was read differently than written."""
        return (*self._reader.notes, *(self.header.notes if self.header else ()))

    @property
    def ignored_columns(self) -> tuple[str, ...]:
        """The names of columns without a field, of which at most MOST_NAMED are listed."""
        ignored = self.header.ignored if self.header else ()
        more = len(ignored) - MOST_NAMED
        return ignored if more <= 0 else (*ignored[:MOST_NAMED], f"and {more} more")

    @property
    def unread(self) -> bool:
        """Whether the file is of a kind that cannot be read from its start alone."""
        return self._reader.unread is not None

    def plan(self) -> Plan:
        """The fields of the columns, and the chunks in which the CSV is scored."""
        return Plan(self.header.fields if self.header else (), self._cutter.finish())

    def seen(self) -> tuple[int, int, int]:
        """How many rows are complete, how many bytes of CSV they take, and how many the header before them takes."""
        return self._cutter.rows, self._cutter.end - self._start, self._start

    def _look(self, block: bytes) -> None:
        self.size += len(block)
        if self.size > self._limit_mb * _MB:
            raise UploadTooLarge(self._limit_mb)
        if self.header is None:
            self._look_for_header(block)
        else:
            self._check_text(block)
            self._feed(block)

    def _feed(self, block: bytes) -> None:
        self._cutter.feed(block)
        if self._cutter.pending > MAX_ROW_BYTES:
            line = self._line(0)
            raise InvalidUpload(
                f"Line {line}: a row is longer than {MAX_ROW_BYTES >> 20} MiB; is a quote left open there?"
            )

    def _check_text(self, block: bytes, *, last: bool = False) -> None:
        pending = self._decoder.getstate()[0]
        if pending or last or not block.isascii():
            try:
                self._decoder.decode(block, last)
            except UnicodeDecodeError as error:
                line = self._line(then=(pending + block)[: error.start])
                raise InvalidUpload(f"Line {line}: this is not UTF-8 text; {REMEDY}.") from None

    def _line(self, offset: int | None = None, then: bytes = b"") -> int:
        """The number of the line at this offset into what is pending, or behind all that was fed and what came then."""
        return self._reader.skipped_lines + self._header_lines + self._cutter.lines(offset, then) + 1

    def _look_for_header(self, block: bytes, *, last: bool = False) -> None:
        """Gather the start of the file until its header is whole, then go on with what follows it."""
        self._head += block
        if (end := self._header_end(last)) is None:
            if len(self._head) > MAX_HEADER_BYTES:
                raise InvalidUpload(f"Line 1: no header ends within the first {MAX_HEADER_BYTES >> 10} KiB.")
            return
        self._check_text(self._head, last=last)
        before = self._head[:end].removeprefix(BOM)
        line = rows.tidy(before)
        self._header_lines = rows.line_ends(before)
        number = self._reader.skipped_lines + self._header_lines + 1 - rows.line_ends(line)
        self.header = read_header(self._schema, line, number)
        self._start = end
        first_rows = FirstRows(self._schema, self.header.fields)
        self._cutter = Cutter(end, self._chunk_bytes, CHUNK_ROWS, first_rows.look)
        self._feed(self._head[end:])
        self._head = b""

    def _header_end(self, last: bool) -> int | None:
        """The offset behind the first line that is not blank."""
        skipped = len(BOM) if self._head.startswith(BOM) else 0
        text = self._head[skipped:]
        start = 0
        for end in rows.ends(text[: MAX_HEADER_BYTES + 1]).tolist():
            if not rows.is_blank(text[start:end]):
                return skipped + int(end)
            start = end
        return len(self._head) if last and not rows.is_blank(text[start:]) else None

    def _look_at_end(self) -> None:
        if self.header is None:
            self._look_for_header(b"", last=True)
        if self.header is None:
            raise InvalidUpload("The file is empty; it needs a header with the names of the columns, and rows.")
        self._check_text(b"", last=True)
        if (offset := self._cutter.open_quote()) is not None:
            raise InvalidUpload(f"Line {self._line(offset)}: a quote is opened and never closed.")
