"""The buffer of what a process has answered: nothing is lost in it unless it overflows, and then it is counted."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from tests.telco import TELCO, Customer

from churn.errors import FieldError
from churn.release import Release
from churn_api.tracking import buffer
from churn_api.tracking.buffer import Buffer


@pytest.fixture
def opened(lost: Any) -> Buffer:
    opened = Buffer(lost)
    opened.open()
    return opened


def test_nothing_is_taken_in_before_somebody_empties_it(lost: Any, served: Release, customer: Customer) -> None:
    closed = Buffer(lost)
    closed.add(served, "a", 0.5, 0, customer)
    closed.add_many(served, ["b"], [0.5], [0], TELCO.table_of([customer]))
    closed.refuse(TELCO, [FieldError("tenure", "missing", "")])
    answered, refusals = closed.take()
    assert (answered, refusals.rows, lost.amount) == ([], 0, 0)


def test_what_was_added_is_taken_once(opened: Buffer, served: Release, customer: Customer) -> None:
    absent = customer._replace(tenure=None)
    opened.add(served, "a", 0.25, 0, customer)
    opened.add(served, None, 0.5, 1, absent)
    opened.add_many(served, ["c", None], [0.75, 1.0], [0, 0], TELCO.table_of([customer, customer]))
    (singles, batch), refusals = opened.take()
    assert (singles.source, singles.ids, singles.probabilities, singles.assumed) == (
        "single",
        ("a", None),
        (0.25, 0.5),
        (0, 1),
    )
    assert [list(row) for row in zip(*singles.customers, strict=True)] == [list(customer), list(absent)]
    assert (batch.source, batch.ids, len(batch.customers), len(batch.customers[0])) == ("batch", ["c", None], 19, 2)
    assert abs(singles.moments[0] - batch.moments[1]) < 5
    assert (refusals.rows, refusals.refused) == (4, 0)
    assert opened.take().answered == []


def test_each_release_has_rows_of_its_own(opened: Buffer, served: Release, customer: Customer) -> None:
    manifest = served.manifest.model_copy(update={"version": "20300101_000000"})
    other = replace(served, manifest=manifest)
    for release in (served, served, other):
        opened.add(release, "a", 0.5, 0, customer)
    answered, _ = opened.take()
    assert [(each.release, len(each.ids)) for each in answered] == [(served, 2), (other, 1)]


def test_a_refused_row_counts_once_for_each_kind_of_fault(opened: Buffer) -> None:
    faults = [("tenure", "missing"), ("tenure", "missing"), ("Contract", "not_allowed"), ("shoe size", "unknown")]
    for _ in range(2):
        opened.refuse(TELCO, [FieldError(field, code, "") for field, code in faults])
    _, refusals = opened.take()
    assert (refusals.rows, refusals.refused) == (2, 2)
    assert refusals.faults == {"tenure:missing": 2, "Contract:not_allowed": 2, "other:unknown": 2}


def test_the_oldest_are_dropped_and_counted(
    opened: Buffer, lost: Any, served: Release, customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(buffer, "MOST_ROWS", 100)
    small = Buffer(lost)
    small.open()
    for number in range(130):
        small.add(served, f"single {number}", 0.5, 0, customer)
    for number in range(4):
        names = [f"batch {number}"] * 40
        small.add_many(served, names, [0.5] * 40, [0] * 40, TELCO.table_of([customer] * 40))
    (singles, *batches), _ = small.take()
    assert (singles.ids[0], singles.ids[-1], len(singles.ids)) == ("single 30", "single 129", 100)
    assert [batch.ids[0] for batch in batches] == ["batch 2", "batch 3"]
    assert lost.amount == 30 + 80


def test_no_row_is_lost_between_threads(opened: Buffer, served: Release, customer: Customer, lost: Any) -> None:
    def add(_: int) -> None:
        for _ in range(250):
            opened.add(served, "a", 0.5, 0, customer)
            opened.add_many(served, ["b"], [0.5], [0], TELCO.table_of([customer]))
            opened.refuse(TELCO, [])

    taken: list[Any] = []
    with ThreadPoolExecutor(4) as pool:
        adding = [pool.submit(add, number) for number in range(4)]
        while not all(each.done() for each in adding):
            taken.append(opened.take())
    taken.append(opened.take())
    assert sum(len(each.ids) for answered, _ in taken for each in answered) == 2_000
    assert sum(refusals.rows for _, refusals in taken) == 3_000
    assert lost.amount == 0
