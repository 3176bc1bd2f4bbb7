"""A line each on quality, drift, the model and campaigns."""

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from tests import experiments_answer, quality_answer

from churn.alerts import layout as alert_layout
from churn.campaigns import computed as results
from churn.campaigns import layout
from churn.experiments import computed as experiments
from churn.experiments.layout import SHADOW
from churn.store.directory import DirectoryStore
from churn.tracking import computed
from churn_api.alerts import record as alerts
from churn_api.alerts.record import AlertCounts, AlertDelivery, AlertValue, Digest, MoneyAtRisk
from churn_api.campaigns import paths
from churn_api.campaigns.campaign import Campaign, Source
from churn_api.campaigns.repository import CampaignRepository
from churn_api.jobs import ids
from churn_api.overview.lines import campaign_lines, challenger_line, digest_line, quality_lines

PROMISED = {"money": 900.0, "low": 500.0, "high": 1300.0}
RESULT = {"computed_at": "2026-11-21T08:00:00+00:00", "status": "closed", "final": False}
MONEY = {"saved": 700.0, "low": -50.0, "high": 1450.0, "cost": 200.0, "promised": 900.0}


def keep(store: DirectoryStore, answer: Any) -> None:
    computed.save(store, computed.DEFAULT_DAYS, computed.Computed(answer, "state"))


def test_without_a_computed_answer_nothing_is_said_of_quality(store: DirectoryStore) -> None:
    assert quality_lines(store) == (None, None)
    keep(store, quality_answer.empty())
    assert quality_lines(store) == (None, None)


def test_quality_is_the_verdict_on_the_release_in_service(store: DirectoryStore) -> None:
    keep(store, quality_answer.two_years())
    quality, drift = quality_lines(store)
    assert quality is not None
    assert drift is not None
    assert quality.state == "none"
    assert quality.words.startswith("What became of the predictions is what they said. The ROC AUC is 0.84")
    assert quality.words.endswith("over 18,312 known outcomes.")
    assert (drift.state, drift.words) == (
        "alarm",
        "Far from the training table: Contract. Somewhat away from it: Churn probability.",
    )


@pytest.mark.parametrize("entry", [experiments_answer.better(), experiments_answer.alike()], ids=["better", "alike"])
def test_a_challenger_is_told_of_once_it_is_better(store: DirectoryStore, entry: dict[str, Any]) -> None:
    assert challenger_line(store) is None
    shadow = {"experiment": entry["id"], "version": entry["challenger"], "manifest_sha256": "00"}
    store.put(SHADOW, json.dumps(shadow).encode(), content_type="application/json")
    assert challenger_line(store) is None
    experiments.save(store, entry["id"], experiments.Computed(entry))
    line = challenger_line(store)
    if entry["verdict"]["state"] == "better":
        assert line is not None
        assert (line.version, line.words) == (entry["challenger"], entry["verdict"]["words"])
    else:
        assert line is None


def test_drift_that_chance_explains_is_none(store: DirectoryStore) -> None:
    answer = quality_answer.two_years()
    drift = answer["releases"][0]["drift"]
    for entry in (*drift["fields"], drift["score"]):
        entry["state"] = "none"
    keep(store, answer)
    line = quality_lines(store)[1]
    assert line is not None
    assert (line.state, line.words) == ("none", "None of 2 fields has moved more than chance explains.")


def test_many_fields_are_not_all_named(store: DirectoryStore) -> None:
    answer = quality_answer.two_years()
    drift = answer["releases"][0]["drift"]
    drift["fields"] = [drift["fields"][0] | {"title": f"Field {number}"} for number in range(5)]
    drift["score"] = None
    keep(store, answer)
    line = quality_lines(store)[1]
    assert line is not None
    assert line.words == "Far from the training table: Field 0, Field 1, Field 2 and 2 more."


def test_unripe_predictions_have_no_figures(store: DirectoryStore) -> None:
    keep(store, quality_answer.month())
    quality, drift = quality_lines(store)
    assert quality is not None
    assert (quality.state, quality.words, drift) == (None, "No month is ripe yet, so nothing can be said.", None)


@pytest.mark.parametrize("answer", [{}, {"computed_at": "now", "releases": 3}], ids=str)
def test_an_answer_that_was_written_otherwise_is_passed_over(store: DirectoryStore, answer: Any) -> None:
    keep(store, answer)
    assert quality_lines(store) == (None, None)


def campaign(store: DirectoryStore, name: str, **changes: Any) -> Campaign:
    made = Campaign(
        id=ids.new_id(datetime.now(UTC), ids.CAMPAIGN),
        name=name,
        source=Source("job_1", "customers.csv", "20261101_120000"),
        plan={},
        currency="$",
        label_window_months=3,
        segments=(),
        created_at="2026-11-01T08:00:00+00:00",
        planned_at="2026-11-01T08:00:10+00:00",
        expires_at="2099-11-01T08:00:00+00:00",
        customers={"treat": 80, "hold_out": 20},
        expected=PROMISED,
        **changes,
    )
    CampaignRepository(store).add(made)
    return made


def test_no_campaign_is_no_line(store: DirectoryStore) -> None:
    assert campaign_lines(store) == []
    campaign(store, "planned")
    assert campaign_lines(store) == []


def test_running_campaigns_come_before_the_one_that_was_closed_last(store: DirectoryStore) -> None:
    started = "2026-11-02T08:00:00+00:00"
    campaign(store, "late", started_at=started, closed_at="2026-11-20T08:00:00+00:00")
    campaign(store, "early", started_at=started, closed_at="2026-11-10T08:00:00+00:00")
    campaign(store, "runs", started_at=started)
    assert [(line.name, line.status) for line in campaign_lines(store)] == [("runs", "running"), ("late", "closed")]


@pytest.mark.parametrize("listed", [True, False])
def test_one_that_still_runs_is_shown_however_many_were_planned_since(store: DirectoryStore, listed: bool) -> None:
    started = "2026-11-02T08:00:00+00:00"
    runs = campaign(store, "runs", started_at=started)
    for number in range(25):
        campaign(store, f"planned {number}")
    campaign(store, "closed", started_at=started, closed_at="2026-11-20T08:00:00+00:00")
    if listed:
        store.put(paths.RUNNING, msgspec.json.encode({"running": [runs.id]}), content_type="application/json")
    assert [(line.name, line.status) for line in campaign_lines(store)] == [("runs", "running"), ("closed", "closed")]


def test_each_record_is_read_once_and_no_more_of_them_than_are_looked_at(
    store: DirectoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned = [campaign(store, f"planned {number}") for number in range(35)]
    runs = campaign(store, "runs", started_at="2026-11-02T08:00:00+00:00")
    store.put(paths.RUNNING, msgspec.json.encode({"running": [runs.id]}), content_type="application/json")
    read: list[str] = []
    get = type(store).get

    def noted(self: DirectoryStore, key: str) -> Any:
        read.append(key)
        return get(self, key)

    monkeypatch.setattr(type(store), "get", noted)
    assert [line.name for line in campaign_lines(store)] == ["runs"]
    newest = sorted(layout.record(each.id) for each in (*planned, runs))[-20:]
    assert sorted(key for key in read if key.endswith("campaign.json")) == newest


@pytest.mark.parametrize("wrong", [{"customers": None}, {"customers": {"treat": "many"}}, {"expected": [1]}], ids=str)
def test_a_campaign_of_another_shape_is_no_line_and_hides_no_other(store: DirectoryStore, wrong: Any) -> None:
    campaign(store, "runs", started_at="2026-11-02T08:00:00+00:00")
    made = campaign(store, "other", started_at="2026-11-02T08:00:00+00:00")
    key = layout.record(made.id)
    data = msgspec.json.encode(msgspec.json.decode(store.get(key).data) | wrong)
    store.put(key, data, content_type="application/json")
    assert [line.name for line in campaign_lines(store)] == ["runs"]


def test_what_was_promised_stands_beside_what_was_saved(store: DirectoryStore) -> None:
    made = campaign(store, "one", started_at="2026-11-02T08:00:00+00:00", closed_at="2026-11-20T08:00:00+00:00")
    results.save(store, made.id, results.Computed(RESULT | {"final": True, "money": MONEY}, "state"))
    [line] = campaign_lines(store)
    assert line.promised is not None
    assert line.saved is not None
    assert (line.promised.value, line.saved.value, line.saved.low, line.saved.high) == (900.0, 700.0, -50.0, 1450.0)
    assert (line.treat, line.hold_out, line.final) == (80, 20, True)


@pytest.mark.parametrize("money", [3, {}, {"saved": None, "low": None, "high": None}, {"saved": 1, "low": 0}], ids=str)
def test_what_is_not_known_yet_is_not_saved(store: DirectoryStore, money: Any) -> None:
    made = campaign(store, "one", started_at="2026-11-02T08:00:00+00:00")
    results.save(store, made.id, results.Computed(RESULT | {"money": money}, "state"))
    [line] = campaign_lines(store)
    assert (line.saved, line.final) == (None, False)


def test_without_a_result_that_can_be_read_nothing_was_saved_yet(store: DirectoryStore) -> None:
    made = campaign(store, "one", started_at="2026-11-02T08:00:00+00:00")
    assert [line.saved for line in campaign_lines(store)] == [None]
    store.put(layout.result(made.id), b"{", content_type="application/json")
    assert [line.saved for line in campaign_lines(store)] == [None]


def digest(number: int, customers: int) -> Digest:
    return Digest(
        id=f"alr_{number}",
        created_at="2026-11-27T06:04:00+00:00",
        job="job_1",
        filename=None,
        model_version="20261101_120000",
        scored_at="2026-11-27T06:00:00+00:00",
        counts=AlertCounts(alerted=customers),
        money_at_risk=MoneyAtRisk(alerted=120.5),
        webhook=AlertDelivery("off"),
        email=AlertDelivery("off"),
    )


@pytest.mark.parametrize(("field", "money", "currency"), [("MonthlyCharges", 120.5, "$"), (None, None, None)])
def test_the_newest_digest_with_customers_is_told(
    store: DirectoryStore, field: str | None, money: float | None, currency: str | None
) -> None:
    assert digest_line(store) is None
    held = alerts.Record(value=AlertValue(field, 12, "$"), digests=(digest(3, 0), digest(2, 1), digest(1, 9)))
    alerts.change(store, lambda _: held)
    line = digest_line(store)
    assert line is not None
    assert (line.id, line.customers, line.money, line.currency) == ("alr_2", 1, money, currency)
    assert line.words == "1 customer came to be at risk by the digest of 2026-11-27."


def test_alerts_that_cannot_be_read_are_passed_over(store: DirectoryStore) -> None:
    store.put(alert_layout.RECORD, b"{", content_type="application/json")
    assert digest_line(store) is None
