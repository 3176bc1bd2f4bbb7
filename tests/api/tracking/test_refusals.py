"""The sums of a month's refused rows."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from churn.errors import PreconditionFailed
from churn.store.interface import ObjectStore
from churn_api.jobs.errors import UnreadableObject
from churn_api.tracking import refusals
from churn_api.tracking.incoming import Refusals

MOMENT = datetime(2026, 11, 23, 14, tzinfo=UTC)
MONTH = refusals.key(MOMENT)


def stored(store: ObjectStore) -> refusals.Month:
    return msgspec.json.decode(store.get(MONTH).data, type=refusals.Month)


def test_an_object_counts_once_however_often_it_comes(store: ObjectStore) -> None:
    first = {"a": Refusals(10, 2, {"tenure:missing": 2}), "b": Refusals(5, 0)}
    refusals.count(store, MONTH, first, MOMENT)
    refusals.count(store, MONTH, first | {"c": Refusals(1, 1, {"tenure:missing": 1, "other:unknown": 1})}, MOMENT)
    refusals.count(store, MONTH, first, MOMENT)
    sums = stored(store)
    assert (sums.rows, sums.refused, sums.faults) == (16, 3, {"tenure:missing": 3, "other:unknown": 1})
    assert MONTH == "tracking/refused/month=2026-11/live.json"


def test_names_are_forgotten_after_a_while_and_sums_are_not(store: ObjectStore) -> None:
    for hour in range(5):
        refusals.count(store, MONTH, {f"{hour}": Refusals(1, 1)}, MOMENT + timedelta(hours=hour))
    assert list(stored(store).counted) == ["3", "4"]
    assert stored(store).rows == 5


def test_two_at_once_lose_no_count(store: ObjectStore, interrupted: type) -> None:
    refusals.count(store, MONTH, {"a": Refusals(1, 0)}, MOMENT)
    other = interrupted(store, 2, lambda: refusals.count(store, MONTH, {"b": Refusals(2, 0)}, MOMENT))
    with pytest.raises(PreconditionFailed):
        refusals.count(other, MONTH, {"c": Refusals(4, 0)}, MOMENT)
    assert stored(store).rows == 3


def test_sums_that_cannot_be_read_are_named_and_not_overwritten(store: ObjectStore) -> None:
    store.put(MONTH, b"[]", content_type="application/json")
    with pytest.raises(UnreadableObject, match="live"):
        refusals.count(store, MONTH, {"a": Refusals(1, 0)}, MOMENT)
    assert store.get(MONTH).data == b"[]"
