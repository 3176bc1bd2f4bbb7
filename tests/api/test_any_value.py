"""Whatever a value of a customer is, the customer is answered or refused alone, at a price that follows its size."""

import json
import time
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.telco import FIELDS, ID, NOT_STATED, read

from churn.customer.reading import Reader
from churn.errors import ValidationError
from churn_api.predictions.judging import MAX_FAULTS

Record = dict[str, Any]

# JSON in UTF-8 has no lone surrogates.
TEXTS = st.text(alphabet=st.characters(exclude_categories=("Cs",)), max_size=12) | st.text(
    alphabet="".join(map(chr, [*range(33), 127, 0x85, 0xA0, 0x202E])) + "0123456789.,-$€", max_size=8
)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)
CHANGES = st.dictionaries(st.sampled_from([*FIELDS, ID, "Churn"]) | TEXTS, JSON, max_size=5)


def faults_of(record: Any) -> list[dict[str, str]] | None:
    """What the reading has against a customer that is sent as JSON."""
    try:
        read(json.loads(json.dumps(record)))
    except ValidationError as error:
        return [{"field": each.field, "code": each.code, "message": each.message} for each in error.errors]
    return None


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(CHANGES, min_size=1, max_size=4))
def test_any_json_is_judged_as_the_reading_judges_it(client: FlaskClient, whole: Record, changes: list[Record]) -> None:
    records = [whole | change for change in changes]
    # Flask's own client would sort the names.
    answer = client.post("/batch_predict", data=json.dumps(records), content_type="application/json")
    rows = answer.get_json()["predictions"]
    for record, row in zip(records, rows, strict=True):
        assert row.get("errors") == faults_of(record)
    one = client.post("/predict", json=records[0])
    assert one.status_code == (422 if faults_of(records[0]) else 200)


@pytest.mark.parametrize("control", [chr(code) for code in (*range(1, 32), 127, 0x85, 0xA0, 0x2028)], ids=ascii)
@pytest.mark.parametrize("name", ["tenure", "MonthlyCharges", "SeniorCitizen", "Contract", "customerID"])
def test_a_control_character_is_no_ones_downfall(client: FlaskClient, whole: Record, name: str, control: str) -> None:
    spoiled = whole | {name: f"{whole[name]}{control}"}
    body = client.post("/batch_predict", json=[whole, spoiled, whole]).get_json()
    assert [row["success"] for row in body["predictions"]][::2] == [True, True]
    assert client.post("/predict", json=spoiled).status_code in (200, 422)


@pytest.fixture
def fragile(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reading that fails of one customer."""
    sound = Reader.read

    def fail_for_one(reader: Reader, record: Record, most: int) -> Any:
        if record.get("customerID") == "fatal":
            raise RuntimeError("fatal")
        return sound(reader, record, most)

    monkeypatch.setattr(Reader, "read", fail_for_one)


@pytest.mark.usefixtures("fragile")
def test_what_nobody_foresaw_is_one_rows_fault_alone(
    client: FlaskClient, whole: Record, caplog: pytest.LogCaptureFixture
) -> None:
    records = [whole, whole | {"customerID": "fatal"}, whole | {"tenure": "3"}]
    body = client.post("/batch_predict", json=records).get_json()
    assert (body["count"], body["failed"]) == (3, 1)
    assert [row["success"] for row in body["predictions"]] == [True, False, True]
    assert [(each["field"], each["code"]) for each in body["predictions"][1]["errors"]] == [("customer", "wrong_type")]
    assert client.post("/predict", json=records[1]).status_code == 422
    assert "RuntimeError" in caplog.text
    assert "fatal" not in caplog.text


def test_an_integer_is_an_id_and_comes_back_as_text(client: FlaskClient, whole: Record) -> None:
    assert client.post("/predict", json=whole | {"customerID": 4711}).get_json()["customerID"] == "4711"
    (row,) = client.post("/batch_predict", json=[whole | {"customerID": 4711}]).get_json()["predictions"]
    assert row["customerID"] == "4711"


@pytest.mark.parametrize("name", ["+15550100123", "-0042", "@sam", "=1+1", "004711", "1.23E+11", "Ärger-1", "男-1"])
def test_an_id_comes_back_as_it_was_sent(client: FlaskClient, whole: Record, name: str) -> None:
    assert client.post("/predict", json=whole | {"customerID": name}).get_json()["customerID"] == name
    (row,) = client.post("/batch_predict", json=[whole | {"customerID": name}]).get_json()["predictions"]
    assert row["customerID"] == name


def test_a_total_that_nobody_stated_is_no_fact(client: FlaskClient, whole: Record) -> None:
    product = whole["tenure"] * whole["MonthlyCharges"]
    stated = client.post("/predict?reasons=all", json=whole | {"TotalCharges": product}).get_json()
    derived = client.post("/predict?reasons=all", json=whole | {"TotalCharges": None}).get_json()
    assert stated["churn_probability"] == derived["churn_probability"]
    assert reason(stated) == {"value": pytest.approx(product), "text": f"${product:,.2f} billed so far"}
    assert reason(derived) == {"value": None, "text": NOT_STATED["TotalCharges"]}
    assert derived["assumed"] == []


def reason(body: Record) -> Record:
    (found,) = [each for each in body["reasons"] if each["field"] == "TotalCharges"]
    return {name: found[name] for name in ("value", "text")}


def test_an_object_of_many_names_is_answered_in_a_line(client: FlaskClient) -> None:
    record = {f"n{number}": 0 for number in range(5_000)}
    answer = client.post("/predict", json=record)
    assert answer.status_code == 422
    assert len(answer.data) < 600
    batch = [{f"n{number}": 0 for number in range(150_000)}]
    answer = client.post("/batch_predict", data=json.dumps(batch), content_type="application/json")
    assert len(answer.data) < 1000


def test_a_refusal_says_how_many_faults_there_are_and_lists_fifty(client: FlaskClient) -> None:
    record = {f"name{number}": 0 for number in range(60)}
    body = client.post("/predict", json=record).get_json()
    assert (body["error"], len(body["errors"])) == ("65 fields need attention; the first 50 are listed.", 50)
    (row,) = client.post("/batch_predict", json=[record]).get_json()["predictions"]
    assert (row["error"], len(row["errors"])) == ("65 fields need attention; the first 50 are listed.", 50)


def test_a_batch_of_nothing_but_faults_is_answered_in_bounds(client: FlaskClient) -> None:
    # 64 names of nearly 30 letters, all new: the most that fits into 2 MiB.
    batch = [{f"{row:05}{name:03}{'x' * 17}": 0 for name in range(64)} for row in range(1_000)]
    data = json.dumps(batch)
    assert len(data) > 1_900_000
    started = time.process_time()
    answer = client.post("/batch_predict", data=data, content_type="application/json")
    taken = time.process_time() - started
    rows = answer.get_json()["predictions"]
    assert sum(len(row["errors"]) for row in rows) < MAX_FAULTS + len(rows)
    assert all(row["errors"] and row["error"].startswith("69 fields need attention") for row in rows)
    assert len(answer.data) < 1.5 * len(data)
    assert taken < 5
