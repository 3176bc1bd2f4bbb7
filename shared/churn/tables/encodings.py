"""Recognising and decoding the Unicode encoding that a text was saved in."""

import codecs
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from churn.tables.errors import UnreadableTable
from churn.tables.lines import line_ends

BOM = codecs.BOM_UTF8

# Longer marks come first, because the mark of UTF-32 begins with that of UTF-16.
_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}

# Nearly all characters of a header are ASCII, so in UTF-16 every second byte is 0.
_SAMPLE_BYTES = 64
_SHARE_OF_ZEROS = 0.9

REMEDY = 'save the file as CSV in UTF-8 (in Excel: "CSV UTF-8")'


class Encoding(NamedTuple):
    """An encoding: its name in Python, its name for people, and the bytes of its mark to skip."""

    codec: str
    title: str
    mark: int


def encoding_of(head: bytes) -> Encoding:
    """The encoding of a file that begins with `head`, by its mark or its zeros; UTF-8 without either."""
    for mark, codec in _MARKS.items():
        if head.startswith(mark):
            return Encoding(codec, codec[:6].upper(), len(mark))
    sample = head[:_SAMPLE_BYTES]
    if len(sample) > 1:
        for first, codec in ((1, "utf-16-le"), (0, "utf-16-be")):
            zeros, others = sample[first::2], sample[1 - first :: 2]
            if zeros.count(0) > _SHARE_OF_ZEROS * len(zeros) and others.count(0) < len(others) / 2:
                return Encoding(codec, "UTF-16", 0)
    return Encoding("utf-8", "UTF-8", len(BOM) if head.startswith(BOM) else 0)


def decoded(blocks: Iterable[bytes], encoding: Encoding, *, whole: bool = True) -> Iterator[str]:
    """The text of blocks that begin after the mark; with `whole` unset, the last character may be cut off.

    Raises UnreadableTable with the line that cannot be decoded.
    """
    decoder = codecs.getincrementaldecoder(encoding.codec)()
    counted = _LineCount()
    for block in blocks:
        yield _decode(decoder, block, encoding, counted)
    if whole:
        yield _decode(decoder, b"", encoding, counted, last=True)


class _LineCount:
    """The number of the current line, from 1, in text that comes in pieces."""

    def __init__(self) -> None:
        self.line = 1
        self._return = False

    def add(self, text: str) -> None:
        if text:
            self.line += line_ends(text) - (self._return and text[0] == "\n")
            self._return = text[-1] == "\r"


def _decode(
    decoder: codecs.IncrementalDecoder, block: bytes, encoding: Encoding, counted: _LineCount, *, last: bool = False
) -> str:
    try:
        text = decoder.decode(block, last)
    except UnicodeDecodeError as error:
        counted.add(error.object[: error.start].decode(encoding.codec))
        raise UnreadableTable(f"Line {counted.line}: this is not {encoding.title} text; {REMEDY}.") from None
    counted.add(text)
    return text
