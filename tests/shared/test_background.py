"""Standing in for what is not known."""

import numpy as np
import pytest

from churn.background import Background
from churn.customer import CATEGORIES, FIELDS, Customer, value_of
from churn.reading import read

KNOWN = {"gender": "Male", "SeniorCitizen": 0, "tenure": 5, "Contract": "One year", "MonthlyCharges": 50}


def completed(background: Background, **changes: object) -> list[Customer]:
    table = background.completions(read(KNOWN | changes).customer)
    return [Customer(*row) for row in np.array(table).T]


@pytest.fixture(scope="module")
def background(customers: list[Customer]) -> Background:
    return Background(customers[:200])


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


@pytest.mark.parametrize("known", PARTS, ids=str)
def test_every_completion_is_a_customer_without_contradiction(background: Background, known: dict[str, str]) -> None:
    rows = completed(background, **known)
    assert len(rows) > 20
    for row in rows:
        codes = {name: int(getattr(row, name)) for name in CATEGORIES}
        record = {name: value_of(name, row._replace(**codes)) for name in FIELDS}
        assert read(record).customer == row


def test_what_is_known_stays(background: Background) -> None:
    for row in completed(background, TechSupport="Yes"):
        assert (row.tenure, row.Contract, row.TechSupport, row.MonthlyCharges) == (5, 1, 2, 50)
        assert row.InternetService != 2


def test_what_is_unknown_follows_the_sample(background: Background) -> None:
    partners = [row.Partner for row in completed(background)]
    assert np.mean(partners) == background.table.Partner.mean()


def test_a_sample_that_cannot_complete_everyone_is_refused(customers: list[Customer]) -> None:
    offline = [customer for customer in customers if customer.InternetService == 2]
    with pytest.raises(ValueError, match="InternetService"):
        Background(offline)
