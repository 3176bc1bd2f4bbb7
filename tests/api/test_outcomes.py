"""/outcomes over HTTP: JSON and CSV say the same, and nothing is taken where nothing is kept."""

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from churn.store.interface import ObjectStore
from churn.tracking.outcome_schema import FIELDS, OutcomeNames
from churn_api.app import create_app
from churn_api.jobs.csv.outcome_list import to_csv
from churn_api.settings import ApiSettings

ROWS = [
    {"customerID": "A", "left_at": "2026-11-03"},
    {"customer id": 7, "stayed_until": "2026-11-03", "campaign": "spring", "accepted": True, "cost": 25},
]


@pytest.fixture
def client(settings: ApiSettings) -> FlaskClient:
    """An API over an empty store: nothing has been released yet."""
    return create_app(settings).test_client()


def held(store: ObjectStore, answer: Any) -> str:
    """What is kept of what was sent."""
    return store.get(f"jobs/{answer.json['id']}/input.csv").data.decode()


def test_rows_of_json_are_accepted_before_there_is_a_release(client: FlaskClient, store: ObjectStore) -> None:
    answer = client.post("/outcomes", json={"outcomes": ROWS})
    assert answer.status_code == 202
    assert answer.json["object"] == "outcomes"
    assert answer.json["id"].startswith("out_")
    assert answer.json["request_counts"] == {"total": 2, "completed": 0, "failed": 0}
    assert answer.json["notes"] == answer.json["ignored_columns"] == []
    assert answer.headers["Location"] == answer.json["links"]["self"] == f"/outcomes/{answer.json['id']}"
    assert set(answer.json["links"]) == {"self", "errors", "cancel"}
    assert list(csv.DictReader(io.StringIO(held(store, answer)))) == [
        {"customerID": "A", **dict.fromkeys(FIELDS, ""), "left_at": "2026-11-03"},
        {
            "customerID": "7",
            "left_at": "",
            "stayed_until": "2026-11-03",
            "campaign": "spring",
            "arm": "",
            "accepted": "true",
            "cost": "25",
        },
    ]


def test_a_bare_array_is_the_same(client: FlaskClient, store: ObjectStore) -> None:
    wrapped, bare = client.post("/outcomes", json={"outcomes": ROWS}), client.post("/outcomes", json=ROWS)
    assert held(store, wrapped) == held(store, bare)


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=8), st.just([1]), st.just({})
)


@given(st.lists(st.dictionaries(st.sampled_from(["customerID", *FIELDS, "other"]), VALUES), max_size=6))
def test_each_object_is_one_row_that_is_not_blank(rows: list[dict[str, Any]]) -> None:
    text = to_csv(rows, OutcomeNames()).decode()
    header, *cells = csv.reader(io.StringIO(text, newline=""))
    assert header[:7] == ["customerID", *FIELDS]
    assert len(cells) == len(rows)
    for row, line in zip(rows, cells, strict=True):
        assert any(cell.strip() for cell in line)
        told = {name: value for name, value in row.items() if isinstance(value, str) and value.strip()}
        assert {name: dict(zip(header, line, strict=True))[name] for name in told} == told


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"outcomes": [5]}, 422, "Row 1 of outcomes must be a JSON object; got 5."),
        ([{"customerID": "A", "Customer ID": "B"}], 422, 'names "customerID" more than once'),
        ({"rows": []}, 422, "outcomes is required"),
        ({"outcomes": {}}, 422, "must be an array"),
        ("text", 400, "The body must be"),
        ([{}] * 1_001, 413, "Send more outcomes as a CSV."),
        ([{f"x{place}": 1 for place in range(60_000)}] + [{}] * 999, 422, "60,000 of the names are no fields"),
    ],
)
def test_what_is_no_list_of_outcomes_is_refused(client: FlaskClient, body: Any, status: int, words: str) -> None:
    answer = client.post("/outcomes", json=body)
    assert answer.status_code == status
    assert words in json.dumps(answer.json, ensure_ascii=False).replace('\\"', '"')


def test_a_table_is_read_like_a_jobs(client: FlaskClient) -> None:
    data = "\ufeffCustomer ID;Left At;weather\nA;2026-11-03;sun\n".encode()
    form = client.post("/outcomes", data={"file": (io.BytesIO(data), "november.csv")})
    bare = client.post("/outcomes", data=data, content_type="text/csv")
    assert form.status_code == bare.status_code == 202
    assert form.json["filename"] == "november.csv"
    assert form.json["ignored_columns"] == bare.json["ignored_columns"] == ["weather"]
    assert any("semicolons" in note for note in form.json["notes"])


def test_the_id_may_be_called_as_the_customers_in_service_call_it(
    make_app: Callable[..., Any], settings: ApiSettings
) -> None:
    answer = make_app(settings).test_client().post("/outcomes", json=[{"customerid": "A", "left_at": "2026-11-03"}])
    assert answer.status_code == 202


def test_a_request_may_be_repeated_with_a_key(client: FlaskClient) -> None:
    headers = {"Idempotency-Key": "november"}
    first, second = (client.post("/outcomes", json=ROWS, headers=headers) for _ in range(2))
    assert first.json["id"] == second.json["id"]
    assert second.headers["Idempotent-Replayed"] == "true"
    assert client.post("/outcomes", json=ROWS[:1], headers=headers).status_code == 409


def test_outcomes_are_listed_shown_cancelled_and_deleted(client: FlaskClient) -> None:
    ids = [client.post("/outcomes", json=ROWS).json["id"] for _ in range(3)]
    page = client.get("/outcomes?limit=2").json
    assert [shown["id"] for shown in page["data"]] == ids[:0:-1]
    assert page["has_more"]
    assert [shown["id"] for shown in client.get(f"/outcomes?after={page['last_id']}").json["data"]] == ids[:1]
    path = f"/outcomes/{ids[0]}"
    assert client.get(path).json["status"] == "queued"
    for refused in (client.delete(path), client.get(f"{path}/errors")):
        assert refused.status_code == 409
        assert refused.json["error"].startswith(f"Table of outcomes {ids[0]} is queued; ")
    assert client.post(f"{path}/cancel").json["status"] == "cancelling"
    assert client.get(f"/jobs/{ids[0]}").status_code == 404
    assert client.get("/outcomes/out_0").status_code == 404
    assert client.get(f"/outcomes?after=job_{ids[0][4:]}").status_code == 422


def test_nothing_is_taken_where_tracking_is_off(settings: ApiSettings, store: ObjectStore) -> None:
    client = create_app(settings.model_copy(update={"tracking": "off"})).test_client()
    answer = client.post("/outcomes", json=ROWS)
    assert answer.status_code == 409
    assert "CHURN_TRACKING=on" in answer.json["error"]
    assert list(store.list("jobs/")) == []


@pytest.mark.parametrize(
    "data",
    [
        b"customerID,left_at,stayed_until\nA,2026-11-03,\nB,,2026-11-03\n",
        b"Customer id;left at;cost;region\nA;03.11.2026;12,50;north\n",
        b"left_at\n2026-11-03\n",
        b"customerID,left_at,left_at\nA,2026-11-03,2026-11-04\n",
        b"",
    ],
    ids=["plain", "written otherwise", "no id", "twice", "empty"],
)
def test_a_look_at_a_file_and_its_submission_agree(client: FlaskClient, data: bytes) -> None:
    looked = client.post("/outcomes/check", data=data, content_type="application/octet-stream")
    assert looked.status_code == 200
    sent = client.post("/outcomes", data=data, content_type="text/csv")
    assert looked.json["ok"] == (sent.status_code == 202)
    for name in ("notes", "ignored_columns") if looked.json["ok"] else ("error", "errors"):
        assert looked.json[name] == sent.json[name]
