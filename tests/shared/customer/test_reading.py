"""Reading customers, kindly and strictly."""

import math
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.telco import CATEGORIES, FIELDS, REQUIRED, TELCO, Customer, read, read_guarded, value_of

from churn.customer.fields import Number
from churn.customer.reading import echo, may_be_thousands
from churn.errors import ValidationError

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
    ("SeniorCitizen", "1.0", 1),
    ("SeniorCitizen", "0.0", 0),
    ("SeniorCitizen", " 1. ", 1),
    ("SeniorCitizen", "1,0", 1),
    ("SeniorCitizen", "TRUE", 1),
    ("SeniorCitizen", "false", 0),
    ("SeniorCitizen", "Y", 1),
    ("SeniorCitizen", "n", 0),
    ("Partner", 1, "Yes"),
    ("Partner", 0.0, "No"),
    ("Partner", "0", "No"),
    ("Partner", "1.0", "Yes"),
    ("Partner", "True", "Yes"),
    ("Dependents", "N", "No"),
    ("PaperlessBilling", "T", "Yes"),
    ("PhoneService", "f", "No"),
    ("gender", "F", "Female"),
    ("gender", " m ", "Male"),
    ("OnlineBackup", "TRUE", "Yes"),
    ("OnlineBackup", "n", "No"),
    ("tenure", "24\x1f", 24),
    ("tenure", "\x1c24\x1d\x1e", 24),
    ("tenure", "24 months", 24),
    ("tenure", "24,0", 24),
    ("tenure", "-0", 0),
    ("MonthlyCharges", "65,50", 65.5),
    ("MonthlyCharges", "$65.50", 65.5),
    ("MonthlyCharges", "65.50 €", 65.5),
    ("MonthlyCharges", "USD 65.50", 65.5),
    ("MonthlyCharges", "65.500", 65.5),
    ("MonthlyCharges", "1.234", 1.234),
    ("MonthlyCharges", "0,250", 0.25),
    ("TotalCharges", "1,324.80", 1324.8),
    ("TotalCharges", "1.324,80", 1324.8),
    ("TotalCharges", "1'234.50", 1234.5),
    ("TotalCharges", "1’234.50", 1234.5),
    ("TotalCharges", "1 324,80", 1324.8),
    ("TotalCharges", "1\u00a0324,80", 1324.8),
    ("TotalCharges", "1\u202f324", 1324.0),
    ("TotalCharges", "1,572", 1572.0),
    ("TotalCharges", "572.125", 572.125),
    ("TotalCharges", 1.324, 1.324),
    ("PaymentMethod", "bank transfer (AUTOMATIC)", "Bank transfer (automatic)"),
]


@pytest.mark.parametrize(("name", "raw", "wanted"), KIND, ids=echo)
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
    ("MonthlyCharges", "65,500", "wrong_type"),
    ("MonthlyCharges", "65,", "wrong_type"),
    ("MonthlyCharges", "1,2,3", "wrong_type"),
    ("MonthlyCharges", "65%", "wrong_type"),
    ("MonthlyCharges", "65\x00", "wrong_type"),
    ("MonthlyCharges", "+-65", "wrong_type"),
    ("MonthlyCharges", "(65.5", "wrong_type"),
    ("MonthlyCharges", "(55.20)", "out_of_range"),
    ("MonthlyCharges", "-$5", "out_of_range"),
    ("MonthlyCharges", "-1,324", "out_of_range"),
    ("MonthlyCharges", "\u22125", "out_of_range"),
    ("MonthlyCharges", 10**5000, "out_of_range"),
    ("MonthlyCharges", "None", "wrong_type"),
    ("tenure", "$24", "wrong_type"),
    ("tenure", "1,000", "wrong_type"),
    ("tenure", "2 years", "wrong_type"),
    ("TotalCharges", "1.324", "wrong_type"),
    ("TotalCharges", "1,32,480", "wrong_type"),
    ("SeniorCitizen", "1.5", "not_allowed"),
    ("SeniorCitizen", "01", "not_allowed"),
    ("SeniorCitizen", "None", "not_allowed"),
    ("SeniorCitizen", float("nan"), "not_allowed"),
    ("Partner", 2, "not_allowed"),
    ("Partner", False, "wrong_type"),
    ("OnlineBackup", "1", "not_allowed"),
    ("OnlineBackup", 1, "wrong_type"),
    ("InternetService", "None", "not_allowed"),
    ("InternetService", "-", "not_allowed"),
    ("InternetService", "true", "not_allowed"),
    ("gender", "0", "not_allowed"),
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
    ("customerID", 7.0, "wrong_type"),
    ("customerID", True, "wrong_type"),
    ("customerID", 10**64, "out_of_range"),
    ("customerID", 10**5000, "wrong_type"),
    ("customerID", "x" * 65, "out_of_range"),
    ("customerID", "a\x00b", "not_allowed"),
]


@pytest.mark.parametrize(("name", "raw", "code"), STRICT, ids=echo)
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
    ({"Contract": "1 year"}, 'got "1 year". Did you mean "One year"?'),
    ({"Contract": "Month–to–month"}, 'got "Month–to–month". Did you mean "Month-to-month"?'),
    ({"Contract": "2 yrs"}, 'Did you mean "Two year"?'),
    ({"PaymentMethod": "e-check"}, 'Did you mean "Electronic check"?'),
    ({"InternetService": "fibre"}, 'Did you mean "Fiber optic"?'),
    ({"InternetService": "None"}, 'Send "No" if there is none, or leave it blank if that is not known.'),
    ({"SeniorCitizen": "None"}, 'SeniorCitizen is required, and "None" says that it is not known.'),
    ({"TotalCharges": "1.324"}, 'write "1324" or "1.32" for what is meant; got "1.324".'),
    ({"gender": "Männlich"}, 'got "Männlich".'),
    ({"gender": "男性"}, 'got "男性".'),
    ({"gender": "a\u202eb\u200b\x07\u00a0c"}, r'got "a\u202eb\u200b\u0007\u00a0c".'),
    ({"gender": '"\\\n'}, r'got "\"\\\n".'),
    ({"gender": "\ud800"}, r'got "\ud800".'),
    ({"MonthlyCharges": 10**5000}, "got a number of 5,001 digits."),
    ({"gender": [[[["x"]]]]}, "got [[[…]]]."),
    ({"Tenure": 3}, "did you mean tenure?"),
    ({"Tenure in Months": 3}, "did you mean tenure?"),
    ({"Charges.Monthly": 3}, "did you mean MonthlyCharges?"),
    ({"Quarter": 3}, "remove it."),
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


MISLEADING = [
    ("Contract", "Three year"),
    ("Contract", "3 year"),
    ("Contract", "11 years"),
    ("Contract", "no contract"),
    ("Contract", "1/2 year"),
    ("PaymentMethod", "credit card (manual)"),
    ("PaymentMethod", "Bank transfer (manual)"),
    ("PaymentMethod", "Emailed check"),
    ("PaymentMethod", "debit card"),
    ("PaymentMethod", "check"),
    ("InternetService", "Cable"),
    ("InternetService", "No DSL"),
    ("OnlineBackup", "No phone service"),
    ("OnlineBackup", "Not yes"),
    ("Partner", "Non"),
    ("Partner", "Not"),
    ("Partner", "Yet"),
    ("gender", "unmale"),
    ("gender", "smale"),
    ("SeniorCitizen", "2"),
]


@pytest.mark.parametrize(("name", "value"), MISLEADING, ids=echo)
def test_no_hint_is_given_where_the_meaning_is_not_certain(name: str, value: str) -> None:
    with pytest.raises(ValidationError) as caught:
        read(SEVEN | {name: value})
    (fault,) = caught.value.errors
    assert "Did you mean" not in fault.message


MISSING = ["NA", "N/A", "n/a", "#N/A", "NULL", "null", "NaN", r"\N", "<NA>", "None", "-", " nan "]


@pytest.mark.parametrize("word", MISSING)
@pytest.mark.parametrize("name", ["Partner", "PaymentMethod", "OnlineBackup", "TotalCharges"])
def test_a_word_for_a_missing_value_leaves_an_optional_field_out(name: str, word: str) -> None:
    assert read(SEVEN | {name: word}) == read(SEVEN | {name: None})


@pytest.mark.parametrize("word", MISSING)
@pytest.mark.parametrize("name", REQUIRED)
def test_a_word_for_a_missing_value_is_refused_where_one_is_needed(name: str, word: str) -> None:
    assert [field for field, _ in faults(SEVEN | {name: word})] == [name]


THOUSANDS = [
    # TotalCharges, tenure, MonthlyCharges, and what is read; None is asked about
    ("1.324", 24, 55.2, None),
    ("1,324", 24, 55.2, 1324.0),
    ("1,324", 0, 55.2, None),
    ("1,324", 1, 1.33, None),
    ("1.324", 0, 55.2, 1.324),
    ("1.324", 1, 1.33, 1.324),
    ("29.850", 1, 29.85, 29.85),
    ("29.850", 100, 200, 29.85),
    ("1.32", 24, 55.2, 1.32),
    ("0.324", 24, 55.2, 0.324),
]


@pytest.mark.parametrize(("text", "tenure", "monthly", "wanted"), THOUSANDS)
def test_a_total_that_may_be_thousands_is_asked_about_unless_the_bills_tell(
    text: str, tenure: int, monthly: float, wanted: float | None
) -> None:
    record = SEVEN | {"TotalCharges": text, "tenure": tenure, "MonthlyCharges": monthly}
    if wanted is None:
        assert faults(record) == [("TotalCharges", "wrong_type")]
    else:
        assert spelled("TotalCharges", record) == wanted


@pytest.mark.parametrize(
    ("total", "expected", "doubtful"),
    [
        (1.324, 1324.8, True),
        (999.999, 40_000.0, True),
        (1000.0, 40_000.0, False),
        (0.0, 1324.8, False),
        (-1.324, 1324.8, False),
        (4.0, 4.0 * math.sqrt(1000), False),
        (4.0, 4.0 * math.sqrt(1000) + 0.001, True),
        (4.0, 4.0, False),
        (math.nan, 1324.8, False),
    ],
)
def test_totals_far_below_the_bills_may_be_thousands(total: float, expected: float, *, doubtful: bool) -> None:
    columns = [np.array([value, value]) for value in (total, expected)]
    assert may_be_thousands(*columns).tolist() == [doubtful, doubtful]


@pytest.mark.parametrize(
    ("monthly", "wanted"),
    [
        (math.nextafter(4.125 * math.sqrt(1000), math.inf), 4125.0),
        (math.nextafter(4.125 * math.sqrt(1000), 0), None),
    ],
)
def test_of_two_numbers_the_one_is_meant_that_lies_nearer_by_the_ratio(monthly: float, wanted: float | None) -> None:
    record = SEVEN | {"TotalCharges": "4,125", "tenure": 1, "MonthlyCharges": monthly}
    if wanted is None:
        assert faults(record) == [("TotalCharges", "wrong_type")]
    else:
        assert spelled("TotalCharges", record) == wanted


def test_an_id_of_digits_may_be_as_long_as_one_of_letters() -> None:
    assert read(SEVEN | {"customerID": 10**63}).customer_id == "1" + "0" * 63


@pytest.mark.parametrize("nought", ["-0", "-0.0", -0.0, "(0)"])
def test_nought_has_no_sign(nought: Any) -> None:
    assert repr(spelled("TotalCharges", SEVEN | {"TotalCharges": nought})) == "0.0"


def test_an_integer_is_an_id_too() -> None:
    assert read(SEVEN | {"customerID": 4711}).customer_id == "4711"


def test_a_total_that_nobody_stated_is_told_to_be_derived() -> None:
    assert read(SEVEN | {"TotalCharges": None}).derived == ("TotalCharges",)
    assert read(SEVEN).derived == ()


def test_an_object_of_many_names_is_refused_at_once() -> None:
    record = SEVEN | {f"name{number}": 1 for number in range(200_000)}
    started = time.process_time()
    with pytest.raises(ValidationError) as caught:
        read(record)
    assert time.process_time() - started < 0.05
    (fault,) = caught.value.errors
    assert (fault.field, fault.code) == ("customer", "unknown")
    assert "at most 64 names; got 200,007" in fault.message


def test_the_first_fifty_faults_are_listed_and_all_are_counted() -> None:
    with pytest.raises(ValidationError) as caught:
        read({f"name{number}": 1 for number in range(64)})
    assert (len(caught.value.errors), caught.value.count) == (50, 69)
    assert caught.value.message == "69 fields need attention; the first 50 are listed."


def test_whatever_goes_wrong_is_this_customers_fault_alone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(record: dict[str, Any]) -> None:
        raise ZeroDivisionError(f"secret {record}")

    monkeypatch.setattr(TELCO.reader, "glance", fail)
    with pytest.raises(ValidationError) as caught:
        read_guarded(SEVEN | {"customerID": "secret"})
    assert [(fault.field, fault.code) for fault in caught.value.errors] == [("customer", "wrong_type")]
    assert "ZeroDivisionError" in caplog.text
    assert "secret" not in caplog.text


@pytest.mark.parametrize("stranger", [None, [], 5, "x", True, 1.5])
def test_what_is_no_object_is_no_customer(stranger: Any) -> None:
    with pytest.raises(ValidationError, match="1 field needs attention"):
        read_guarded(stranger)


def test_the_seven_field_example_assumes_the_twelve_absent_fields() -> None:
    assumed = read(SEVEN).assumed
    assert len(assumed) == 12
    assert "TotalCharges" not in assumed


def test_churn_is_ignored_and_the_id_is_kept() -> None:
    assert read(SEVEN | {"Churn": object(), "customerID": " 7590-VHVEG "}).customer_id == "7590-VHVEG"


def test_a_complete_customer_survives_writing_and_reading(customers: list[Customer]) -> None:
    for customer in customers:
        record = {name: value_of(name, customer) for name in FIELDS}
        assert read(record) == (customer, None, (), ())
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


@settings(max_examples=300)
@given(st.fixed_dictionaries({}, optional={name: ANYTHING | held for name, held in SENSIBLE.items()} | {"x": ANYTHING}))
def test_anything_at_all_is_read_or_refused_with_reasons(record: dict[str, Any]) -> None:
    try:
        customer = read(record).customer
    except ValidationError:
        return
    for name, field in CATEGORIES.items():
        held = getattr(customer, name)
        assert held is None or 0 <= held < len(field.names)
