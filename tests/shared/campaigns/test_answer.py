"""The result of a campaign as it is answered: when it is final, what is kept, and what it says."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from tests.shared.campaigns.campaign import PLAN, begin, left, report, stayed

from churn.campaigns import answer, computed, layout, measured, save_rates
from churn.errors import ObjectNotFound
from churn.store.opening import open_store

END, RIPE = date(2026, 2, 5), datetime(2026, 2, 12, 9, tzinfo=UTC)
CLOSED = {"closed_at": "2026-01-20T10:00:00+00:00"}
NAMES = [f"C{number}" for number in range(1_500)]
ARMS = {name: "hold_out" if number % 5 == 0 else "treat" for number, name in enumerate(NAMES)}


@pytest.fixture
def store(tmp_path):
    return open_store(f"file://{tmp_path}")


def told(day=END):
    """Of the 1,200 treated 456 leave, of the 300 held out 141."""
    leavers = [name for name in NAMES if ARMS[name] == "treat"][:456]
    leavers += [name for name in NAMES if ARMS[name] == "hold_out"][:141]
    gone = set(leavers)
    return [left(name, date(2026, 1, 9)) if name in gone else stayed(name, day) for name in NAMES]


def test_a_closed_and_ripe_campaign_has_a_final_result_and_measured_save_rates(store):
    begin(store, ARMS, **CLOSED)
    report(store, told())
    found = answer.compute(store, RIPE, "cam_1")
    assert (found["status"], found["final"], found["ripens"]) == ("closed", True, None)
    assert (found["treated"]["customers"], found["treated"]["left"]) == (1_200, 456)
    assert (found["held_out"]["customers"], found["held_out"]["left"]) == (300, 141)
    assert found["saved"]["customers"] == pytest.approx(108)
    assert found["saved"]["low"] < 50 < 150 < found["saved"]["high"]
    assert found["difference"]["interval"] == "newcombe"
    assert {rate["band"] for rate in found["save_rates"]} == {"medium", "high"}
    kept = json.loads(store.get(layout.save_rates("cam_1")).data)
    assert save_rates.from_json(kept["discount"]).campaign == "cam_1"
    assert json.loads(json.dumps(found)) == found


def test_until_then_the_interval_may_be_looked_at_any_time_and_no_rate_is_measured(store):
    begin(store, ARMS, **CLOSED)
    report(store, told(date(2026, 1, 20)))
    found = answer.compute(store, RIPE - timedelta(days=1), "cam_1")
    assert (found["final"], found["ripens"], found["save_rates"]) == (False, "2026-02-12", [])
    assert found["difference"]["interval"] == "always_valid"
    assert any("Whoever leaves until February 5, 2026 counts" in sentence for sentence in found["words"])
    with pytest.raises(ObjectNotFound):
        store.get(layout.save_rates("cam_1"))


def test_a_campaign_that_is_not_closed_is_not_final(store):
    begin(store, ARMS)
    report(store, told())
    found = answer.compute(store, RIPE, "cam_1")
    assert (found["status"], found["final"], found["ripens"]) == ("running", False, None)
    assert any(sentence.startswith("All outcomes are in: close the campaign") for sentence in found["words"])


def test_without_any_outcome_the_figures_are_null_and_it_is_said_what_to_send(store):
    begin(store, ARMS, **CLOSED)
    found = answer.compute(store, RIPE, "cam_1")
    assert (found["treated"]["churn_rate"], found["saved"]["customers"], found["unknown"]) == (None, None, 1_500)
    assert any("POST /outcomes" in words for words in found["words"])


def test_what_is_odd_about_the_outcomes_is_said(store):
    begin(store, ARMS, **CLOSED)
    odd = [
        left("C1", date(2026, 1, 5)),
        stayed("C2", date(2026, 1, 4)),
        stayed("C5", END, campaign="spring", arm="treat", accepted=True),
        stayed("C6", END, campaign="spring", arm="treat", accepted=True),
    ]
    report(store, odd)
    found = answer.compute(store, RIPE, "cam_1")
    assert (found["already_left"], found["before"], found["contradictory"]) == (1, 1, 1)
    assert found["accepted"] == {"known": 1, "accepted": 1}
    text = " ".join(found["words"])
    for words in (
        "1 customer had left before the start",
        "only outcomes from before",
        "said to have been in the other group",
        "nobody has told yet",
    ):
        assert words in text


def test_a_result_holds_until_outcomes_come_in_or_the_day_is_over(store, monkeypatch):
    begin(store, ARMS)
    report(store, told()[:10])
    answer.compute(store, RIPE, "cam_1")
    read, calls = answer.with_outcomes, []
    monkeypatch.setattr(answer, "with_outcomes", lambda *given: calls.append(1) or read(*given))
    answer.compute(store, RIPE + timedelta(hours=1), "cam_1")
    assert not calls
    report(store, told()[10:], datetime(2026, 3, 2, tzinfo=UTC))
    answer.compute(store, RIPE + timedelta(seconds=4), "cam_1")
    assert not calls
    assert answer.compute(store, RIPE + timedelta(hours=1), "cam_1")["unknown"] == 0
    answer.compute(store, RIPE + timedelta(hours=2), "cam_1")
    assert len(calls) == 1
    answer.compute(store, RIPE + timedelta(days=1), "cam_1")
    assert len(calls) == 2


def test_closing_is_seen_at_once(store):
    begin(store, ARMS)
    report(store, told())
    assert not answer.compute(store, RIPE, "cam_1")["final"]
    begin(store, ARMS, **CLOSED)
    assert answer.compute(store, RIPE + timedelta(seconds=1), "cam_1")["final"]


def test_a_final_result_outlives_the_outcomes_that_it_was_made_of(store):
    begin(store, ARMS, **CLOSED)
    report(store, told())
    first = answer.compute(store, RIPE, "cam_1")
    store.delete([entry.key for entry in store.list("tracking/outcomes/")])
    later = answer.compute(store, RIPE + timedelta(days=400), "cam_1")
    assert later["saved"] == first["saved"]
    assert measured.priors(store, measured.offers_of(_measured_plan()))["discount"].campaign == "cam_1"


def test_a_final_result_and_its_save_rates_outlive_a_list_that_can_no_longer_be_read(store):
    begin(store, ARMS, **CLOSED)
    report(store, told())
    first, rates = answer.compute(store, RIPE, "cam_1"), store.get(layout.save_rates("cam_1")).data
    part = layout.contacts_part("cam_1", 0)
    whole = store.get(part).data
    store.put(part, b"torn", content_type="x/y")
    for hours in (1, 2):
        report(store, told()[:hours], RIPE + timedelta(hours=hours))
        later = answer.compute(store, RIPE + timedelta(hours=hours), "cam_1")
        assert later | {"computed_at": "", "words": []} == first | {"computed_at": "", "words": []}
        assert later["words"] == [*first["words"], answer._KEPT]
    assert store.get(layout.save_rates("cam_1")).data == rates
    store.put(part, whole, content_type="x/y")
    assert answer.compute(store, RIPE + timedelta(hours=3), "cam_1")["words"] == first["words"]


def test_nothing_is_final_that_was_made_of_a_part_of_the_list(store):
    begin(store, ARMS, **CLOSED)
    report(store, told())
    store.put(layout.contacts_part("cam_1", 0), b"torn", content_type="x/y")
    found = answer.compute(store, RIPE, "cam_1")
    assert (found["final"], found["save_rates"], found["difference"]["interval"]) == (False, [], "always_valid")
    assert any(sentence.startswith("It is not final") for sentence in found["words"])
    assert any(sentence.startswith("1 file in the store cannot be read") for sentence in found["words"])
    with pytest.raises(ObjectNotFound):
        store.get(layout.save_rates("cam_1"))


@pytest.mark.parametrize("members", [{"started_at": None}, None], ids=["not started", "deleted"])
def test_what_was_not_started_has_no_result(store, members):
    if members:
        begin(store, ARMS, **members)
    assert answer.compute(store, RIPE, "cam_1") is None
    assert computed.load(store, "cam_1") is None


def test_a_campaign_that_is_deleted_meanwhile_leaves_no_result(store, monkeypatch):
    begin(store, ARMS)
    judged = answer._judged

    def deleting(*given):
        store.delete([layout.record("cam_1")])
        return judged(*given)

    monkeypatch.setattr(answer, "_judged", deleting)
    assert answer.compute(store, RIPE, "cam_1") is None
    assert computed.load(store, "cam_1") is None


def test_files_that_are_replaced_meanwhile_are_read_anew(store, monkeypatch):
    begin(store, ARMS)
    read, calls = answer.with_outcomes, []

    def first_away(*given):
        calls.append(1)
        if len(calls) == 1:
            raise ObjectNotFound("tracking/outcomes/a")
        return read(*given)

    monkeypatch.setattr(answer, "with_outcomes", first_away)
    assert answer.compute(store, RIPE, "cam_1")["unknown"] == 1_500
    assert len(calls) == 2


def test_the_share_that_was_held_out_stands_in_where_figures_cannot_be_read(store):
    begin(store, ARMS)
    report(store, told())
    store.delete([layout.figures("cam_1")])
    assert answer.compute(store, RIPE, "cam_1")["sample_ratio"]["expected_share"] == pytest.approx(0.2)


def test_the_next_campaign_adds_to_what_the_last_one_measured(store):
    begin(store, ARMS, **CLOSED)
    report(store, told())
    answer.compute(store, RIPE, "cam_1")
    begin(store, ARMS, "cam_2", **CLOSED, plan=_measured_plan())
    answer.compute(store, RIPE, "cam_2")
    first, second = (
        save_rates.from_json(json.loads(store.get(layout.save_rates(name)).data)["discount"])
        for name in ("cam_1", "cam_2")
    )
    assert second.campaign == "cam_2"
    assert second.covariance[0, 0] < first.covariance[0, 0]


def _measured_plan():
    return {"offers": [PLAN["offers"][0] | {"saves": {"source": "measured", "campaign": "cam_1"}}]}
