"""Outcomes of a chunk, read by themselves."""

import csv
from datetime import UTC, datetime

import pytest

from churn_api.jobs.csv.outcome_chunk import OutcomeChunk
from churn_api.jobs.plan import Chunk


@pytest.fixture
def usual_limit():
    """What Python's reader lets a cell have by itself, as in a process that has read nothing else yet."""
    before = csv.field_size_limit(131_072)
    yield
    csv.field_size_limit(before)


@pytest.mark.usefixtures("usual_limit")
def test_a_cell_of_any_length_that_a_row_may_have_refuses_its_row_alone():
    rows = [b"C1,2026-11-02", b"C2," + b"9" * 200_000, b"C3,2026-11-03"]
    data = b"\n".join(rows) + b"\n"
    chunk = OutcomeChunk(
        data, ("customerID", "left_at"), Chunk(0, len(data), 1, len(rows)), datetime(2026, 11, 20, tzinfo=UTC)
    )
    (line,) = b"".join(chunk.errors()).splitlines()
    assert line.startswith(b"2,C2,")
    assert (chunk.progress.completed, chunk.progress.failed) == (2, 1)
