"""What is read at a glance is what the patient reading makes of it, and nothing else."""

import math
import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.telco import CATEGORIES, FIELDS, ID, LABEL, TELCO, Customer, glance, glance_all, read, table_of, value_of

from churn.errors import ValidationError


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The reading without its glance."""
    monkeypatch.setattr(TELCO.reader, "glance", lambda _: None)
    return TELCO.reader.read


def records(customers: list[Customer]) -> list[dict[str, Any]]:
    return [{name: value_of(name, customer) for name in FIELDS} for customer in customers]


def test_every_plain_customer_is_read_at_a_glance_as_patiently(customers: list[Customer], patient: Any) -> None:
    for record in records(customers):
        named = record | {ID: "7590-VHVEG", LABEL: "No"}
        assert glance(named) == patient(named).customer
        assert [type(held) for held in glance(named) or ()] == [type(held) for held in patient(named).customer]


SPOILED = [
    None,
    "",
    " ",
    True,
    False,
    0,
    1,
    2,
    -1,
    1.0,
    0.5,
    float("nan"),
    1e400,
    "1",
    "Yes",
    "yes",
    "No",
    [],
    {},
    "x" * 99,
]


@pytest.mark.parametrize("name", [*FIELDS, ID, LABEL, "unknown"])
@pytest.mark.parametrize("value", SPOILED, ids=repr)
def test_what_is_not_plain_is_left_to_the_patient_reading(
    customers: list[Customer], patient: Any, name: str, value: Any
) -> None:
    for record in records(customers[:5]):
        spoiled = record | {name: value}
        seen = glance(spoiled)
        if seen is not None:
            assert patient(spoiled) == (seen, spoiled.get(ID), (), ())


@pytest.mark.parametrize("name", ["MonthlyCharges", "TotalCharges"])
def test_nought_has_no_sign(customers: list[Customer], name: str) -> None:
    seen = glance(records(customers[:1])[0] | {name: -0.0})
    assert seen is not None
    assert math.copysign(1, getattr(seen, name)) == 1


def test_an_absent_field_is_left_to_the_patient_reading(customers: list[Customer]) -> None:
    for name in FIELDS:
        record = records(customers[:1])[0]
        del record[name]
        assert glance(record) is None


@given(seed=st.integers(0, 10_000), identifier=st.none() | st.text(max_size=70))
@settings(max_examples=200)
def test_any_mixture_of_values_is_judged_alike(seed: int, identifier: str | None) -> None:
    chance = random.Random(seed)
    record: dict[str, Any] = {name: chance.choice(field.names) for name, field in CATEGORIES.items()}
    record |= {"SeniorCitizen": chance.choice([0, 1, "1", True]), "tenure": chance.choice([0, 5, 101, 5.0])}
    record |= {
        "MonthlyCharges": chance.uniform(-5, 210),
        "TotalCharges": chance.choice([0, 19.5, 20_001]),
        ID: identifier,
    }
    seen = glance(record)
    before, TELCO.reader.glance = TELCO.reader.glance, lambda _: None
    try:
        patiently = read(record)
    except ValidationError:
        assert seen is None
    else:
        assert seen is None or patiently == (seen, identifier, (), ())
    finally:
        TELCO.reader.glance = before


def test_a_table_of_plain_customers_is_read_as_each_of_them(customers: list[Customer]) -> None:
    table = glance_all(records(customers))
    assert table is not None
    np.testing.assert_array_equal(np.array(table), np.array(table_of(customers)))


@pytest.mark.parametrize("name", [*FIELDS, ID, LABEL, "unknown"])
@pytest.mark.parametrize("value", SPOILED, ids=repr)
def test_one_customer_who_is_not_plain_leaves_the_table_to_others(
    customers: list[Customer], name: str, value: Any
) -> None:
    every = records(customers[:5])
    every[3] |= {name: value}
    assert (glance_all(every) is None) == (glance(every[3]) is None)


@pytest.mark.parametrize("stranger", [None, [], 5, "x", {}])
def test_what_is_no_customer_leaves_the_table_to_others(customers: list[Customer], stranger: Any) -> None:
    assert glance_all([*records(customers[:2]), stranger]) is None


def test_no_customers_are_no_table() -> None:
    assert glance_all([]) is None


def test_nought_has_no_sign_at_a_glance(customers: list[Customer]) -> None:
    record = records(customers[:1])[0] | {"MonthlyCharges": -0.0, "TotalCharges": -0.0}
    seen, table = glance(record), glance_all([record])
    assert seen is not None
    assert table is not None
    assert not any(np.signbit([seen.MonthlyCharges, seen.TotalCharges, *table.MonthlyCharges, *table.TotalCharges]))
