"""Who has come to be at risk: hysteresis, a rise over one's own weeks, the cool-down and the hold-out."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from churn.alerts.rules import DEFAULTS, Rules
from churn.alerts.state import MEANS, ROWS, STATE, StateUpdate, mark_alerted, update_state

MONDAY = datetime(2026, 1, 5, 9, tzinfo=UTC)
EMPTY = pl.DataFrame(schema=STATE)


def names(*ids: str) -> pl.Series:
    return pl.Series("customer_id", ids, pl.String)


def scored(**probabilities: float) -> pl.DataFrame:
    ids, values = list(probabilities), list(probabilities.values())
    return pl.DataFrame({"customer_id": ids, "probability": values, "value": [50.0] * len(ids)}, schema=ROWS)


def weekly(
    *probabilities: float, rules: Rules = DEFAULTS, held_out: pl.Series | None = None, state: pl.DataFrame = EMPTY
) -> tuple[list[int], StateUpdate]:
    """The weeks in which one customer is alerted on, scored once a week, and the last of it."""
    alerted, update = [], StateUpdate(state, EMPTY, Counter())
    for week, probability in enumerate(probabilities):
        moment = MONDAY + timedelta(weeks=week)
        nobody = held_out if held_out is not None else names()
        update = update_state(update.state, scored(a=probability), moment, rules, nobody, silent=False)
        if update.candidates.height:
            alerted.append(week)
            update.state = mark_alerted(update.state, update.candidates["customer_id"], moment)
    return alerted, update


@pytest.mark.parametrize(
    ("probabilities", "weeks"),
    [
        ([0.4, 0.4, 0.7], [2]),
        ([0.7, 0.9], []),  # nobody knows whether that is news
        ([0.4, 0.59, 0.59], []),  # not at risk
        ([0.55, 0.55, 0.6, 0.62], []),  # no rise
        ([0.4, 0.7, 0.55, 0.7], [1]),  # at risk all the time
        ([0.4, 0.7, 0.45, 0.7], [1]),  # within the cool-down
        ([0.4, 0.7, *[0.3] * 4, 0.7], [1, 6]),
        ([0.2, *[0.5] * 4, 0.6], [5]),  # as much as is wanted, over the last four weeks alone
    ],
)
def test_an_alert_is_news(probabilities: list[float], weeks: list[int]) -> None:
    assert weekly(*probabilities)[0] == weeks


@pytest.mark.parametrize(
    ("probabilities", "why"),
    [
        ([0.9], "no_history"),
        ([0.55, 0.6], "no_rise"),
        ([0.4, 0.7, 0.3, 0.7], "cooldown"),
    ],
)
def test_whoever_is_left_out_is_counted_by_the_reason(probabilities: list[float], why: str) -> None:
    _, update = weekly(*probabilities)
    assert update.counts == {"evaluated": 1, "high": 1, why: 1}
    assert update.state["high"].to_list() == [True]


def test_who_is_held_out_is_no_candidate_and_is_at_risk_all_the_same() -> None:
    alerted, update = weekly(0.4, 0.7, held_out=names("a", "b"))
    assert alerted == []
    assert update.counts["held_out"] == 1
    assert update.state["high"].to_list() == [True]


def test_who_is_left_out_by_the_budget_is_a_candidate_again() -> None:
    update = update_state(EMPTY, scored(a=0.3), MONDAY, DEFAULTS, names(), silent=False)
    for week in (1, 2):
        moment = MONDAY + timedelta(weeks=week)
        update = update_state(update.state, scored(a=0.8), moment, DEFAULTS, names(), silent=False)
        assert update.candidates["customer_id"].to_list() == ["a"]
        assert update.counts["high"] == 1


def test_a_mean_is_of_whole_weeks_however_often_one_is_scored() -> None:
    state = EMPTY
    for hour in range(30):
        moment = MONDAY + timedelta(hours=hour)
        state = update_state(state, scored(a=0.2 if hour % 2 else 0.4), moment, DEFAULTS, names(), silent=False).state
    (row,) = state.select(*MEANS, "count").rows()
    assert row[0] == pytest.approx(0.3)
    assert row[1:] == (None, None, None, None, 30)
    later = update_state(state, scored(a=0.9), MONDAY + timedelta(weeks=1), DEFAULTS, names(), silent=False)
    assert later.candidates["before"].to_list() == pytest.approx([0.3])
    forgotten = update_state(state, scored(a=0.9), MONDAY + timedelta(weeks=5), DEFAULTS, names(), silent=False)
    assert forgotten.counts["no_history"] == 1


def test_an_older_score_changes_nothing() -> None:
    state = update_state(EMPTY, scored(a=0.3), MONDAY, DEFAULTS, names(), silent=False).state
    update = update_state(state, scored(a=0.9), MONDAY - timedelta(days=1), DEFAULTS, names(), silent=False)
    assert update.state.equals(state)
    assert update.counts["evaluated"] == 0


def test_in_silence_all_is_remembered_and_nobody_is_a_candidate() -> None:
    state = update_state(EMPTY, scored(a=0.3), MONDAY, DEFAULTS, names(), silent=False).state
    update = update_state(state, scored(a=0.9), MONDAY + timedelta(weeks=1), DEFAULTS, names(), silent=True)
    assert update.candidates.is_empty()
    assert update.state["high"].to_list() == [True]
    assert update.counts == {"evaluated": 1, "high": 1}


def test_who_is_scored_no_longer_is_forgotten() -> None:
    rules = Rules(cooldown_days=60)
    state = update_state(EMPTY, scored(a=0.3, b=0.3), MONDAY, rules, names(), silent=False).state
    for days, held in ((59, ["a", "b"]), (61, ["b"])):
        moment = MONDAY + timedelta(days=days)
        state = update_state(state, scored(b=0.3), moment, rules, names(), silent=False).state
        assert sorted(state["customer_id"]) == held
