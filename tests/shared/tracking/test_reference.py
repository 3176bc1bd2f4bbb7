"""What a release keeps to notice drift by, and what is refused as such."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.telco import FIELDS, TELCO, Customer

from churn.tracking.reference import SCORE, FieldReference, Reference, category_bins, number_bins


def test_a_reference_is_read_as_it_was_written(reference: Reference) -> None:
    assert Reference.from_bytes(reference.to_bytes(), TELCO) == reference


def test_it_has_every_field_and_the_score_with_all_customers(reference: Reference, customers: list[Customer]) -> None:
    assert list(reference.fields) == [*FIELDS, SCORE]
    assert {field.rows for field in reference.fields.values()} == {len(customers)}


def test_a_category_has_its_values_as_bins(reference: Reference) -> None:
    assert reference.fields["Contract"].bins == ("Month-to-month", "One year", "Two year", "absent")


def test_values_that_are_called_as_added_bins_are_remain_bins_of_their_own() -> None:
    assert category_bins(("absent", "Yes", "blank", "")) == (
        "absent (value)",
        "Yes",
        "blank (value)",
        "blank",
        "absent",
    )


def test_a_number_has_what_lies_between_its_cuts_as_bins() -> None:
    assert number_bins((12.0, 24.5), blank=True) == ("≤ 12", "12–24.5", "> 24.5", "blank", "absent")
    assert number_bins((1.0, 2.0, 9.0), blank=False, whole=True) == ("≤ 1", "2", "3–9", "> 9", "absent")
    assert number_bins((), blank=False) == ("any", "absent")


def test_a_cut_belongs_to_the_left_and_a_blank_to_itself() -> None:
    field = FieldReference((12.0, 24.0), number_bins((12.0, 24.0), blank=True), (0,) * 5, 1.0)
    values = np.array([-5.0, 12.0, 12.1, 24.0, 1e9, math.nan, math.nan])
    assert field.count(values, absent=3).tolist() == [2, 2, 1, 2, 3]


def test_a_blank_that_is_no_value_is_absent() -> None:
    field = FieldReference((12.0,), number_bins((12.0,), blank=False), (0,) * 3, 1.0)
    assert field.count(np.array([1.0, math.nan])).tolist() == [1, 0, 1]


@given(st.lists(st.floats(-1e6, 1e6) | st.just(math.nan)), st.sets(st.integers(-1000, 1000), max_size=9))
def test_numbers_are_counted_as_a_search_among_the_cuts_does(values: list[float], chosen: set[int]) -> None:
    cuts = tuple(map(float, sorted(chosen)))
    field = FieldReference(cuts, number_bins(cuts, blank=True), (0,) * (len(cuts) + 3), 1.0)
    searched = np.searchsorted((*cuts, math.inf), np.array(values, np.float64))
    assert field.count(np.array(values, np.float64)).tolist() == np.bincount(searched, minlength=len(cuts) + 3).tolist()


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("tenure", {"counts": [1, 2]}),
        ("tenure", {"counts": [-1] * 11}),
        ("tenure", {"cuts": [3.0, 2.0]}),
        ("tenure", {"cuts": None}),
        ("tenure", {"quantile": math.inf}),
        ("Contract", {"cuts": []}),
        ("Contract", {"bins": ["a", "b", "c", "absent"]}),
        ("Contract", {"counts": [1, 2, 3, True]}),
    ],
)
def test_what_does_not_fit_the_schema_is_refused(reference: Reference, field: str, changes: dict[str, object]) -> None:
    content = json.loads(reference.to_bytes())
    content["fields"][field] |= changes
    with pytest.raises(ValueError, match=r"reference"):
        Reference.from_bytes(json.dumps(content).encode(), TELCO)


def test_a_reference_of_other_fields_is_refused(reference: Reference) -> None:
    content = json.loads(reference.to_bytes())
    del content["fields"]["tenure"]
    with pytest.raises(ValueError, match="other fields"):
        Reference.from_bytes(json.dumps(content).encode(), TELCO)
