"""Blanks that are values, and values that nobody declared, in requests, in both caches and in files."""

import io
import random
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from flask import Flask
from tests.made_up import made_up_terms, published
from tests.provider import COMPLETE, TEXT

from churn.customer.declaration import Customer
from churn.model.predictor import Predictor
from churn.schema import load_schema
from churn.store.interface import ObjectStore
from churn_api.app import create_app
from churn_api.settings import ApiSettings

# The number that may be blank may be unknown as well.
PROVIDER = load_schema(TEXT.replace('required = true\nblank = "value"', 'blank = "value"'), "customer.toml")
BLANK: dict[str, Any] = COMPLETE | {"Remaining Contract": None, "Plan": "", "Region": "Atlantis"}
UNKNOWN = {name: value for name, value in BLANK.items() if name != "Remaining Contract"}


def people() -> list[Customer]:
    chance = random.Random(1)
    records = (
        COMPLETE
        | {
            "tenure": chance.randint(1, 100),
            "Remaining Contract": chance.choice([None, chance.randint(0, 300) / 100]),
            "Region": chance.choice(["North", "South", "Nowhere"]),
            "Plan": chance.choice(["Flat", "", "Metered"]),
        }
        for _ in range(60)
    )
    return [PROVIDER.reader.read(record).customer for record in records]


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return made_up_terms(PROVIDER, people())


@pytest.fixture
def make(store: ObjectStore, predictor: Predictor, eventually: Callable[..., Any]) -> Callable[[ApiSettings], Flask]:
    """Makes the API over a release of the provider's customers, its cache in service if it has one."""
    published(store, people(), predictor)

    def make(settings: ApiSettings) -> Flask:
        app = create_app(settings)
        service = app.extensions["churn"]

        def ready() -> bool:
            service.refresh()
            return service.cache.shared is None or service.cache.shared.up

        eventually(ready)
        return app

    return make


def told(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name not in ("cached", "timestamp", "index")}


def test_a_blank_is_null_in_the_reasons_and_is_not_averaged(
    make: Any, settings: ApiSettings, predictor: Predictor
) -> None:
    http = make(settings).test_client()
    answer = http.post("/predict?reasons=all", json=BLANK)
    assert b"NaN" not in answer.data
    reasons = {reason["field"]: (reason["value"], reason["text"]) for reason in answer.get_json()["reasons"]}
    assert reasons["Remaining Contract"] == (None, "Remaining Contract: blank")
    assert reasons["Plan"] == ("", "Tariff: blank")
    assert reasons["Region"] == ("Other", "Region: other")
    assert (answer.get_json()["assumed"], answer.get_json()["probability_range"]) == ([], None)
    expected = predictor.predict(PROVIDER.reader.read(BLANK), None).churn_probability
    assert answer.get_json()["churn_probability"] == expected


@pytest.mark.parametrize("query", ["", "?reasons=all"])
def test_customers_of_a_batch_are_answered_as_alone(make: Any, settings: ApiSettings, query: str) -> None:
    http = make(settings).test_client()
    sent = [COMPLETE, BLANK, BLANK | {"Remaining Contract": "n.v."}, BLANK | {"Area": "Unknown"}]
    rows = http.post(f"/batch_predict{query}", json=sent).get_json()["predictions"]
    assert [row["success"] for row in rows] == [True] * 4
    assert told(rows[1]) == told(rows[2])
    for record, row in zip(sent, rows, strict=True):
        alone = http.post(f"/predict{query or '?reasons=none'}", json=record).get_json()
        assert row["churn_probability"] == pytest.approx(alone["churn_probability"], abs=1e-12)
        if query:
            assert [reason["text"] for reason in row["reasons"]] == [reason["text"] for reason in alone["reasons"]]


def test_what_is_blank_is_remembered_apart_from_what_is_unknown(
    make: Any, settings: ApiSettings, empty_redis: str
) -> None:
    cached = settings.model_copy(update={"cache": "always", "cache_url": empty_redis})
    first, other = make(cached).test_client(), make(cached).test_client()
    computed = [first.post("/predict?reasons=all", json=record).get_json() for record in (BLANK, UNKNOWN, COMPLETE)]
    assert [answer["cached"] for answer in computed] == [False] * 3
    assert [answer["assumed"] for answer in computed] == [[], ["Remaining Contract"], []]
    for http in (first, other):  # by this process, and by the one that shares its Redis
        again = [http.post("/predict?reasons=all", json=record).get_json() for record in (BLANK, UNKNOWN, COMPLETE)]
        assert [answer["cached"] for answer in again] == [True] * 3
        assert list(map(told, again)) == list(map(told, computed))


def test_a_file_is_read_under_other_names_and_without_what_is_left_out(make: Any, settings: ApiSettings) -> None:
    http = make(settings).test_client()
    head = "Tenure_in_months,REAMINING CONTRACT,internet,area,churn reason,Churn Raeson,Customer Status"
    data = f"{head}\n5,,Yes,3,moved,x,Churned\n".encode()
    job = http.post("/jobs", data=data, content_type="text/csv").get_json()
    assert job["ignored_columns"] == ["churn reason", "Churn Raeson"]
    assert "Tenure_in_months as tenure" in " ".join(job["notes"])
    assert not [note for note in job["notes"] if "is it" in note]
    refused = http.post("/jobs", data=b"tenure,internet\n5,Yes\n", content_type="text/csv")
    assert refused.status_code == 422
    assert [fault["field"] for fault in refused.get_json()["errors"]] == ["Area"]


def test_what_is_null_in_a_parquet_file_is_blank(make: Any, settings: ApiSettings) -> None:
    http = make(settings).test_client()
    file = io.BytesIO()
    pl.DataFrame([COMPLETE, BLANK | {"Plan": None, "Download Limit": None}], infer_schema_length=None).write_parquet(
        file
    )
    told = http.post("/jobs/check", data=file.getvalue(), content_type="application/octet-stream").get_json()
    assert (told["ok"], told["rows"], told["absent_columns"]) == (True, 2, [])
    assert told["sample"][1]["Remaining Contract"] == ""


def test_decimal_commas_are_read_beside_blanks(make: Any, settings: ApiSettings) -> None:
    http = make(settings).test_client()
    data = b"tenure;Remaining Contract;Internet;Area\n5;1,25;Yes;3\n6;;Yes;45,0\n7;0,5;No;Elsewhere\n"
    looked = http.post("/jobs/check", data=data, content_type="application/octet-stream").get_json()
    assert "Decimal commas were read as decimal points." in looked["notes"]
    assert [row["Remaining Contract"] for row in looked["sample"]] == ["1.25", "", "0.5"]
    assert (looked["ok"], looked["rows"]) == (True, 3)
