r"""Where a CSV's rows end, by the rules of Python's csv module; planning and scoring share this definition.

A quote opens a cell only at the cell's start, and inside a quoted cell "" stands for one quote. Lines may end with \n,
\r\n or \r. A row whose cells are all blank does not count, because spreadsheets leave rows of commas behind.
"""

import csv
import io
import re
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

# A longer row is taken for a quote that was never closed. Every running upload has several copies of a row in memory.
MAX_ROW_BYTES = 1 << 20

_QUOTE, _COMMA, _NEWLINE, _RETURN, _SPACE = b'",\n\r '

# A quoted cell, closed or not; what follows its closing quote belongs to the cell up to the next comma or line end.
_QUOTED = re.compile(rb'(?<![^,\n\r])"[^"]*+(?:""[^"]*+)*+("|\Z)')
_BLANK = re.compile(rb"\n(?:[ \t,]*\n)+")
_BLOCK_BYTES = 256 << 10


def ends(data: bytes) -> NDArray[np.int64]:
    r"""The offset after each line end that ends a row, in rising order; `data` begins with the start of a row.

    A \r at the very end does not count, because a \n may follow it.
    """
    masked = data if b'"' not in data else _masked(data)
    array = np.frombuffer(masked, np.uint8)
    found = array == _NEWLINE
    if b"\r" in masked:
        lone = array[:-1] == _RETURN
        lone &= array[1:] != _NEWLINE
        found[:-1] |= lone
    return np.flatnonzero(found) + 1


def last_end(data: bytes) -> int:
    """The offset behind the last row that has certainly ended, 0 if none has."""
    if b'"' not in data and b"\r" not in data:
        return data.rfind(b"\n") + 1
    found = ends(data)
    return int(found[-1]) if len(found) else 0


def open_quote(data: bytes) -> int | None:
    """The offset of a quote that is opened and never closed; None if there is none."""
    if b'"' not in data:
        return None
    return next((match.start() for match in _QUOTED.finditer(data) if not match[1]), None)


def _masked(data: bytes) -> bytes:
    """The same bytes with every line end inside quotes replaced; an open quote hides everything after it."""
    array = np.frombuffer(data, np.uint8)
    regular = _regular_quotes(array)
    if regular is None:
        return _QUOTED.sub(lambda match: b"x" * len(match[0]), data)
    opening, closing = regular
    lines = np.flatnonzero((array == _NEWLINE) | (array == _RETURN))
    inside = np.searchsorted(opening, lines) > np.searchsorted(closing, lines)
    if not inside.any():
        return data
    masked = array.copy()
    masked[lines[inside]] = ord("x")
    return masked.tobytes()


def _regular_quotes(array: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
    """The offsets of opening and closing quotes, if all of them are at the ends of cells or doubled; else None.

    An unclosed quote is regular too; it has no closing quote.
    """
    quotes = np.flatnonzero(array == _QUOTE)
    opening, closing = quotes[::2], quotes[1::2]
    ending = (array == _COMMA) | (array == _NEWLINE) | (array == _RETURN) | (array == _QUOTE)
    before = ending[opening[opening > 0] - 1]
    after = ending[closing[closing < len(array) - 1] + 1]
    return (opening, closing) if before.all() and after.all() else None


def unquoted(data: bytes) -> bytes | None:
    """The same rows without quotes, if no quoted cell contains a comma, a line end or a quote; else None."""
    if b'"' not in data:
        return data
    array = np.frombuffer(data, np.uint8)
    regular = _regular_quotes(array)
    if regular is None or len(regular[0]) != len(regular[1]):
        return None
    opening, closing = regular
    delimiters = np.flatnonzero((array == _COMMA) | (array == _NEWLINE))
    hides = np.searchsorted(delimiters, opening) != np.searchsorted(delimiters, closing)
    doubled = opening[1:] == closing[:-1] + 1
    return None if hides.any() or doubled.any() else data.replace(b'"', b"")


def tidy(data: bytes, count: int | None = None) -> bytes:
    r"""Whole rows with \n at the end of each, the last one included, and without blank rows.

    `count` is the number of rows, if it is known; it saves a search for blank ones.
    """
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if data and not data.endswith(b"\n"):
        data += b"\n"
    if newlines(data) == count or not _may_have_blank_rows(data):
        return data
    if b'"' not in data:
        return _BLANK.sub(b"\n", b"\n" + data)[1:]
    cuts = [0, *ends(data).tolist()]
    parts = (data[start:end] for start, end in pairwise(cuts))
    return b"".join(part for part in parts if not is_blank(part))


def is_blank(row: bytes) -> bool:
    """Whether all cells of a row are blank."""
    if row.strip(b' \t\r\n,"'):
        return False
    if b'"' not in row:
        return True
    return not any(cell.strip() for cells in csv.reader(io.StringIO(row.decode(), newline="")) for cell in cells)


def _may_have_blank_rows(data: bytes) -> bool:
    return any(_starts_blank(block) for block in _blocks(b"\n" + data[:2])) or any(
        _starts_blank(block) for block in _blocks(data, overlap=2)
    )


def _starts_blank(block: NDArray[np.uint8]) -> bool:
    """Whether a line may begin with a blank cell.

    Few lines begin with a character up to the comma, so looking behind the quotes among these costs little.
    """
    starts = np.flatnonzero((block[:-1] == _NEWLINE) & (block[1:] <= _COMMA)) + 1
    first = block[starts]
    second = block[np.minimum(starts + 1, len(block) - 1)]
    blank = (first <= _SPACE) | (first == _COMMA)
    return bool((blank | ((first == _QUOTE) & ((second <= _SPACE) | (second == _QUOTE) | (second == _COMMA)))).any())


def line_ends(data: bytes) -> int:
    r"""The number of line ends, \n, \r\n and \r, inside quotes or not."""
    return newlines(data) if b"\r" not in data else data.count(b"\n") + data.count(b"\r") - data.count(b"\r\n")


def newlines(data: bytes) -> int:
    r"""The number of \n; counted in blocks, which is three times as fast as bytes.count if lines are short."""
    return sum(int(np.count_nonzero(block == _NEWLINE)) for block in _blocks(data))


def is_plain(data: bytes, count: int) -> bool:
    """Whether there are only printable ASCII characters and `count` line ends."""
    strange = sum(int(np.count_nonzero(block - np.uint8(32) > 126 - 32)) for block in _blocks(data))
    return strange == count


def _blocks(data: bytes, overlap: int = 0) -> Iterator[NDArray[np.uint8]]:
    """The bytes in pieces that are small enough for results to stay in the processor's cache."""
    array = np.frombuffer(data, np.uint8)
    for start in range(0, len(array), _BLOCK_BYTES):
        yield array[start : start + _BLOCK_BYTES + overlap]


def count(data: bytes, lines: int | None = None) -> int:
    r"""The number of rows in whole rows, without blank ones; `lines` is the number of \n, if it is known."""
    if b'"' in data or b"\r" in data or not data.endswith(b"\n") or _may_have_blank_rows(data):
        return len(ends(tidy(data)))
    return newlines(data) if lines is None else lines
