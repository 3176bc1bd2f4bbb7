"""The objects in which processes hand over what they answered."""

import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from churn_api.jobs.errors import UnreadableObject
from churn_api.tracking import incoming
from churn_api.tracking.incoming import Refusals, Rows

ANY_NUMBER = st.none() | st.integers(0, 9) | st.floats(allow_infinity=False)
ANY_ID = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=64)


@given(ids=st.lists(ANY_ID, min_size=1, max_size=5), data=st.data())
def test_an_object_holds_what_was_put_into_it(ids: list[str], data: st.DataObject) -> None:
    size = len(ids)
    columns = data.draw(st.lists(st.lists(ANY_NUMBER, min_size=size, max_size=size), min_size=1, max_size=4))
    rows = Rows("20261123_140301", "single", ids, [1_764_000_000_000_000] * size, [0.1] * size, [255] * size, columns)
    refusals = Refusals(7, 2, {"tenure:missing": 2, "a:b:missing": 1})
    packed = incoming.joined([incoming.encoded_rows(rows), incoming.encoded_rows(rows)], refusals)
    handover = incoming.read(packed, "here")
    assert handover.refusals == refusals
    for found in handover.rows:
        # A NaN, which is no absent value, equals nothing.
        assert repr(found) == repr(rows)


def test_a_blank_is_no_absent_value() -> None:
    rows = Rows("v", "batch", ["a", "b"], [1, 1], [0.5, 0.5], [0, 1], [[math.nan, None]])
    (found,) = incoming.read(incoming.joined([incoming.encoded_rows(rows)], Refusals()), "here").rows
    assert math.isnan(found.customers[0][0])
    assert found.customers[0][1] is None


@pytest.mark.parametrize("data", [b"", b"{}", b"\xff", b'{"version":"2","rows":[],"refusals":{}}'])
def test_what_cannot_be_read_is_named(data: bytes) -> None:
    with pytest.raises(UnreadableObject, match=r"tracking/incoming/a\.json"):
        incoming.read(data, "tracking/incoming/a.json")


def test_keys_are_in_the_order_of_time_and_tell_it() -> None:
    moments = [datetime(2026, 11, 30, 23, 59, 59, 999_999, UTC), datetime(2026, 12, 1, tzinfo=UTC)]
    keys = [incoming.new_key(moment) for moment in moments]
    assert sorted(keys) == keys
    assert [incoming.moment_of(key) for key in keys] == moments
    assert incoming.moment_of(f"{incoming.INCOMING}by-hand.json") is None
    assert incoming.new_key(moments[0]) != incoming.new_key(moments[0])
