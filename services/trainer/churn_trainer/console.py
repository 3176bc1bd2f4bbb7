"""Output for a person at a terminal: steps, progress with the time left, tables."""

import time
from collections.abc import Sequence
from typing import TextIO

# Seconds between two lines of progress at least, because a container's log keeps every line.
_PROGRESS_SECONDS = 5.0


class Console:
    """Writes lines to a stream and flushes after each, so that a log shows them at once."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._start = time.monotonic()

    def say(self, text: str) -> None:
        """Write a line."""
        self._stream.write(text + "\n")
        self._stream.flush()

    def step(self, text: str) -> None:
        """Write a line with the seconds since the console was made."""
        self.say(f"[{time.monotonic() - self._start:5.1f} s] {text}")

    def table(self, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Write a table: the first column aligned to the left, the others to the right."""
        widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
        for row in (head, ["─" * width for width in widths], *rows):
            first, *others = (
                cell.rjust(width) if column else cell.ljust(width)
                for column, (cell, width) in enumerate(zip(row, widths, strict=True))
            )
            self.say("  " + "  ".join([first, *others]))


class Progress:
    """Progress of work in parts of unequal cost, with the time left.

    `costs` maps each part's name to its share of the work, in any unit; parts are done one after another.
    """

    def __init__(self, console: Console, costs: dict[str, float]) -> None:
        self._console = console
        self._costs = costs
        self._finished = 0.0
        self._start = self._last = time.monotonic()

    def __call__(self, name: str, done: int, total: int) -> None:
        """Note that `done` of the `total` equal pieces of the part are done, and write a line if one is due."""
        now = time.monotonic()
        whole = sum(self._costs.values())
        share = (self._finished + self._costs[name] * done / total) / whole
        if done == total:
            self._finished += self._costs[name]
        if done == total or now - self._last >= _PROGRESS_SECONDS:
            self._last = now
            left = max(0.0, (now - self._start) * (1 - share) / share)  # shares of all parts may add up to more than 1
            self._console.step(f"  {name}: fold {done} of {total}; about {left:.0f} s left")
