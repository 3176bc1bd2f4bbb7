"""When a new training is due."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from churn.tracking.releases import About
from churn.tracking.retraining import OLD, past, retraining
from churn.training.requests import DONE, Request

TRAINED = date(2026, 1, 2)
ABOUT = About("20260102_030405", "Logistic Regression", None, None, 20_000, {})
FINE, BAD = ({"state": state, "words": f"It is {state}.", "since": "2026-01"} for state in ("notice", "alarm"))
NOTHING = {"due": False, "reasons": [], "next": None}


def after(days, *, customers=0, verdict=FINE, about=ABOUT, drift=None, asked=(), learned=(), held=False):
    """What is due so many days after the release was trained; so many days after it others were asked for, or made."""
    entries = [
        {"in_service": False, "verdict": BAD, "drift": None},
        {"in_service": True, "verdict": verdict, "drift": drift},
    ]
    requests = [Request(TRAINED + timedelta(days=day), DONE) for day in asked]
    requests += [Request(TRAINED + timedelta(days=day), DONE, release="20260201_000000") for day in learned]
    today = TRAINED + timedelta(days=days)
    return retraining(about, entries, past(about, requests, today), customers, today, shadow_is_held=held)


@pytest.mark.parametrize(
    ("customers", "rows", "is_reason"),
    [(1_999, 100, False), (2_000, 100, True), (3_999, 20_000, False), (4_000, 20_000, True), (2_000, None, True)],
)
def test_outcomes_of_enough_customers_are_a_reason(customers, rows, is_reason):
    about = About("20260102_030405", "Logistic Regression", None, None, rows, {})
    found = after(20, customers=customers, about=about)
    said = [f"The outcomes of {customers:,} customers are known that no release was trained on."]
    assert found == {"due": is_reason, "reasons": said if is_reason else [], "next": None}


def test_an_alarm_is_a_reason_that_waits_until_the_release_is_a_week_old():
    assert after(6, verdict=BAD) == {"due": False, "reasons": ["It is alarm."], "next": "2026-01-09"}
    assert after(7, verdict=BAD) == {"due": True, "reasons": ["It is alarm."], "next": None}


def test_drift_is_a_reason_only_beside_an_alarm():
    drift = {"fields": [{"title": "Contract", "state": "alarm"}, {"title": "Tenure", "state": "notice"}]}
    assert after(9, drift=drift) == NOTHING
    told = "The customers who are scored are unlike those whom it was trained on, too: Contract."
    assert after(9, drift=drift, verdict=BAD)["reasons"] == ["It is alarm.", told]


def test_age_is_a_reason_after_as_many_days_as_in_the_alert(root: Path):
    assert after(30, customers=1) == NOTHING
    found = after(31, customers=1)
    assert found["due"]
    assert found["reasons"][0].startswith("The last release was trained 31 days ago")
    alerts = (root / "deploy" / "monitoring" / "rules" / "alerts.yml").read_text()
    assert f"service:churn_model_age:days > {OLD.days}\n" in alerts


def test_age_is_no_reason_while_nothing_new_is_known_or_an_experiment_waits_for_its_outcomes():
    assert after(400) == NOTHING
    assert after(400, customers=1_999, held=True) == NOTHING
    assert after(400, verdict=BAD, customers=1, held=True)["reasons"] == ["It is alarm."]


def test_what_a_training_has_learned_of_is_no_reason_for_another_one():
    """The challenger waits for its verdict beside the old release: trained again at once, it would wait anew."""
    assert after(100, verdict=BAD, learned=[70]) == NOTHING
    found = after(101, verdict=BAD, learned=[70], customers=1)
    assert (found["due"], len(found["reasons"])) == (True, 1)
    assert found["reasons"][0].startswith("The last release was trained 31 days ago")
    # On the day of the release in service, too, but for the training that made this one.
    assert after(7, verdict=BAD | {"since": "2025-10"}, learned=[0]) == NOTHING
    own = About("20260201_000000", "Logistic Regression", None, None, 20_000, {})
    assert after(40, verdict=BAD, about=own, learned=[30])["reasons"] == ["It is alarm."]
    # One that made no release has learned nothing.
    assert after(19, verdict=BAD, asked=[10])["due"]


def test_an_alarm_is_a_reason_also_where_a_training_was_made_before_it_rang():
    """It rang by January, all of whose outcomes are known a window of one month and a week after it, on March 7th."""
    assert after(75, verdict=BAD, learned=[63])["reasons"] == ["It is alarm."]
    assert after(75, verdict=BAD, learned=[64]) == NOTHING


def test_a_week_lies_between_two_trainings_and_a_month_has_four():
    assert after(16, verdict=BAD, asked=[10]) == {"due": False, "reasons": ["It is alarm."], "next": "2026-01-19"}
    assert after(17, verdict=BAD, asked=[10])["due"]
    assert after(38, verdict=BAD, asked=[10, 17, 24, 31])["next"] == "2026-02-11"
    assert after(40, verdict=BAD, asked=[10, 17, 24, 31])["due"]
    # Nobody has trained for a day to come.
    assert after(40, verdict=BAD, asked=[41, 400])["due"]


def test_without_a_release_in_service_nothing_is_due():
    assert retraining(None, [], None, 0, TRAINED) == NOTHING
    entries = [{"in_service": False, "verdict": BAD, "drift": None}]
    assert retraining(None, entries, None, 9_000, TRAINED) == NOTHING
