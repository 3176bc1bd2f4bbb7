"""Standing in for what is not known."""

import numpy as np
import pytest
from tests.telco import CATEGORIES, FIELDS, IMPLIED, TELCO, Customer, read, value_of

from churn.model.background import NEAREST, Background

KNOWN = {"gender": "Male", "SeniorCitizen": 0, "tenure": 5, "Contract": "One year", "MonthlyCharges": 50}


def completed(background: Background, **changes: object) -> list[Customer]:
    table = background.completions(read(KNOWN | changes).customer)
    return [Customer(*row) for row in np.array(table).T]


@pytest.fixture(scope="module")
def background(customers: list[Customer]) -> Background:
    return Background(TELCO, customers[:200])


PARTS = [
    {},
    {"InternetService": "DSL"},
    {"InternetService": "No"},
    {"TechSupport": "Yes"},
    {"TechSupport": "No"},
    {"OnlineBackup": "No internet service"},
    {"PhoneService": "Yes"},
    {"MultipleLines": "No"},
    {"MultipleLines": "Yes", "StreamingTV": "No"},
]


def assert_whole(rows: list[Customer], known: dict[str, str]) -> None:
    """There are some, none of whom contradicts himself, and what is known of them stays."""
    assert len(rows) > 20
    stays = {name: value for name, value in read(KNOWN | known).customer._asdict().items() if value is not None}
    for row in rows:
        codes = {name: int(getattr(row, name)) for name in CATEGORIES}
        record = {name: value_of(name, row._replace(**codes)) for name in FIELDS}
        assert read(record).customer == row
        # No phone or internet implies what an answer of No to a part of it means.
        assert {name: getattr(row, name) for name in stays if name not in IMPLIED} == {
            name: value for name, value in stays.items() if name not in IMPLIED
        }


@pytest.mark.parametrize("known", PARTS, ids=str)
def test_every_completion_is_a_customer_without_contradiction(background: Background, known: dict[str, str]) -> None:
    assert_whole(completed(background, **known), known)


def test_what_is_known_stays(background: Background) -> None:
    for row in completed(background, TechSupport="Yes"):
        assert (row.tenure, row.Contract, row.TechSupport, row.MonthlyCharges) == (5, 1, 2, 50)
        assert row.InternetService != 2


def test_completions_are_those_nearest_in_tenure_contract_and_bill(background: Background) -> None:
    known = read(KNOWN).customer
    sample = background.table
    apart = (
        np.abs(sample.MonthlyCharges - 50) / (np.std(sample.MonthlyCharges) / 6)
        + np.abs(np.log(sample.tenure + 1) - np.log(6))
        + (sample.Contract != known.Contract)
    )
    nearest = np.argsort(apart)[:NEAREST]
    got = background.completions(known)
    assert sorted(got.PaymentMethod) == sorted(sample.PaymentMethod[nearest])
    assert sorted(got.Partner) == sorted(sample.Partner[nearest])


def test_all_who_are_equally_near_complete_a_customer(customers: list[Customer]) -> None:
    twins = [customers[0]._replace(PaymentMethod=number % 4) for number in range(8)]
    others = [customers[0]._replace(MonthlyCharges=199.0, tenure=100)] * 4
    table = Background(TELCO, [*twins, *others], nearest=3).completions(customers[0]._replace(PaymentMethod=None))
    assert table.PaymentMethod.tolist() == [0, 1, 2, 3, 0, 1, 2, 3]


def test_a_sample_without_nearness_completes_with_all_that_contradict_nothing(customers: list[Customer]) -> None:
    background = Background(TELCO, customers[:200], nearest=None)
    assert completed(background, TechSupport="Yes") == [
        row._replace(
            **{name: value for name, value in read(KNOWN).customer._asdict().items() if value is not None},
            TechSupport=2,
        )
        for row in customers[:200]
        if row.InternetService != 2
    ]


LACKING = [("InternetService", "No"), ("InternetService", "DSL"), ("PhoneService", "No"), ("PhoneService", "Yes")]


@pytest.mark.parametrize("known", PARTS, ids=str)
@pytest.mark.parametrize(("field", "value"), LACKING)
def test_a_sample_of_one_kind_of_customer_completes_every_other_kind(
    customers: list[Customer], known: dict[str, str], field: str, value: str
) -> None:
    code = CATEGORIES[field].code(value)
    background = Background(TELCO, [customer for customer in customers if getattr(customer, field) == code])
    assert_whole(completed(background, **known), known)


def test_a_sample_of_nobody_is_refused() -> None:
    with pytest.raises(ValueError, match="nobody"):
        Background(TELCO, [])


@pytest.mark.parametrize("rows", [slice(None), np.arange(200)], ids=["all of them", "by number"])
def test_completing_somebody_leaves_the_sample_as_it_is(background: Background, rows: object) -> None:
    before = np.array(background.table)
    for known in PARTS:
        background.filled(read(KNOWN | known).customer, rows)
        assert np.array_equal(background.table, before)
