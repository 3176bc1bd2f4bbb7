"""The oracle's rules of campaigns: one small campaign, worked out by hand."""

from datetime import date, timedelta

import pytest

from scripts.simulation.campaign import Contact
from scripts.simulation.campaign_oracle import Chosen, Judged, differences, drawn_arm, result
from scripts.simulation.oracle import Known

BEGINS, ENDS = date(2026, 1, 1), date(2026, 4, 1)
RIPE = ENDS + timedelta(7)

CHOSEN = {
    **{name: Chosen("treat", 0.5, 100.0, 10.0) for name in "abcd"},
    **{name: Chosen("hold_out", 0.5, 50.0, 10.0) for name in "xy"},
}
CONTACTS = {
    **{name: Contact("c", "treat", accepted=name == "b", cost=20.0 if name == "b" else 10.0) for name in "abcd"},
    **{name: Contact("c", "hold_out", accepted=False, cost=0.0) for name in "xy"},
}
KNOWN = {
    "a": Known(left_at=ENDS),
    "b": Known(stayed_until=ENDS),
    "c": Known(left_at=ENDS + timedelta(1)),
    "d": Known(stayed_until=ENDS - timedelta(1)),
    "x": Known(left_at=date(2026, 2, 1)),
    "y": Known(stayed_until=RIPE),
}


def judged(known=None, *, closed=True, today=RIPE):
    return result(Judged(BEGINS, ENDS, CHOSEN, CONTACTS, closed), known or KNOWN, today)


def test_a_final_result_counts_until_the_end_of_the_label_window():
    found = judged()
    assert found["final"] is True
    assert [found[f"treated.{name}"] for name in ("customers", "known", "left")] == [4, 3, 1]
    assert [found[f"held_out.{name}"] for name in ("customers", "known", "left")] == [2, 2, 1]
    assert found["difference.value"] == pytest.approx(1 / 3 - 1 / 2)
    assert found["saved.customers"] == pytest.approx(4 * (1 / 2 - 1 / 3))
    assert found["money.saved"] == pytest.approx(400 * (1 / 2 - 1 / 3) - 50)
    assert [found[name] for name in ("money.cost", "money.promised", "accepted.accepted", "unknown")] == [50, 40, 1, 1]
    assert found["sample_ratio.share"] == pytest.approx(2 / 5)


@pytest.mark.parametrize(("closed", "today"), [(False, RIPE), (True, RIPE - timedelta(1))], ids=["open", "unripe"])
def test_until_then_it_counts_while_most_are_known_to_have_stayed(closed, today):
    found = judged(closed=closed, today=today)
    assert found["final"] is False
    # Of b, d and y, who have not left, two stayed until the end: on that day nothing is known of d.
    assert [found["treated.known"], found["treated.left"], found["unknown"]] == [3, 1, 1]
    early = judged(KNOWN | {"b": Known(stayed_until=date(2026, 1, 20))}, closed=closed, today=today)
    # Half of them stayed until the day before the end, when a had not left yet.
    assert [early["treated.known"], early["treated.left"], early["held_out.left"]] == [3, 0, 1]


def test_whoever_had_left_before_the_start_is_in_neither_arm():
    found = judged(KNOWN | {"a": Known(left_at=BEGINS)})
    assert [found["already_left"], found["treated.customers"], found["money.cost"]] == [1, 3, 40]


def test_nothing_is_compared_while_an_arm_is_unknown():
    found = judged({"a": KNOWN["a"]})
    assert {found[name] for name in ("difference.value", "saved.customers", "money.saved")} == {None}


def test_the_arm_follows_from_the_two_ids():
    arms = [drawn_arm("cam_1", str(number), 0.2) for number in range(2_000)]
    assert arms.count("hold_out") == pytest.approx(400, abs=80)
    assert arms != [drawn_arm("cam_2", str(number), 0.2) for number in range(2_000)]
    assert {drawn_arm("cam_1", "a", 0.0), drawn_arm("cam_1", "a", 1.0)} == {"treat", "hold_out"}


TOLD = {"treated": {"left": 3}, "money": {"saved": 5.0, "low": 1.0, "high": 9.0, "cost": 2.0}}


@pytest.mark.parametrize(
    ("told", "wanted", "named"),
    [
        (TOLD, {"treated.left": 3, "money.saved": 5.05, "money.cost": 2.0}, []),
        (TOLD, {"treated.left": 4}, ["c: treated.left is 3, not 4"]),
        (TOLD, {"money.saved": 5.2}, ["c: money.saved is 5.0, not 5.2"]),
        (TOLD, {"money.cost": 2.01}, ["c: money.cost is 2.0, not 2.01"]),
        (TOLD, {"money.cost": None}, ["c: money.cost is 2.0, not None"]),
        ({"saved": {"customers": None}}, {"saved.customers": 1.0}, ["c: saved.customers is None, not 1.0"]),
        ({"saved": {"customers": None}}, {"saved.customers": None}, []),
        (
            {"saved": {"customers": 5.0, "low": 6.0, "high": 7.0}},
            {},
            ["c: saved lies outside of its own interval, {'customers': 5.0, 'low': 6.0, 'high': 7.0}"],
        ),
    ],
    ids=["alike", "count", "money", "cost", "none wanted", "none told", "none", "interval"],
)
def test_what_differs_is_named(told, wanted, named):
    assert list(differences("c", told, wanted, rounding=0.1)) == named
