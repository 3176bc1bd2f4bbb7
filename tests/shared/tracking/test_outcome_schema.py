"""Rows of outcomes: what is read kindly, and what is refused with a remedy."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from churn.errors import ValidationError
from churn.tracking.outcome_schema import FIELDS, Outcome, OutcomeSchema
from churn.tracking.outcomes import COLUMNS, ORDER

TODAY = date(2026, 11, 29)
SCHEMA = OutcomeSchema(TODAY, ["AccountNo"])


def read(**record: Any) -> Outcome:
    return SCHEMA.reader.read({"customerID": "A", **record})


def faults(record: dict[str, Any]) -> list[tuple[str, str]]:
    with pytest.raises(ValidationError) as caught:
        SCHEMA.reader.read(record)
    return [(fault.field, fault.code) for fault in caught.value.errors]


def test_an_outcome_has_the_columns_of_the_table() -> None:
    assert list(Outcome._fields) == [name for name in COLUMNS if name not in ORDER]


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-03",
        " 2026-11-03 ",
        "2026-11-03T00:00:00",
        "2026-11-03 23:59",
        "2026-11-03T23:59:59.123456Z",
        "2026-11-03 14:00:00+0000",
        "2026-11-03 14:00:00 UTC",
        "2026-11-04T01:30:00+02:00",
        "2026-11-02T20:00:00-05:00",
    ],
)
def test_a_date_or_a_moment_is_read_as_its_day_in_utc(text: str) -> None:
    assert read(left_at=text).left_at == read(stayed_until=text).stayed_until == date(2026, 11, 3)


@pytest.mark.parametrize(
    ("record", "fault"),
    [
        ({"customerID": "A"}, ("left_at", "missing")),
        ({"customerID": "A", "left_at": "NA", "stayed_until": " "}, ("left_at", "missing")),
        (
            {"customerID": "A", "left_at": "2026-11-03", "stayed_until": "2026-11-03"},
            ("stayed_until", "contradiction"),
        ),
        ({"left_at": "2026-11-03"}, ("customerID", "missing")),
        ({"customerID": " ", "left_at": "2026-11-03"}, ("customerID", "missing")),
        ({"customerID": "A" * 65, "left_at": "2026-11-03"}, ("customerID", "out_of_range")),
        ({"customerID": "A\x07", "left_at": "2026-11-03"}, ("customerID", "not_allowed")),
    ],
)
def test_a_row_has_an_id_and_one_of_the_two_dates(record: dict[str, Any], fault: tuple[str, str]) -> None:
    assert faults(record) == [fault]


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("left_at", "03.11.2026", "wrong_type"),
        ("left_at", "2026-02-30", "wrong_type"),
        ("left_at", "20261103", "wrong_type"),
        ("left_at", "2026-W45-2", "wrong_type"),
        ("left_at", "yesterday", "wrong_type"),
        ("left_at", "२०२६-११-०३", "wrong_type"),
        ("left_at", "0001-01-01T00:00:00+14:00", "wrong_type"),
        ("left_at", "2026-11-30", "out_of_range"),
        ("left_at", "2026-11-29T23:30:00-05:00", "out_of_range"),
        ("left_at", "1999-12-31", "out_of_range"),
        ("stayed_until", "2026-11-30", "out_of_range"),
    ],
)
def test_a_date_is_a_day_of_this_century_that_has_come(name: str, text: str, code: str) -> None:
    assert faults({"customerID": "A", name: text}) == [(name, code)]


@pytest.mark.parametrize(
    ("told", "wanted"),
    [
        ({}, (None, None, None, None)),
        ({"campaign": "spring"}, ("spring", "treat", None, None)),
        ({"campaign": "spring", "arm": "Hold out"}, ("spring", "hold_out", None, None)),
        ({"campaign": "spring", "arm": "TREAT", "accepted": "Yes"}, ("spring", "treat", True, None)),
        ({"accepted": "0", "cost": "12.50"}, (None, None, False, 12.5)),
        ({"accepted": "FALSE", "cost": "$ 1,200.00"}, (None, None, False, 1200.0)),
        ({"cost": "-0"}, (None, None, None, 0.0)),
        ({"accepted": "unknown", "cost": "NaN", "campaign": "null"}, (None, None, None, None)),
    ],
)
def test_what_a_row_may_tell_besides(told: dict[str, str], wanted: tuple[Any, ...]) -> None:
    assert read(left_at="2026-11-03", **told)[3:] == wanted


@pytest.mark.parametrize(
    ("told", "fault"),
    [
        ({"campaign": "x" * 65}, ("campaign", "out_of_range")),
        ({"campaign": "a\x07b"}, ("campaign", "not_allowed")),
        ({"arm": "treat"}, ("arm", "contradiction")),
        ({"campaign": "spring", "arm": "control"}, ("arm", "not_allowed")),
        ({"accepted": "perhaps"}, ("accepted", "not_allowed")),
        ({"cost": "-1"}, ("cost", "out_of_range")),
        ({"cost": "1e999"}, ("cost", "out_of_range")),
        ({"cost": "much"}, ("cost", "wrong_type")),
        ({"cost": "1,200"}, ("cost", "wrong_type")),
    ],
)
def test_what_a_row_may_not_tell(told: dict[str, str], fault: tuple[str, str]) -> None:
    assert faults({"customerID": "A", "left_at": "2026-11-03", **told}) == [fault]


def test_every_fault_of_a_row_is_told() -> None:
    record = {"customerID": "", "left_at": "x", "stayed_until": "y", "accepted": "z", "cost": "-1"}
    listed = ["customerID", "left_at", "stayed_until", "accepted", "cost", "stayed_until"]
    assert [field for field, _ in faults(record)] == listed


@given(st.dictionaries(st.sampled_from(["customerID", *FIELDS]), st.one_of(st.none(), st.text(max_size=20))))
def test_any_row_is_read_or_refused(record: dict[str, Any]) -> None:
    try:
        outcome = SCHEMA.reader.read(record)
    except ValidationError:
        pass
    else:
        assert (outcome.left_at is None) != (outcome.stayed_until is None)


@pytest.mark.parametrize(
    ("name", "field"),
    [("Customer ID", "customerID"), ("account_no", "customerID"), ("LEFT AT", "left_at"), ("row", None)],
)
def test_columns_are_known_without_case_blanks_and_underscores(name: str, field: str | None) -> None:
    assert SCHEMA.column_names.field_of(name) == field


def test_a_column_that_is_probably_meant_is_asked_for() -> None:
    assert SCHEMA.column_names.likely("churn_date") == "left_at"
    assert SCHEMA.column_names.likely("weather") is None
