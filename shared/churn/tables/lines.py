"""The lines of text that arrives in blocks, for the csv module, with no more than a row in memory."""

import io
import re
from collections.abc import Iterable, Iterator

from churn.tables.errors import UnreadableTable

# A row that is longer is taken for a quote that was never closed.
MAX_ROW_CHARACTERS = 1 << 20


class Lines:
    r"""An iterator over lines with their ends, \n, \r\n or \r.

    `count` is the number of lines so far, including those `before`. Iterating raises UnreadableTable in a row that is
    longer than MAX_ROW_CHARACTERS.
    """

    def __init__(self, blocks: Iterable[str], before: int = 0) -> None:
        self.count = before
        self._lines = self._split(blocks)
        self._row: list[str] = []
        self._characters = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.count += 1
        self._row.append(line)
        self._characters += len(line)
        if self._characters > MAX_ROW_CHARACTERS:
            raise self._too_long()
        return line

    def take_row(self) -> list[str]:
        """The lines since the last call, which are those of a row if it has just ended."""
        row, self._row = self._row, []
        self._characters = 0
        return row

    def _too_long(self) -> UnreadableTable:
        line = self.count - len(self._row) + 1
        return UnreadableTable(
            f"Line {line}: a row is longer than {MAX_ROW_CHARACTERS >> 20} MiB; is a quote left open there?"
        )

    def _split(self, blocks: Iterable[str]) -> Iterator[str]:
        pending = ""
        for block in blocks:
            pending += block
            # A \r at the very end may be the first half of \r\n.
            end = max(pending.rfind("\n"), pending.rfind("\r", 0, -1)) + 1
            yield from io.StringIO(pending[:end], newline="")
            pending = pending[end:]
            if self._characters + len(pending) > MAX_ROW_CHARACTERS:
                self._row.append(pending)
                self.count += 1
                raise self._too_long()
        yield from io.StringIO(pending, newline="")


def open_quote(row: list[str], delimiter: str) -> int | None:
    """The line of a row, from 0, in which a quote is opened that is never closed; None if there is none."""
    text = "".join(row)
    quoted = re.compile(rf'(?<![^{re.escape(delimiter)}\n\r])"[^"]*+(?:""[^"]*+)*+("|\Z)')
    for match in quoted.finditer(text):
        if not match[1]:
            return line_ends(text[: match.start()])
    return None


def line_ends(text: str) -> int:
    r"""The number of line ends, \n, \r\n and \r, in a text."""
    return text.count("\n") + text.count("\r") - text.count("\r\n")
