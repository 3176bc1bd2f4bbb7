"""/predict and /batch_predict."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from tests.telco import FIELDS

from churn_api.settings import ApiSettings

Record = dict[str, Any]


def test_a_customer_is_answered_as_the_contract_says(client: FlaskClient, whole: Record) -> None:
    answer = client.post("/predict", json=whole)
    body = answer.get_json()
    assert answer.status_code == 200
    assert list(body) == [
        "success",
        "customerID",
        "prediction",
        "churn_probability",
        "no_churn_probability",
        "confidence",
        "risk_band",
        "assumed",
        "probability_range",
        "cached",
        "timestamp",
        "reasons",
        "recommendations",
        "model_info",
    ]
    assert body["success"] is True
    assert body["customerID"] == "7590-VHVEG"
    assert body["prediction"] == ("Yes" if body["churn_probability"] >= 0.5 else "No")
    assert body["churn_probability"] + body["no_churn_probability"] == pytest.approx(1, abs=1e-15)
    assert body["confidence"] == max(body["churn_probability"], body["no_churn_probability"])
    assert body["assumed"] == []
    assert body["probability_range"] is None
    assert body["timestamp"].endswith("+00:00")
    assert body["model_info"]["accuracy"] == 0.807
    assert body["model_info"]["timestamp"] == "2026-11-23T14:03:01+00:00"


def test_the_probability_is_the_pipelines_own(
    client: FlaskClient, whole: Record, probabilities: Callable[[list[Record]], list[float]]
) -> None:
    got = client.post("/predict", json=whole).get_json()["churn_probability"]
    assert got == pytest.approx(probabilities([whole])[0], abs=1e-9)


def test_what_is_absent_is_averaged_and_listed(client: FlaskClient, partial: Record) -> None:
    body = client.post("/predict", json=partial).get_json()
    assert "InternetService" in body["assumed"]
    assert "TotalCharges" not in body["assumed"]
    low, high = body["probability_range"]
    assert low < body["churn_probability"] < high
    assert body["customerID"] is None


@pytest.mark.parametrize(
    "wanted", ["9" * 5000, "0" * 5000, "٣", "²", "-1", "3.0", "20", "%00", "", "ALL"], ids=range(10)
)
@pytest.mark.parametrize("path", ["/predict", "/batch_predict"])
def test_a_number_of_reasons_that_is_none_is_a_fault_of_the_caller(client, whole, path, wanted):
    answer = client.post(f"{path}?reasons={wanted}", json=whole if path == "/predict" else [whole])
    assert answer.status_code == 422
    assert [fault["field"] for fault in answer.json["errors"]] == ["reasons"]


@pytest.mark.parametrize(("wanted", "count"), [("", 5), ("?reasons=3", 3), ("?reasons=all", 19), ("?reasons=0", 0)])
def test_as_many_reasons_as_wanted_largest_first(client: FlaskClient, whole: Record, wanted: str, count: int) -> None:
    reasons = client.post(f"/predict{wanted}", json=whole).get_json()["reasons"]
    assert len(reasons) == count
    sizes = [abs(reason["effect"]) for reason in reasons]
    assert sizes == sorted(sizes, reverse=True)
    assert all((reason["effect"] > 0) == (reason["direction"] == "raises") for reason in reasons)


def test_no_reasons_means_no_recommendations_either(client: FlaskClient, whole: Record) -> None:
    body = client.post("/predict?reasons=none", json=whole).get_json()
    assert body["reasons"] == body["recommendations"] == []
    assert client.post("/predict", json=whole).get_json()["recommendations"] != []


@pytest.mark.parametrize("wanted", ["20", "-1", "five", "", "1.5", "٣"])
def test_another_number_of_reasons_is_refused(client: FlaskClient, whole: Record, wanted: str) -> None:
    answer = client.post("/predict", json=whole, query_string={"reasons": wanted})
    assert answer.status_code == 422
    assert answer.get_json()["errors"][0]["field"] == "reasons"


def test_a_repeated_customer_is_told_to_be_cached(client: FlaskClient, whole: Record) -> None:
    asked = whole | {"tenure": 33, "TotalCharges": 900}
    first, second = (client.post("/predict", json=asked | {"customerID": name}).get_json() for name in "ab")
    assert (first["cached"], second["cached"]) == (False, True)
    assert (first["customerID"], second["customerID"]) == ("a", "b")
    assert second["churn_probability"] == first["churn_probability"]
    assert second["reasons"] == first["reasons"]


def test_all_faults_are_named_at_once(client: FlaskClient, partial: Record) -> None:
    answer = client.post("/predict", json=partial | {"tenure": 500, "Contract": "Weekly", "tenur": 1})
    body = answer.get_json()
    assert answer.status_code == 422
    assert body["error_type"] == "ValidationError"
    assert {(fault["field"], fault["code"]) for fault in body["errors"]} == {
        ("tenure", "out_of_range"),
        ("Contract", "not_allowed"),
        ("tenur", "unknown"),
    }
    assert body["request_id"] == answer.headers["X-Request-ID"]


@pytest.mark.parametrize("literal", ["NaN", "Infinity", "-Infinity", "1e400"])
def test_what_is_not_finite_is_a_field_error(client: FlaskClient, partial: Record, literal: str) -> None:
    body = json.dumps(partial).replace("65.5", literal)
    answer = client.post("/predict", data=body, content_type="application/json")
    assert answer.status_code == 422
    assert [fault["field"] for fault in answer.get_json()["errors"]] == ["MonthlyCharges"]


@pytest.mark.parametrize("body", ["[1]", '"text"', "null", "17", "true"])
def test_json_that_is_no_object_is_no_customer(client: FlaskClient, body: str) -> None:
    answer = client.post("/predict", data=body, content_type="application/json")
    assert answer.status_code == 400
    assert "JSON object" in answer.get_json()["error"]


def test_rows_of_a_batch_are_judged_alone(client: FlaskClient, whole: Record, partial: Record) -> None:
    rows = [whole, partial | {"tenure": 500}, partial, 17, None]
    body = client.post("/batch_predict", json={"customers": rows}).get_json()
    assert (body["success"], body["count"], body["failed"]) == (True, 5, 3)
    assert [row["index"] for row in body["predictions"]] == [0, 1, 2, 3, 4]
    assert [row["success"] for row in body["predictions"]] == [True, False, True, False, False]
    assert body["predictions"][1]["errors"][0]["code"] == "out_of_range"
    assert body["model_info"]["model_name"] == "Logistic Regression"


@pytest.mark.parametrize("wanted", ["none", "5"])
def test_one_and_many_give_the_same_probability(
    client: FlaskClient, whole: Record, partial: Record, wanted: str
) -> None:
    asked = [whole | {"tenure": months, "TotalCharges": months * 30} for months in range(40)] + [partial]
    rows = client.post(f"/batch_predict?reasons={wanted}", json=asked).get_json()["predictions"]
    for record, row in zip(asked, rows, strict=True):
        alone = client.post(f"/predict?reasons={wanted}", json=record).get_json()
        assert row["churn_probability"] == pytest.approx(alone["churn_probability"], abs=1e-12)
        assert row["assumed"] == alone["assumed"]
        assert row.get("reasons", []) == alone["reasons"]


def test_a_batch_has_reasons_only_where_they_are_asked_for(client: FlaskClient, whole: Record) -> None:
    plain = client.post("/batch_predict", json=[whole]).get_json()["predictions"][0]
    reasoned = client.post("/batch_predict?reasons=all", json=[whole]).get_json()["predictions"][0]
    assert "reasons" not in plain
    assert "recommendations" not in plain
    assert len(reasoned["reasons"]) == len(FIELDS)


@pytest.mark.parametrize("body", [[], {"customers": []}])
def test_an_empty_batch_is_answered(client: FlaskClient, body: Any) -> None:
    answer = client.post("/batch_predict", json=body)
    assert answer.status_code == 200
    assert (answer.get_json()["count"], answer.get_json()["predictions"]) == (0, [])


@pytest.mark.parametrize(
    ("body", "code"), [({"rows": []}, "missing"), ({"customers": {}}, "wrong_type"), ({"customers": "x"}, "wrong_type")]
)
def test_a_batch_without_a_list_is_refused(client: FlaskClient, body: Any, code: str) -> None:
    answer = client.post("/batch_predict", json=body)
    assert answer.status_code == 422
    assert answer.get_json()["errors"][0] == {
        "field": "customers",
        "code": code,
        "message": answer.get_json()["errors"][0]["message"],
    }


def test_too_many_customers_are_sent_to_jobs(client: FlaskClient, whole: Record) -> None:
    answer = client.post("/batch_predict", json=[whole] * 1001)
    assert answer.status_code == 413
    assert "/jobs" in answer.get_json()["error"]


def test_the_most_customers_is_a_setting(whole: Record, settings: ApiSettings, make_app: Callable[..., Flask]) -> None:
    client = make_app(settings.model_copy(update={"max_batch_rows": 2})).test_client()
    assert client.post("/batch_predict", json=[whole] * 2).status_code == 200
    assert client.post("/batch_predict", json=[whole] * 3).status_code == 413
