"""Reading customers, kindly and strictly."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churn.customer import CATEGORIES, FIELDS, Customer, value_of
from churn.errors import ValidationError
from churn.fields import Number
from churn.reading import read

SEVEN = {
    "gender": "Female",
    "SeniorCitizen": 0,
    "Partner": "Yes",
    "tenure": 24,
    "Contract": "One year",
    "MonthlyCharges": 65.50,
    "TotalCharges": "1572.00",
}


def faults(record: dict[str, Any]) -> list[tuple[str, str]]:
    with pytest.raises(ValidationError) as caught:
        read(record)
    return [(fault.field, fault.code) for fault in caught.value.errors]


def spelled(name: str, record: dict[str, Any]) -> Any:
    return value_of(name, read(record).customer)


KIND = [
    ("SeniorCitizen", 1, 1),
    ("SeniorCitizen", "1", 1),
    ("SeniorCitizen", "Yes", 1),
    ("SeniorCitizen", "no", 0),
    ("SeniorCitizen", 1.0, 1),
    ("tenure", "24", 24),
    ("tenure", 24.0, 24),
    ("tenure", " 7 ", 7),
    ("tenure", 0, 0),
    ("tenure", 100, 100),
    ("MonthlyCharges", "65.5", 65.5),
    ("MonthlyCharges", "1e2", 100.0),
    ("MonthlyCharges", ".5", 0.5),
    ("TotalCharges", "1572.00", 1572.0),
    ("TotalCharges", None, 24 * 65.5),
    ("TotalCharges", "  ", 24 * 65.5),
    ("gender", " fEMALE ", "Female"),
    ("Contract", "TWO  YEAR", "Two year"),
    ("InternetService", "dsl", "DSL"),
    ("PaymentMethod", "bank transfer (AUTOMATIC)", "Bank transfer (automatic)"),
]


@pytest.mark.parametrize(("name", "raw", "wanted"), KIND, ids=lambda value: repr(value)[:30])
def test_a_value_is_read_kindly(name: str, raw: Any, wanted: Any) -> None:
    got = spelled(name, SEVEN | {name: raw})
    assert (got, type(got)) == (wanted, type(wanted))


STRICT = [
    ("SeniorCitizen", True, "wrong_type"),
    ("SeniorCitizen", 2, "not_allowed"),
    ("SeniorCitizen", 0.5, "not_allowed"),
    ("SeniorCitizen", None, "missing"),
    ("tenure", True, "wrong_type"),
    ("tenure", 24.5, "wrong_type"),
    ("tenure", "two", "wrong_type"),
    ("tenure", "1_0", "wrong_type"),
    ("tenure", "٣", "wrong_type"),
    ("tenure", -1, "out_of_range"),
    ("tenure", 101, "out_of_range"),
    ("tenure", 10**400, "out_of_range"),
    ("tenure", [1], "wrong_type"),
    ("tenure", "", "missing"),
    ("MonthlyCharges", float("nan"), "wrong_type"),
    ("MonthlyCharges", "NaN", "wrong_type"),
    ("MonthlyCharges", float("inf"), "out_of_range"),
    ("MonthlyCharges", "Infinity", "wrong_type"),
    ("MonthlyCharges", "1e999", "out_of_range"),
    ("MonthlyCharges", "65,5", "wrong_type"),
    ("MonthlyCharges", "0x10", "wrong_type"),
    ("MonthlyCharges", 200.01, "out_of_range"),
    ("TotalCharges", -0.01, "out_of_range"),
    ("TotalCharges", {"a": 1}, "wrong_type"),
    ("gender", "Femal", "not_allowed"),
    ("gender", 1, "wrong_type"),
    ("gender", ["Female"], "wrong_type"),
    ("Partner", True, "wrong_type"),
    ("Partner", {}, "wrong_type"),
    ("Contract", "", "missing"),
    ("Tenure", 24, "unknown"),
    ("", 1, "unknown"),
    ("customerID", 7, "wrong_type"),
    ("customerID", "x" * 65, "out_of_range"),
    ("customerID", "a\x00b", "not_allowed"),
]


@pytest.mark.parametrize(("name", "raw", "code"), STRICT, ids=lambda value: repr(value)[:30])
def test_a_value_is_read_strictly(name: str, raw: Any, code: str) -> None:
    assert faults(SEVEN | {name: raw}) == [(name, code)]


OFFLINE, ONLINE = {"InternetService": "No"}, {"InternetService": "DSL"}
SETTLED = [
    (OFFLINE, "OnlineBackup", "No internet service"),
    (OFFLINE | {"OnlineBackup": "No"}, "OnlineBackup", "No internet service"),
    (OFFLINE | {"OnlineBackup": "no internet service"}, "OnlineBackup", "No internet service"),
    ({"PhoneService": "No", "MultipleLines": "No"}, "MultipleLines", "No phone service"),
    ({"StreamingTV": "No internet service"}, "InternetService", "No"),
    ({"StreamingTV": "No internet service", "TechSupport": "No"}, "TechSupport", "No internet service"),
    ({"MultipleLines": "No phone service"}, "PhoneService", "No"),
    ({"MultipleLines": "Yes"}, "PhoneService", "Yes"),
    ({"MultipleLines": "No"}, "PhoneService", None),
    ({"TechSupport": "Yes"}, "InternetService", None),
    (ONLINE | {"TechSupport": "No"}, "TechSupport", "No"),
]


@pytest.mark.parametrize(("given_fields", "name", "wanted"), SETTLED)
def test_what_others_imply_is_filled_in(given_fields: dict[str, str], name: str, wanted: str | None) -> None:
    assert spelled(name, SEVEN | given_fields) == wanted


CONTRADICTIONS = [
    (OFFLINE | {"TechSupport": "Yes"}, "TechSupport"),
    (ONLINE | {"TechSupport": "No internet service"}, "TechSupport"),
    ({"PhoneService": "No", "MultipleLines": "Yes"}, "MultipleLines"),
    ({"PhoneService": "Yes", "MultipleLines": "No phone service"}, "MultipleLines"),
    ({"StreamingTV": "No internet service", "TechSupport": "Yes"}, "TechSupport"),
]


@pytest.mark.parametrize(("given_fields", "name"), CONTRADICTIONS)
def test_a_contradiction_is_refused(given_fields: dict[str, str], name: str) -> None:
    assert faults(SEVEN | given_fields) == [(name, "contradiction")]


def test_all_faults_are_reported_at_once() -> None:
    record = {"gender": "x", "SeniorCitizen": 0, "tenure": 500, "Contract": "One year", "Partnr": "Yes"}
    wanted = [
        ("gender", "not_allowed"),
        ("tenure", "out_of_range"),
        ("MonthlyCharges", "missing"),
        ("Partnr", "unknown"),
    ]
    assert sorted(faults(record)) == sorted(wanted)


MESSAGES = [
    ({"tenure": 500}, "tenure must be between 0 and 100 months; got 500."),
    ({"MonthlyCharges": -1}, "MonthlyCharges must be between $0 and $200; got -1."),
    ({"Contract": "one yeer"}, 'got "one yeer". Did you mean "One year"?'),
    ({"Tenure": 3}, "did you mean tenure?"),
    ({"paymentmethod": "x"}, "did you mean PaymentMethod?"),
    ({"zzzzzz": 3}, "remove it."),
    ({"gender": '<b>"' + "x" * 5000}, "…"),
]


@pytest.mark.parametrize(("change", "part"), MESSAGES)
def test_a_message_names_field_value_and_remedy(change: dict[str, Any], part: str) -> None:
    with pytest.raises(ValidationError) as caught:
        read(SEVEN | change)
    (fault,) = caught.value.errors
    assert part in fault.message
    assert len(fault.message) < 250


def test_the_seven_field_example_assumes_the_twelve_absent_fields() -> None:
    reading = read(SEVEN)
    assert len(reading.assumed) == 12
    assert "TotalCharges" not in reading.assumed


def test_churn_is_ignored_and_the_id_is_kept() -> None:
    reading = read(SEVEN | {"Churn": object(), "customerID": " 7590-VHVEG "})
    assert reading.customer_id == "7590-VHVEG"


def test_a_complete_customer_survives_writing_and_reading(customers: list[Customer]) -> None:
    for customer in customers:
        record = {name: value_of(name, customer) for name in FIELDS}
        assert read(record) == (customer, None, ())
        as_cells = {name: str(value) for name, value in record.items()}
        assert read(as_cells).customer == customer


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)
SENSIBLE = {
    name: st.floats(field.low - 1, field.high + 1) if isinstance(field, Number) else st.sampled_from(field.names)
    for name, field in FIELDS.items()
}


@settings(max_examples=300, deadline=None)
@given(st.fixed_dictionaries({}, optional={name: ANYTHING | held for name, held in SENSIBLE.items()} | {"x": ANYTHING}))
def test_anything_at_all_is_read_or_refused_with_reasons(record: dict[str, Any]) -> None:
    try:
        customer = read(record).customer
    except ValidationError:
        return
    for name, field in CATEGORIES.items():
        held = getattr(customer, name)
        assert held is None or 0 <= held < len(field.names)
