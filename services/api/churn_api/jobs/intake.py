"""Looking at an upload while it passes by on its way into the store: refused early and planned in one go."""

import codecs
from collections.abc import Iterable, Iterator

from churn_api.jobs import rows
from churn_api.jobs.errors import InvalidUpload, UploadTooLarge
from churn_api.jobs.header import MAX_HEADER_BYTES, read_header
from churn_api.jobs.plan import CHUNK_BYTES, Cutter, Plan

# A row that goes on for longer is taken for a quote that was left open. Rows are held whole, some times over, by every
# upload under way.
MAX_ROW_BYTES = 1 << 20

_BOM = codecs.BOM_UTF8
_NO_TEXT = {
    b"\x1f\x8b": "is compressed by gzip; send it unpacked",
    b"PK\x03\x04": "is a zip archive or an Excel workbook; save the table as CSV (UTF-8)",
    b"%PDF": "is a PDF; send the table as CSV (UTF-8)",
    b"\xff\xfe": "is UTF-16 text; save it as CSV (UTF-8)",
    b"\xfe\xff": "is UTF-16 text; save it as CSV (UTF-8)",
}


class Intake:
    """One upload of at most `limit_mb` MB (of 1,000,000 bytes). After the last block: `size` and `plan()`."""

    def __init__(self, limit_mb: int, chunk_bytes: int = CHUNK_BYTES) -> None:
        self._limit_mb = limit_mb
        self._chunk_bytes = chunk_bytes
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._head = b""
        self._columns: tuple[str, ...] | None = None
        self._cutter = Cutter(0, chunk_bytes)
        self._header_lines = 0
        self.size = 0

    def passing(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        """The same blocks. Raises InvalidUpload or UploadTooLarge as soon as it shows."""
        for block in blocks:
            if block:
                self._look(block)
                yield block
        self._look_at_end()

    def plan(self) -> Plan:
        return Plan(self._columns or (), self._cutter.finish())

    def _look(self, block: bytes) -> None:
        self.size += len(block)
        if self.size > self._limit_mb * 1_000_000:
            raise UploadTooLarge(self._limit_mb)
        if self._columns is None:
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
                line = self._line() + (pending + block).count(b"\n", 0, error.start)
                raise InvalidUpload(f"Line {line}: this is not UTF-8 text; save the file as CSV (UTF-8).") from None

    def _line(self, offset: int | None = None) -> int:
        """The number of the line at this offset into what is pending, or behind all that was fed."""
        return self._header_lines + self._cutter.lines(offset) + 1

    def _look_for_header(self, block: bytes, *, last: bool = False) -> None:
        """Gather the start of the file until its header is whole, then go on with what follows it."""
        self._head += block
        for start, words in _NO_TEXT.items():
            if self._head.startswith(start):
                raise InvalidUpload(f"The file {words}.")
        if (end := self._header_end(last)) is None:
            if len(self._head) > MAX_HEADER_BYTES:
                raise InvalidUpload(f"Line 1: no header ends within the first {MAX_HEADER_BYTES >> 10} KiB.")
            return
        self._check_text(self._head, last=last)
        line = rows.tidy(self._head[:end].removeprefix(_BOM))
        self._columns = read_header(line)
        self._header_lines = self._head.count(b"\n", 0, end)
        self._cutter = Cutter(end, self._chunk_bytes)
        self._feed(self._head[end:])
        self._head = b""

    def _header_end(self, last: bool) -> int | None:
        """The offset behind the first line that is not blank."""
        skipped = len(_BOM) if self._head.startswith(_BOM) else 0
        text = self._head[skipped:]
        start = 0
        for end in rows.ends(text[: MAX_HEADER_BYTES + 1]).tolist():
            if text[start:end].strip(b" \t\r\n"):
                return skipped + int(end)
            start = end
        return len(self._head) if last and text.strip(b" \t\r\n") else None

    def _look_at_end(self) -> None:
        if self._columns is None:
            self._look_for_header(b"", last=True)
        if self._columns is None:
            raise InvalidUpload("The file is empty; it needs a header with the names of the columns, and rows.")
        self._check_text(b"", last=True)
        if (offset := self._cutter.open_quote()) is not None:
            raise InvalidUpload(f"Line {self._line(offset)}: a quote is opened and never closed.")
