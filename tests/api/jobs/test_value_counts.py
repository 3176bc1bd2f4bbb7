"""What the fields of jobs' rows hold is counted for the release that scored them, whether rows are tracked or not."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.telco import FIELDS, TELCO

from churn.errors import ValidationError
from churn.release import Release
from churn.tracking.reference import SCORE, Reference
from churn_api.jobs.release_cache import ReleaseCache
from churn_api.jobs.steps import Steps

Make = Callable[[int], bytes]

SOME, FAULTY = 3_000, 60


@pytest.fixture
def rows(many_customers: Make) -> list[list[str]]:
    """Customers without an id, with absent fields, and with a fault among others, below a header."""
    table = [line.split(",") for line in many_customers(SOME).decode().splitlines()]
    place = table[0].index
    for number in range(1, SOME, 3):
        table[number][place("customerID")] = ""
        table[number][place("Partner")] = ""
        table[number + 1][place("TotalCharges")] = ""
    for number in range(1, SOME, 50):
        table[number][place("tenure")] = "999"
    return table


def counted(bench: Any) -> dict[str, list[int]]:
    """The counts of all chunks."""
    names = [*FIELDS, SCORE]
    return {name: sum(tally.values[name] for tally in bench.metrics.tallies).tolist() for name in names}


@pytest.mark.parametrize("tracked", [True, False])
def test_every_row_that_is_scored_is_counted_as_it_was_read(
    bench: Any, rows: list[list[str]], reference: Reference, tracked: bool
) -> None:
    bench.steps = Steps(bench.repository, bench.queue, ReleaseCache(bench.store), bench.metrics, tracked=tracked)
    job = bench.submit("\n".join(map(",".join, rows)).encode())
    assert job.chunks > 1
    bench.drain()
    people = []
    for row in rows[1:]:
        try:
            people.append(TELCO.reader.read(dict(zip(rows[0], row, strict=True))).customer)
        except ValidationError:
            continue
    assert len(people) == SOME - FAULTY
    columns = zip(FIELDS, zip(*people, strict=True), strict=True)
    wanted = {name: reference.fields[name].count_column(list(column)).tolist() for name, column in columns}
    probabilities = np.concatenate([tally.probabilities for tally in bench.metrics.tallies])
    assert counted(bench) == wanted | {SCORE: reference.fields[SCORE].count(probabilities).tolist()}
    assert {tally.release for tally in bench.metrics.tallies} == {bench.version}


class OlderReleases(ReleaseCache):
    """Releases from before there were references."""

    def get(self, version: str) -> Release:
        return replace(super().get(version), reference=None)


def test_without_a_reference_nothing_is_counted(bench: Any, rows: list[list[str]]) -> None:
    bench.steps = Steps(bench.repository, bench.queue, OlderReleases(bench.store), bench.metrics)
    bench.submit("\n".join(map(",".join, rows)).encode())
    bench.drain()
    assert [tally.values for tally in bench.metrics.tallies] == [{}] * len(bench.metrics.tallies)
    assert bench.metrics.rows.completed == SOME - FAULTY
