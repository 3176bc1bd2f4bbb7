"""Customers without a data file, a small scorecard and predictor made of them, and every kind of object store."""

import os
import random
from collections.abc import Iterator
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from tests.telco import CATEGORIES, COLUMNS, FIELDS, IMPLIED, SETTLED, TELCO, Customer, matrix, read, table_of, value_of

from churn.customer.fields import Number
from churn.model.background import Background
from churn.model.predictor import Predictor
from churn.model.scorecard import Scorecard
from churn.store.interface import ObjectStore
from churn.store.opening import open_store

# http://access-key:secret@host:port; read when the tests are collected, because fixtures clean the environment.
REAL_S3 = os.environ.get("CHURN_TEST_S3_URL")


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
    return Scorecard(TELCO, -0.5, weights, dict(zip(COLUMNS, averages.tolist(), strict=True)))


@pytest.fixture(scope="session")
def predictor(scorecard: Scorecard, customers: list[Customer]) -> Predictor:
    return Predictor(scorecard, Background(TELCO, customers[:200]), 0.5)


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


def real_s3_environment() -> dict[str, str]:
    """The variables that lead to the S3 server that CHURN_TEST_S3_URL names."""
    if REAL_S3 is None:
        pytest.skip("CHURN_TEST_S3_URL names no S3 server (make test-stack runs these against MinIO)")
    address = urlsplit(REAL_S3)
    return {
        "AWS_ENDPOINT_URL_S3": f"{address.scheme}://{address.hostname}:{address.port}",
        "AWS_ACCESS_KEY_ID": address.username or "",
        "AWS_SECRET_ACCESS_KEY": address.password or "",
    }


@pytest.fixture(scope="module", params=["directory", "moto", "server"])
def store_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a store of each kind: a folder, Moto's S3, and a real S3 server where one is named."""
    if request.param == "directory":
        yield f"file://{tmp_path_factory.mktemp('directory')}/store"
        return
    is_moto = request.param == "moto"
    environment = request.getfixturevalue("s3_server").environment if is_moto else real_s3_environment()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        yield f"s3://test-{uuid4().hex}"


@pytest.fixture(scope="module")
def opened_store(store_url: str) -> ObjectStore:
    """One store for a module's tests: making an S3 client takes longer than most of them."""
    store = open_store(store_url)
    store.ensure_bucket()
    return store


@pytest.fixture
def store(opened_store: ObjectStore) -> Iterator[ObjectStore]:
    """An empty store of each kind."""
    yield opened_store
    opened_store.delete([entry.key for entry in opened_store.list("")])
