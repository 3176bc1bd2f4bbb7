"""When a new training is due."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from churn.tracking.releases import About
from churn.tracking.retraining import OLD, retraining

TRAINED = date(2026, 1, 2)
ABOUT = About("20260102_030405", "Logistic Regression", None, None, 20_000, {})
FINE, BAD = ({"state": state, "words": f"It is {state}."} for state in ("notice", "alarm"))


def after(days, *, customers=0, verdict=FINE, about=ABOUT):
    entries = [{"in_service": False, "verdict": BAD}, {"in_service": True, "verdict": verdict}]
    return retraining(about, entries, customers, TRAINED + timedelta(days=days))


@pytest.mark.parametrize(
    ("customers", "rows", "is_reason"),
    [(1_999, 100, False), (2_000, 100, True), (3_999, 20_000, False), (4_000, 20_000, True), (2_000, None, True)],
)
def test_outcomes_of_enough_customers_are_a_reason(customers, rows, is_reason):
    about = About("20260102_030405", "Logistic Regression", None, None, rows, {})
    found = after(20, customers=customers, about=about)
    said = [f"The outcomes of {customers:,} customers are known that the release in service was not trained on."]
    assert found == {"due": is_reason, "reasons": said if is_reason else [], "next": None}


def test_an_alarm_is_a_reason_that_waits_until_the_release_is_a_week_old():
    assert after(6, verdict=BAD) == {"due": False, "reasons": ["It is alarm."], "next": "2026-01-09"}
    assert after(7, verdict=BAD) == {"due": True, "reasons": ["It is alarm."], "next": None}


def test_age_is_a_reason_after_as_many_days_as_in_the_alert(root: Path):
    assert after(30) == {"due": False, "reasons": [], "next": None}
    found = after(31)
    assert found["due"]
    assert found["reasons"][0].startswith("The release in service was trained 31 days ago")
    alerts = (root / "deploy" / "monitoring" / "rules" / "alerts.yml").read_text()
    assert f"service:churn_model_age:days > {OLD.days}\n" in alerts


def test_without_a_release_in_service_nothing_is_due():
    nothing = {"due": False, "reasons": [], "next": None}
    assert retraining(None, [], 0, TRAINED) == nothing
    assert retraining(None, [{"in_service": False, "verdict": BAD}], 9_000, TRAINED) == nothing
