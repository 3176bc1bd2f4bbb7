"""A sample of a file's customers, for what need not be computed of all."""

from collections.abc import Callable, Iterable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from churn.campaigns.candidates import Candidates, joined

Parts: TypeAlias = Callable[[], Iterable[Candidates]]
"""Iterates over the candidates of a file chunk by chunk, from the start on each call."""

MOST = 100_000
"""How many customers prices are found on."""


def sample_of(parts: Parts) -> tuple[Candidates, float]:
    """At most MOST customers, spread over the whole file, and how many of it each of them stands for.

    Of each run of customers in the file one is drawn, since a file may be sorted, or repeat itself.
    """
    total = sum(len(part) for part in parts())
    rows = rows_of(total)
    held, begun = [], 0
    for part in parts():
        inside = rows[(rows >= begun) & (rows < begun + len(part))] - begun
        held.append(part.take(inside) if len(rows) < total else part)
        begun += len(part)
    return joined(held), total / len(rows) if total else 1.0


def rows_of(total: int) -> NDArray[np.intp]:
    """The places in a file of so many customers that a sample takes, in rising order."""
    run = max(-(-total // MOST), 1)
    starts = np.arange(0, total, run)
    return starts + np.random.default_rng(0).integers(0, np.minimum(run, total - starts)) if total else starts
