"""A table in any of the known formats as a stream of CSV with commas in UTF-8.

A file that is that already passes through untouched. Whatever is read differently than written is named in `notes`.
"""

from collections.abc import Iterable, Iterator
from itertools import chain

from churn.tables import unpacking
from churn.tables.converter import PARQUET, WORKBOOK, Kind, convert
from churn.tables.dialect import DELIMITERS, Dialect, sniff
from churn.tables.encodings import Encoding, decoded, encoding_of
from churn.tables.errors import UnreadableTable
from churn.tables.lines import line_ends
from churn.tables.rewriting import rewritten
from churn.tables.row_schema import RowSchema

# The first bytes of a file, by which its format is recognised.
HEAD_BYTES = 64 << 10

# Somebody may pack a file twice by mistake, but not more often.
_MOST_LAYERS = 2

_OTHER_KINDS = {
    b"%PDF": "is a PDF",
    b"\xd0\xcf\x11\xe0": "is an Excel workbook of the old kind (.xls); save it as .xlsx or as CSV",
    b"BZh": "is packed by bzip2; send it unpacked or as gzip",
    b"\xfd7zXZ": "is packed by xz; send it unpacked or as gzip",
    b"\x28\xb5\x2f\xfd": "is packed by zstd; send it unpacked or as gzip",
    b"7z\xbc\xaf": "is a 7-Zip archive; send the table itself",
    b"Rar!": "is a RAR archive; send the table itself",
    b"{\\rtf": "is a text document; save the table as CSV",
    b"<!doc": "is a web page; save the table as CSV",
    b"<!DOC": "is a web page; save the table as CSV",
    b"<html": "is a web page; save the table as CSV",
}


class TableReader:
    """Reads one file; `notes` are complete after the last block.

    `skipped_lines` is the number of lines before the CSV begins. `unread` is the kind of a file that cannot be read
    from its start alone, else None.
    """

    def __init__(self, schema: RowSchema | None, most_bytes: int, *, whole: bool = True) -> None:
        """`schema` has the names by which a header is recognized, None for any; `most_bytes` is the unpacked limit.

        `whole` is False if only the start of a file is available.
        """
        self._schema = schema
        self._most_bytes = most_bytes
        self._whole = whole
        self._layers = 0
        self.notes: list[str] = []
        self.skipped_lines = 0
        self.unread: Kind | None = None

    def csv(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        """The table as CSV, in blocks. Raises UnreadableTable, TableTooLarge and TooManyTables."""
        head, rest = _gathered(iter(blocks), HEAD_BYTES)
        if head.startswith(unpacking.MAGIC):
            yield from self._unpacked(chain([head], rest))
        elif kind := next((kind for kind in (WORKBOOK, PARQUET) if head.startswith(kind.magic)), None):
            yield from self._converted(kind, chain([head], rest))
        else:
            for start, words in _OTHER_KINDS.items():
                if head.startswith(start):
                    raise UnreadableTable(f"The file {words}.")
            yield from self._text(head, rest)

    def _unpacked(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        self._layers += 1
        if self._layers > _MOST_LAYERS:
            raise UnreadableTable("The file is packed by gzip again and again; send it packed once.")
        self.notes.append("The file was unpacked from gzip.")
        yield from self.csv(unpacking.gunzip(blocks, self._most_bytes, whole=self._whole))

    def _converted(self, kind: Kind, blocks: Iterable[bytes]) -> Iterator[bytes]:
        if self._whole:
            yield from convert(kind, blocks, self._most_bytes, self.notes)
        else:
            self.unread = kind
            self.notes.append(f"The file is {kind.title}; it is looked at as a whole when it is sent.")

    def _text(self, head: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
        encoding = encoding_of(head)
        text = head[encoding.mark :].decode(encoding.codec, "replace")
        found = sniff(text, self._schema)
        self._note(encoding, found, text)
        if encoding.codec != "utf-8" or not found.plain:
            yield from self._rewritten(chain([head[encoding.mark :]], rest), encoding, found)
        elif found.start:
            skipped = encoding.mark + len(text[: found.start].encode())
            yield from chain([head[skipped:]], rest)
        else:
            yield from chain([head], rest)

    def _rewritten(self, blocks: Iterable[bytes], encoding: Encoding, found: Dialect) -> Iterator[bytes]:
        texts = _without_start(decoded(blocks, encoding, whole=self._whole), found.start)
        if found.plain:
            yield from (text.encode() for text in texts)
        else:
            yield from rewritten(texts, found, self.skipped_lines, whole=self._whole)

    def _note(self, encoding: Encoding, found: Dialect, text: str) -> None:
        self.skipped_lines = line_ends(text[: found.start])
        if encoding.codec != "utf-8":
            self.notes.append(f"The text was read as {encoding.title}.")
        elif encoding.mark:
            self.notes.append("A byte order mark at the start was skipped.")
        if found.start:
            self.notes.append("A sep= line at the start was skipped.")
        if found.wrapped:
            self.notes.append("Each line stood in quotes as a whole; they were taken off.")
        if found.delimiter != ",":
            self.notes.append(f"Columns were separated by {DELIMITERS[found.delimiter]}.")
        if found.decimal_commas:
            self.notes.append("Decimal commas were read as decimal points.")


def _gathered(blocks: Iterator[bytes], wanted: int) -> tuple[bytes, Iterator[bytes]]:
    """The first blocks joined, at least `wanted` bytes if there are as many, and the other blocks."""
    head = bytearray()
    while len(head) < wanted and (block := next(blocks, None)) is not None:
        head += block
    return bytes(head), blocks


def _without_start(texts: Iterator[str], skipped: int) -> Iterator[str]:
    for text in texts:
        yield text[skipped:]
        skipped = max(0, skipped - len(text))
