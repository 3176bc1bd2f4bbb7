"""The oracle's rules: which prediction meets which outcome, one small case each."""

from datetime import date

import pytest

from scripts.simulation.campaign import SAVE_RATE, Contact, contacts, treated
from scripts.simulation.oracle import Known, Oracle, campaigns_of, fold, once
from scripts.simulation.reporting import Clerk, Outcome
from scripts.simulation.world import World

T, END, LATER = date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31)
TODAY = date(2026, 6, 1)
DRAWN = (("hold_out", "a"), ("treat", "b"))
HELD_OUT, TREATED = (Contact("c", arm, accepted=False, cost=0.0) for arm in ("hold_out", "treat"))


def left(day: date, contact: Contact | None = None, name: str = "a") -> Outcome:
    return Outcome(name, left_at=day, contact=contact)


def stayed(day: date, contact: Contact | None = None, name: str = "a") -> Outcome:
    return Outcome(name, stayed_until=day, contact=contact)


def judged(*rows: Outcome, today: date = TODAY, window: int = 1):
    """What becomes of the prediction .25 of T."""
    oracle = Oracle(window)
    oracle.predicted(T, "r", {"a": 0.25})
    oracle.reported(rows)
    known, _ = fold(once(oracle.rows))
    return oracle._judge(oracle.predictions[0], known.get("a", Known()), campaigns_of(oracle.rows), today)


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        ([], "unmatched"),
        ([left(date(2026, 2, 1))], 1),
        ([left(END)], 1),
        ([left(date(2026, 3, 1))], 0),
        ([left(T)], "unmatched"),
        ([stayed(END)], 0),
        ([stayed(date(2026, 2, 27))], "unmatched"),
        ([left(END), stayed(LATER)], 0),
        ([left(END), stayed(END)], 1),
        ([stayed(LATER), left(END)], 1),
        ([left(END), left(LATER)], 0),
        ([stayed(END), stayed(T)], 0),
        ([left(END, TREATED)], "treated"),
        ([stayed(END, TREATED)], "treated"),
        ([stayed(LATER, TREATED), stayed(END, HELD_OUT, "b")], "treated"),
        ([stayed(LATER, TREATED)], 0),
        ([stayed(T, TREATED), left(END)], 1),
        ([left(END, HELD_OUT)], 1),
    ],
    ids=str,
)
def test_outcomes_meet_predictions_by_the_rules(rows, wanted):
    found = judged(*rows)
    assert (found if isinstance(found, str) else found.y) == wanted


def test_a_prediction_waits_for_its_window_and_the_settling_days():
    assert judged(left(END), today=date(2026, 3, 6)) == "young"
    assert judged(left(END), today=date(2026, 3, 7)).y == 1
    assert judged(stayed(END), window=3) == "unmatched"


def test_who_is_held_out_stands_for_all_who_were_chosen():
    others = [stayed(END, TREATED, name) for name in "bcd"]
    assert judged(left(END, HELD_OUT), *others).weight == 4
    assert judged(left(END), *others).weight == 1
    second = [stayed(END, Contact("d", arm, accepted=False, cost=0.0), name) for arm, name in DRAWN]
    assert judged(left(END, HELD_OUT), *others, *second).weight == 8


def test_of_a_month_the_last_prediction_counts():
    oracle = Oracle(1)
    oracle.predicted(date(2026, 1, 15), "r", {"a": 0.1})
    oracle.predicted(date(2026, 1, 1), "r", {"a": 0.2, "b": 0.3})
    oracle.predicted(date(2026, 2, 1), "r", {"a": 0.4})
    months = oracle.releases(TODAY)["r"]
    assert {month: told["predictions"] for month, told in months.items()} == {"2026-01": 2, "2026-02": 1, "all": 3}


def test_rows_are_counted():
    oracle = Oracle(1)
    oracle.predicted(T, "r", {"a": 0.25, "b": 0.5})
    oracle.reported([left(END), left(END), stayed(LATER), stayed(END), left(T, name="b"), left(END, name="z")])
    oracle.reported([stayed(date(2026, 1, 2), name="b"), stayed(LATER, name="b"), left(END, name="b")])
    assert oracle.outcomes() == {
        "rows": 9,
        "customers": 3,
        "duplicates": 1,
        "corrections": 2,
        "contradictions": 1,
        "unknown": 1,
        "before": 1,
    }


def simulated(months: int, *, campaign: bool) -> tuple[float, float]:
    """The rate that the oracle finds, and the share of the scored who left within their month."""
    live, clerk, oracle = World(3, 3_000, date(2025, 1, 1)), Clerk(careful=True), Oracle(1)
    scored = gone = 0
    for _ in range(months):
        probabilities = dict(zip(live.ids, live.risk().tolist(), strict=True))
        chosen = contacts(f"c{live.month}", probabilities) if campaign else {}
        oracle.predicted(live.today, "r", probabilities)
        month = live.advance(dict.fromkeys(treated(chosen), SAVE_RATE))
        oracle.reported(clerk.report(month, chosen))
        scored, gone = scored + len(probabilities), gone + len(month.left)
    rate = oracle.releases(TODAY)["r"]["all"]["churn_rate"]
    assert rate is not None
    return rate, gone / scored


def test_without_a_campaign_the_oracle_finds_what_happened():
    rate, happened = simulated(2, campaign=False)
    assert rate == pytest.approx(happened, abs=1e-12)


def test_a_campaign_lowers_the_rate_and_the_oracle_finds_the_one_without_it():
    plain, _ = simulated(1, campaign=False)
    rate, happened = simulated(1, campaign=True)
    assert happened < 0.95 * plain
    assert rate == pytest.approx(plain, abs=0.015)
