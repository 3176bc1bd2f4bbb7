"""Customers without a data file, and a small scorecard and predictor made of them."""

import random

import pytest

from churn.background import Background
from churn.customer import CATEGORIES, FIELDS, IMPLIED, Customer, value_of
from churn.features import COLUMNS, matrix
from churn.fields import Number
from churn.predict import Predictor
from churn.reading import SETTLED, read
from churn.scorecard import Scorecard
from churn.scoring import table_of


def random_customer(chance: random.Random) -> Customer:
    """Any complete customer that the rules allow."""
    values = {}
    for name, field in FIELDS.items():
        if isinstance(field, Number):
            values[name] = (
                chance.randint(field.low, field.high) if field.whole else chance.uniform(field.low, field.high)
            )
        else:
            values[name] = chance.randrange(len(field.names))
    for name, rule in IMPLIED.items():
        allowed = [
            code for (parent, held), code in SETTLED[name].items() if parent == values[rule.field] and held is not None
        ]
        values[name] = chance.choice(allowed)
    return Customer(**values)


@pytest.fixture(scope="session")
def customers() -> list[Customer]:
    """Five hundred complete customers, the edges of every range among them."""
    chance = random.Random(7)
    edge = random_customer(chance)
    edges = [edge._replace(tenure=months) for months in (0, 1, 12, 13, 24, 25, 48, 49, 72, 73, 100)]
    return [*edges, *(random_customer(chance) for _ in range(489))]


@pytest.fixture(scope="session")
def scorecard(customers: list[Customer]) -> Scorecard:
    """Random weights of a size that gives probabilities all over (0, 1), averages over the customers."""
    chance = random.Random(8)
    averages = matrix(table_of(customers)).mean(axis=0)
    weights = {name: chance.gauss(0, 1) / (abs(average) + 1) for name, average in zip(COLUMNS, averages, strict=True)}
    return Scorecard(-0.5, weights, dict(zip(COLUMNS, averages.tolist(), strict=True)))


@pytest.fixture(scope="session")
def predictor(scorecard: Scorecard, customers: list[Customer]) -> Predictor:
    return Predictor(scorecard, Background(customers[:200]), 0.5)


@pytest.fixture(scope="session")
def record(customers: list[Customer]) -> dict[str, object]:
    """One complete customer as the data set spells it: fiber, month to month, electronic check."""
    chosen = {"InternetService": "Fiber optic", "Contract": "Month-to-month", "PaymentMethod": "Electronic check"}
    for customer in customers:
        as_record = {name: value_of(name, customer) for name in FIELDS}
        changed = as_record | chosen | {name: "No" for name in CATEGORIES if name in IMPLIED} | {"PhoneService": "Yes"}
        if read(changed).customer.tenure > 3:
            return changed
    raise AssertionError("no such customer")
