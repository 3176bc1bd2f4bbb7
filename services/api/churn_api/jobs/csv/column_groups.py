"""Neighbouring categories read as one cell: a reader's time goes by the cells, and few combinations are ever met."""

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from churn.schema import Schema

Run = tuple[str, ...]

# ASCII's own separator of units. Where it stood in the file already, the number of cells tells.
SEPARATOR = "\x1f"

# Combinations that a run may have: few enough to be looked at one by one.
_MOST = 4096

# So much at a time stays within the processor's cache.
_BLOCK_BYTES = 256 << 10
_COMMA, _NEWLINE = b",\n"


def runs(schema: Schema, columns: Sequence[str]) -> list[Run]:
    """The columns in their order: neighbouring categories together, every other column by itself."""
    found: list[Run] = []
    combinations = _MOST
    for column in columns:
        values = _values(schema, column)
        combinations *= values
        if combinations <= _MOST:
            found[-1] += (column,)
        else:
            found.append((column,))
            combinations = values
    return found


def _values(schema: Schema, column: str) -> int:
    """How many values a column has; as many as there can be if it is no category, or one that takes any value."""
    field = schema.categories.get(column)
    return _MOST if field is None or field.other else len(field.names)


def joined(lines: bytes, columns: Sequence[Run]) -> io.BytesIO | None:
    """The lines with another separator than a comma within runs; None unless every line has a cell for each column."""
    copy = io.BytesIO(lines)
    with copy.getbuffer() as view:
        return copy if _join(np.frombuffer(view, np.uint8), lines, columns) else None


def _join(array: NDArray[np.uint8], lines: bytes, columns: Sequence[Run]) -> bool:
    """Do so in the array; whether every line has a cell for each column."""
    # The delimiter behind each cell of a line, the last one being its end.
    inner = np.flatnonzero([column != run[-1] for run in columns for column in run])
    width = sum(map(len, columns))
    start = 0
    while start < len(array):
        end = lines.find(b"\n", start + _BLOCK_BYTES) + 1 or len(array)
        block = array[start:end]
        line_ends = block == _NEWLINE
        delimiters = np.flatnonzero(line_ends | (block == _COMMA))
        count = np.count_nonzero(line_ends)
        if len(delimiters) != count * width:
            return False
        places = delimiters.reshape(count, width)
        if not line_ends[places[:, -1]].all():
            return False
        block[places[:, inner].ravel()] = ord(SEPARATOR)
        start = end
    return True
