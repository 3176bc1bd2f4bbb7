"""/alerts over HTTP."""

from collections.abc import Callable
from datetime import UTC, datetime

import msgspec
import pytest
from flask import Flask
from flask.testing import FlaskClient
from pydantic import SecretStr
from tests.api.alerts.conftest import Alerts
from tests.api.jobs.conftest import Bench

from churn.alerts import layout, rules
from churn.store.directory import DirectoryStore
from churn_api.alerts import record as records
from churn_api.alerts.service import AlertsAnswer
from churn_api.settings import ApiSettings

CALM = {"a": 0.3, "=b": 0.3}


@pytest.fixture
def alerts(store: DirectoryStore, publish: Callable[..., str]) -> Alerts:
    return Alerts(Bench(store, publish(store)))


@pytest.fixture
def client(settings: ApiSettings, make_app: Callable[[ApiSettings], Flask], alerts: Alerts) -> FlaskClient:
    del alerts  # which publishes the release
    return make_app(settings).test_client()


def answer(client: FlaskClient) -> AlertsAnswer:
    got = client.get("/alerts")
    assert got.status_code == 200
    return msgspec.json.decode(got.data, type=AlertsAnswer)


def test_before_any_job_the_built_in_rules_are_in_force(client: FlaskClient) -> None:
    told = answer(client)
    assert told.rules == told.defaults
    assert (told.rules.enter, told.rules.leave, told.rules.rise, told.rules.budget) == (0.6, 0.5, 0.1, 20)
    assert (told.rules_changed_at, told.evaluated_at, told.digests, told.customers) == (None, None, [], [])
    assert told.words[0].startswith("No scoring job has ended yet")
    assert "CHURN_WEBHOOK_URL" in told.words[-1]


def test_the_newest_digest_is_told_with_its_customers_and_what_was_left_out(
    alerts: Alerts, client: FlaskClient
) -> None:
    client.put("/alerts/rules", json={"budget": 1})
    alerts.week(CALM)
    (digest_id,) = alerts.week({"a": 0.8, "=b": 0.7})
    told = answer(client)
    (digest,) = told.digests
    assert (digest.id, digest.list, digest.counts.budget) == (digest_id, f"/alerts/{digest_id}/list", 1)
    assert [each.customerID for each in told.customers] == ["a"]
    assert (told.followed, told.high, told.value.field, told.value.months) == (2, 2, "MonthlyCharges", 12)
    assert told.words[:2] == [
        "2 of 2 customers are at risk.",
        f"In the digest of {digest.created_at[:10]} are 1 of 2 newly at risk; left out are 1 by the budget.",
    ]


def test_rules_are_put_in_force_as_a_whole(client: FlaskClient) -> None:
    got = client.put("/alerts/rules", json={"budget": 3, "cooldown_days": 0})
    assert got.status_code == 200
    assert got.get_json()["rules"] == got.get_json()["defaults"] | {"budget": 3, "cooldown_days": 0}
    assert datetime.fromisoformat(got.get_json()["rules_changed_at"]) <= datetime.now(UTC)
    assert client.put("/alerts/rules", json={}).get_json()["rules"]["budget"] == rules.DEFAULTS.budget


def test_faulty_rules_are_refused_and_the_former_ones_hold(client: FlaskClient) -> None:
    client.put("/alerts/rules", json={"budget": 3})
    got = client.put("/alerts/rules", json={"budget": 0, "entr": 0.5})
    assert got.status_code == 422
    assert {(each["field"], each["code"]) for each in got.get_json()["errors"]} == {
        ("budget", "out_of_range"),
        ("entr", "unknown"),
    }
    assert client.put("/alerts/rules", json=[1]).status_code == 400
    assert client.put("/alerts/rules", data="{}", content_type="text/plain").status_code == 415
    assert answer(client).rules.budget == 3


def test_a_list_is_a_file_that_spreadsheets_read(alerts: Alerts, client: FlaskClient) -> None:
    alerts.week(CALM)
    (digest_id,) = alerts.week({"a": 0.8, "=b": 0.7})
    got = client.get(f"/alerts/{digest_id}/list?excel=1")
    assert got.data.startswith(b"\xef\xbb\xbfcustomerID,churn_probability,before,rise,value,money_at_risk\na,0.8")
    assert b"\n'=b,0.7" in got.data
    assert got.headers["Content-Disposition"] == f'attachment; filename="{digest_id}.csv"'
    known = {"If-None-Match": got.headers["ETag"]}
    assert client.get(f"/alerts/{digest_id}/list?excel=1", headers=known).status_code == 304
    part = client.get(f"/alerts/{digest_id}/list", headers={"Range": "bytes=0-9"})
    assert (part.status_code, part.data) == (206, b"customerID")
    assert client.get(f"/alerts/{digest_id}/list?excel=2").status_code == 422


@pytest.mark.parametrize("digest_id", ["alr_0", "alerts", "..", "alr_" + "0" * 26, "x" * 400])
def test_an_unknown_digest_is_404(client: FlaskClient, digest_id: str) -> None:
    assert client.get(f"/alerts/{digest_id}/list").status_code == 404


def test_a_digest_that_does_not_count_is_404(alerts: Alerts, client: FlaskClient) -> None:
    alerts.store.put(layout.digest_list("alr_1"), b"x", content_type="text/csv")
    assert client.get("/alerts/alr_1/list").status_code == 404


def test_what_does_not_work_is_said(settings: ApiSettings, make_app: Callable[[ApiSettings], Flask]) -> None:
    mail = {"smtp_url": SecretStr("smtp://h"), "alert_to": ("a@example.org",)}
    client = make_app(settings.model_copy(update={"tracking": "off"} | mail)).test_client()
    told = answer(client)
    assert (told.tracking, told.delivery.email, told.delivery.webhook) == ("off", True, False)
    assert told.words == ["Predictions are not tracked, so nobody is alerted on. Set CHURN_TRACKING=on."]


def test_a_declaration_without_a_monthly_value_is_said_to_count_no_money(alerts: Alerts, client: FlaskClient) -> None:
    alerts.week(CALM)
    records.change(alerts.store, lambda held: msgspec.structs.replace(held, value=records.AlertValue()))
    assert any("no monthly value" in sentence for sentence in answer(client).words)
