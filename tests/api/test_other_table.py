"""The API over a release of customers who share no field with the shipped ones, and through swaps of such releases."""

import random
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest
import requests
from flask import Flask
from tests.bank import BANK, bank_predictor, client, clients
from tests.made_up import published
from tests.telco import FIELDS

from churn import release
from churn.store.interface import ObjectStore
from churn_api.settings import ApiSettings

PERSON = client(random.Random(5)) | {"Client No": 7}


@pytest.fixture
def bank(make_app: Any, settings: ApiSettings, store: ObjectStore) -> Flask:
    """The API over a release of the shipped customers and a later one, in service, of the bank's."""
    app: Flask = make_app(settings)
    published(store, clients(), bank_predictor())
    app.extensions["churn"].refresh()
    return app


def swap(app: Flask, store: ObjectStore) -> None:
    """Put the other one of the two releases into service."""
    serving = app.extensions["churn"].releases.version
    [other] = [version for version in release.versions(store) if version != serving]
    release.promote(store, other, release.current(store))
    app.extensions["churn"].refresh()


def test_a_customer_is_answered_by_the_fields_that_the_release_declares(bank: Flask) -> None:
    answer = bank.test_client().post("/predict?reasons=all", json=PERSON).get_json()
    expected = bank_predictor().predict(BANK.reader.read(PERSON), len(BANK.fields))
    assert (answer["customerID"], answer["assumed"]) == ("7", [])
    assert answer["churn_probability"] == expected.churn_probability
    assert [(reason["field"], reason["text"]) for reason in answer["reasons"]] == [
        (reason.field, reason.text) for reason in expected.reasons
    ]
    partial = bank.test_client().post("/predict", json={"Balance": 5}).get_json()
    assert partial["assumed"] == [name for name in BANK.fields if name != "Balance"]
    assert partial["probability_range"]


@pytest.mark.parametrize("query", ["", "?reasons=2"])
def test_customers_of_a_batch_are_judged_alone_by_these_fields(bank: Flask, query: str) -> None:
    shipped = {"gender": "Female"}
    people = [PERSON, PERSON | {"Balance": 1e9}, PERSON | shipped, {"Balance": 5}]
    answer = bank.test_client().post(f"/batch_predict{query}", json=people).get_json()
    assert [row["success"] for row in answer["predictions"]] == [True, False, False, True]
    faults = [(row["errors"][0]["field"], row["errors"][0]["code"]) for row in answer["predictions"][1:3]]
    assert faults == [("Balance", "out_of_range"), ("gender", "unknown")]
    first = bank_predictor().predict(BANK.reader.read(PERSON), None).churn_probability
    assert answer["predictions"][0]["churn_probability"] == pytest.approx(first, abs=1e-12)


def test_what_is_described_counted_and_answered_follows_the_release_in_service(
    bank: Flask, store: ObjectStore, whole: dict[str, Any]
) -> None:
    http = bank.test_client()
    for turn in range(4):
        in_service, person, fields = (PERSON, "Balance", BANK.fields) if turn % 2 == 0 else (whole, "tenure", FIELDS)
        other = whole if turn % 2 == 0 else PERSON
        assert http.post("/predict", json=in_service).status_code == 200
        refused = http.post("/predict", json=other)
        assert (refused.status_code, refused.get_json()["error_type"]) == (422, "ValidationError")
        assert http.post("/predict", json=in_service | {person: "x"}).status_code == 422
        properties = http.get("/openapi.json").get_json()["components"]["schemas"]["Customer"]["properties"]
        assert [name for name in properties if name in fields] == list(fields)
        assert [field["name"] for field in http.get("/schema").get_json()["fields"]] == list(fields)
        assert http.get("/model_info").get_json()["kind"] == "scorecard"
        swap(bank, store)
    counted = bank.extensions["churn"].metrics.text("text/plain")[0].decode()
    faults = {line.split('field="')[1].split('"')[0] for line in counted.splitlines() if 'field="' in line}
    assert faults <= {*BANK.fields, *FIELDS, "customerID", "Client No", "other"}
    assert {"Balance", "tenure", "other"} <= faults


def test_a_file_is_checked_by_the_columns_of_the_release_in_service(bank: Flask) -> None:
    data = b"balance,CARD_KIND,surname,Exited\n5,Blue,Smith,0\n"
    told = bank.test_client().post("/jobs/check", data=data, content_type="application/octet-stream").get_json()
    assert (told["ok"], told["columns"], told["ignored_columns"]) == (
        True,
        ["Balance", "Card Kind", "Exited"],
        ["surname"],
    )
    submitted = bank.test_client().post("/jobs", data=data, content_type="text/csv")
    assert submitted.status_code == 202
    assert submitted.get_json()["ignored_columns"] == ["surname"]
    missing = bank.test_client().post("/jobs", data=b"Card Kind\nBlue\n", content_type="text/csv")
    assert missing.status_code == 422
    assert [(fault["field"], fault["code"]) for fault in missing.get_json()["errors"]] == [("Balance", "missing")]


def test_swaps_to_other_customers_under_load_fail_no_request(
    serve: Any, store: ObjectStore, publish: Any, whole: dict[str, Any], eventually: Any
) -> None:
    shipped = publish(store)
    server = serve(CHURN_API_WORKERS="2")
    server.wait("/health/ready", 200)
    calls = {
        "/predict?reasons=all": whole,
        "/predict": PERSON,
        "/batch_predict?reasons=5": [whole, PERSON],
        "/batch_predict": [PERSON] * 3,
        "/openapi.json": None,
        "/schema": None,
    }
    over, seen, statuses = Event(), list[tuple[str, int, str]](), set[tuple[str, int]]()

    def load(path: str, body: Any) -> None:
        with requests.Session() as session:
            while not over.is_set():
                method = "GET" if body is None else "POST"
                answer = session.request(method, f"{server.url}{path}", json=body, timeout=20)
                version = answer.json().get("model_info", {}).get("version", "") if answer.status_code == 200 else ""
                seen.append((path, answer.status_code, version))
                statuses.add((path, answer.status_code))
                time.sleep(0.005)

    def serves(version: str) -> bool:
        before = len(seen)
        time.sleep(0.5)
        return {told for _, _, told in seen[before:] if told} == {version}

    with ThreadPoolExecutor(len(calls)) as pool:
        loads = [pool.submit(load, *call) for call in calls.items()]
        try:
            other = published(store, clients(), bank_predictor())
            for version in (other, shipped, other, shipped):
                if release.current(store).version != version:  # type: ignore[union-attr]
                    release.promote(store, version, release.current(store))
                eventually(lambda version=version: serves(version))
        finally:
            over.set()
        for each in loads:
            each.result()
    assert {status for _, status in statuses} == {200, 422}
    assert {path for path, status in statuses if status == 422} == {"/predict?reasons=all", "/predict"}
