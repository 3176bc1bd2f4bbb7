"""The rows of a chunk: as plain lines for the fast reader, and cell by cell for the one that tells what is wrong."""

import csv
import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from churn_api.jobs.csv import rows


class ChunkReader:
    """`lines` holds one line of unquoted cells per row; a row that cannot be written so is an empty row there."""

    def __init__(self, data: bytes, columns: Sequence[str], count: int) -> None:
        """`data` is `count` whole rows of the input; `columns` are its fields, "" for a column without one.

        A cell without a field may be left blank, so that an address with commas takes no row out of `lines`.
        """
        self._width = len(columns)
        self._ignored = [place for place, name in enumerate(columns) if not name]
        self.count = count
        self._odd: dict[int, list[str]] = {}
        self._ends: NDArray[np.intp] | None = None
        data = rows.tidy(data, count)
        plain = rows.unquoted(data)
        self.lines = self._written_out(data) if plain is None else plain

    def cells(self, row: int) -> list[str]:
        """The cells of a row of the chunk, from 0, as they stand in the file."""
        if row in self._odd:
            return self._odd[row]
        if self._ends is None:
            self._ends = np.flatnonzero(np.frombuffer(self.lines, np.uint8) == ord("\n"))
        start = self._ends[row - 1] + 1 if row else 0
        return _text(self.lines[start : self._ends[row]]).split(",")

    def even(self) -> bytes:
        """The lines, with an empty row in place of every row that has too many or too few cells."""
        lines = self.lines.split(b"\n")[:-1]
        for row, line in enumerate(lines):
            if line.count(b",") != self._width - 1:
                self._odd.setdefault(row, _text(line).split(","))
                lines[row] = self._empty()
        self.lines, self._ends = b"\n".join([*lines, b""]), None
        return self.lines

    def _written_out(self, data: bytes) -> bytes:
        csv.field_size_limit(2 * rows.MAX_ROW_BYTES)
        lines = []
        for row, cells in enumerate(csv.reader(io.StringIO(_text(data), newline=""))):
            if len(cells) == self._width:
                for place in self._ignored:
                    cells[place] = ""
            line = ",".join(cells)
            if len(cells) == self._width == line.count(",") + 1 and "\n" not in line and '"' not in line:
                lines.append(line.encode())
            else:
                self._odd[row] = cells
                lines.append(self._empty())
        return b"\n".join([*lines, b""])

    def _empty(self) -> bytes:
        return b"," * (self._width - 1)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
