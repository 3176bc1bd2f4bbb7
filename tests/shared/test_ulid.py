"""ULIDs: they sort by their time, which can be read from them, and no two are alike."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from churn import ulid

MOMENT = datetime(2026, 11, 30, 9, 15, 7, 123_456, tzinfo=UTC)


@pytest.mark.parametrize(
    "moment",
    [datetime(1970, 1, 1, tzinfo=UTC), MOMENT, datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)],
    ids=str,
)
def test_the_moment_is_read_from_it_to_the_millisecond(moment: datetime) -> None:
    made = ulid.new(moment)
    assert re.fullmatch(ulid.PATTERN, made)
    assert len(made) == ulid.LENGTH
    assert ulid.created(made) == moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def test_the_moment_is_as_the_specification_has_it() -> None:
    # The example of https://github.com/ulid/spec, of its reference implementation.
    assert ulid.created("01ARZ3NDEKTSV4RRFFQ69G5FAV") == datetime(2016, 7, 30, 23, 54, 10, 259_000, tzinfo=UTC)
    assert ulid.new(datetime.fromtimestamp(1469918176.385, UTC)).startswith("01ARYZ6S41")


def test_they_sort_by_their_time() -> None:
    moments = [MOMENT + number * timedelta(milliseconds=977) for number in range(200)]
    made = [ulid.new(moment) for moment in moments]
    assert sorted(made) == made


def test_no_two_of_a_moment_are_alike() -> None:
    assert len({ulid.new(MOMENT) for _ in range(1_000)}) == 1_000
