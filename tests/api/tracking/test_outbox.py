"""Tracked predictions on their way to the store."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.telco import TELCO, Customer

from churn.release import Release
from churn.store.interface import ObjectStore
from churn_api.tracking import outbox
from churn_api.tracking.buffer import Answered, Taken
from churn_api.tracking.incoming import Handover, Refusals
from churn_api.tracking.outbox import FULL_ROWS, PAUSE_SECONDS, WAIT_SECONDS, Outbox

Written = Callable[[], list[Handover]]


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def box(unsteady: Any, lost: Any, clock: Clock) -> Outbox:
    return Outbox(unsteady, lost, clock)


@pytest.fixture
def rows(served: Release, customer: Customer) -> Callable[..., Taken]:
    """A function that makes a taking of n rows, or of these ids."""

    def make(ids: int | list[str | None], refusals: Refusals | None = None) -> Taken:
        names = [f"c{number}" for number in range(ids)] if isinstance(ids, int) else ids
        count = len(names)
        table = TELCO.table_of([customer] * count)
        answered = Answered(served, "batch", names, [1_764_000_000.25] * count, [0.5] * count, [0] * count, table)
        return Taken([answered], refusals or Refusals(count))

    return make


def names(handovers: list[Handover]) -> list[str]:
    return [name for handover in handovers for rows in handover.rows for name in rows.ids]


def test_rows_wait_for_others_for_less_than_a_minute(
    box: Outbox, rows: Callable[..., Taken], clock: Clock, written: Written
) -> None:
    box.add(rows(["a"]))
    clock.now += WAIT_SECONDS - 1
    box.add(rows(["b"]))
    box.send()
    assert written() == []
    clock.now += 1
    box.send()
    (handover,) = written()
    assert names([handover]) == ["a", "b"]
    assert handover.rows[0].moments == [1_764_000_000_250_000]
    assert handover.refusals.rows == 2
    assert WAIT_SECONDS < 60


def test_a_full_object_is_written_at_once(box: Outbox, rows: Callable[..., Taken], written: Written) -> None:
    box.add(rows(FULL_ROWS + 900))
    box.send()
    (handover,) = written()
    assert len(names([handover])) == FULL_ROWS
    box.send(everything=True)
    assert sorted(names(written())) == sorted(f"c{number}" for number in range(FULL_ROWS + 900))


def test_rows_without_an_id_are_counted_and_not_written(
    box: Outbox, rows: Callable[..., Taken], clock: Clock, written: Written
) -> None:
    box.add(rows([None, None], Refusals(3, 1, {"tenure:missing": 1})))
    clock.now += WAIT_SECONDS
    box.send()
    (handover,) = written()
    assert (handover.rows, handover.refusals) == ([], Refusals(3, 1, {"tenure:missing": 1}))


def test_nothing_is_written_where_nothing_was_answered(box: Outbox, written: Written) -> None:
    box.add(Taken([], Refusals()))
    box.send(everything=True)
    assert written() == []


def test_a_store_that_comes_back_gets_all_that_waited(
    box: Outbox, rows: Callable[..., Taken], clock: Clock, written: Written, unsteady: Any, lost: Any
) -> None:
    unsteady.away = True
    for number in range(3):
        box.add(rows([f"{number}"]))
        clock.now += WAIT_SECONDS
        box.send()
    unsteady.away = False
    box.send()
    assert written() == []  # it is not asked all the time
    clock.now += PAUSE_SECONDS
    box.send()
    assert names(written()) == ["0", "1", "2"]
    assert lost.amount == 0


def test_an_object_whose_fate_is_unknown_is_not_written_twice(
    box: Outbox, rows: Callable[..., Taken], clock: Clock, written: Written, unsteady: Any
) -> None:
    box.add(rows(["a"]))
    unsteady.lost = 1
    clock.now += WAIT_SECONDS
    box.send()
    clock.now += PAUSE_SECONDS
    box.send()
    assert names(written()) == ["a"]


def test_while_the_store_is_away_the_oldest_are_dropped_and_counted(
    box: Outbox,
    rows: Callable[..., Taken],
    clock: Clock,
    store: ObjectStore,
    written: Written,
    unsteady: Any,
    lost: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(outbox, "MOST_BYTES", 100_000)
    unsteady.away = True
    for number in range(30):
        box.add(rows([f"{number}-{place}" for place in range(100)]))
        box.send(everything=True)
    assert sum(len(part.data) for part in box._parts) <= 100_000
    unsteady.away = False
    clock.now += PAUSE_SECONDS
    box.send(everything=True)
    kept = names(written())
    assert "29-99" in kept
    assert lost.amount == 3_000 - len(kept) > 1_000
    assert sum(handover.refusals.rows for handover in written()) == 3_000
    box.give_up()
    assert lost.amount == 3_000 - len(kept)


def test_what_is_left_at_the_end_counts_as_lost(
    box: Outbox, rows: Callable[..., Taken], unsteady: Any, lost: Any
) -> None:
    unsteady.away = True
    box.add(rows(600))
    box.send(everything=True)
    box.give_up()
    assert lost.amount == 600
