"""What a row may cost that is not as it should be, against one of an ordinary file: measured side by side."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from tests.telco import FIELDS, ID

from churn_api.jobs.csv.chunk_scorer import ChunkScorer
from churn_api.jobs.plan import Chunk

COLUMNS = (ID, *FIELDS, "Churn")
COUNT = 10_000


@pytest.fixture(scope="module")
def rows(many_customers: Callable[[int], bytes]) -> list[list[bytes]]:
    return [row.split(b",") for row in many_customers(COUNT).splitlines()[1:]]


def seconds(predictor: Any, rows: list[list[bytes]]) -> float:
    """Of the processor, for one chunk."""
    data = b"".join(b",".join(row) + b"\n" for row in rows)
    begun = time.process_time()
    scorer = ChunkScorer(predictor, data, COLUMNS, Chunk(0, len(data), 1, COUNT))
    for _ in scorer.errors():
        pass
    scorer.results()
    return time.process_time() - begun


def shifted(row: list[bytes], _: int) -> list[bytes]:
    return [*row[1:], b""]


def never_seen(row: list[bytes], number: int) -> list[bytes]:
    """Every value is wrong, and each in a way of its own."""
    return [row[0], *(b"%s-%d-%d" % (cell, number, place) for place, cell in enumerate(row[1:]))]


def partly_known(row: list[bytes], _: int) -> list[bytes]:
    """The five needed fields alone."""
    return [cell if name in (ID, *NEEDED) else b"" for name, cell in zip(COLUMNS, row, strict=True)]


NEEDED = ("gender", "SeniorCitizen", "tenure", "Contract", "MonthlyCharges")


# A row of an ordinary file takes about a microsecond.
@pytest.mark.parametrize(
    ("change", "most"),
    [(shifted, 120), (never_seen, 300), (partly_known, 100)],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_no_row_costs_many_times_what_an_ordinary_one_does(
    model: Any, rows: list[list[bytes]], change: Callable[[list[bytes], int], list[bytes]], most: int
) -> None:
    changed = [change(row, number) for number, row in enumerate(rows)]
    pairs = [(seconds(model.predictor, rows), seconds(model.predictor, changed)) for _ in range(2)]
    ordinary, other = (min(column) for column in zip(*pairs, strict=True))
    assert other < most * ordinary
