"""The table of campaigns: what the product says beside what is true."""

from datetime import date

import pytest

from scripts.simulation import campaign_table
from scripts.simulation.campaign import Contact
from scripts.simulation.campaign_oracle import Chosen, Judged
from scripts.simulation.oracle import Started
from scripts.simulation.planned_campaigns import Planned
from scripts.simulation.world import World

DAY, END = date(2026, 1, 1), date(2026, 4, 1)
WORLD = World(1, 20, DAY)
ARM = {"churn_rate": 0.25}


def planned(*, final: bool, low: float | None = 0.5) -> Planned:
    chosen = {name: Chosen("treat", 0.5, value, 9.0) for name, value in (("a", 100.0), ("b", 40.0), ("c", 7.0))}
    contacts = {name: Contact("x", "treat", accepted=False, cost=10.0) for name in chosen}
    plan = {
        "offers": [{"saves": {"rate": 0.3, "source": "assumed"}}],
        "customers": {"treat": 3, "hold_out": 1},
        "spend": {"money": 60.0},
        "plan": {"budget": 80.0},
    }
    result = {
        "final": final,
        "treated": ARM,
        "held_out": ARM | {"churn_rate": None},
        "difference": {"value": -0.3},
        "saved": {"customers": 0.9, "low": low, "high": 2.0},
        "money": {"saved": 60.0, "low": 75.0, "high": 90.0, "cost": 30.0, "promised": 27.0},
    }
    started = Started("cam_1", "2026-01", DAY, END, set(chosen), set())
    judged = Judged(DAY, END, chosen, contacts, closed=final)
    return Planned(plan, "cam_1", judged, started, {}, WORLD, {"a", "b"}, {"b"}, result)


def test_the_truth_is_what_happens_without_the_contacts_less_what_happens_with_them():
    campaign = planned(final=True)
    assert campaign.saved == 1
    assert campaign.money == pytest.approx(100 - 30)


def test_a_line_for_each_campaign_and_below_how_often_intervals_hold_the_truth():
    campaigns = [planned(final=True), planned(final=False), planned(final=True, low=None)]
    header, first, second, third, fourth, last = campaign_table.lines(campaigns, [{"name": "2026-02"}])
    assert header.split()[:6] == ["campaign", "rate", "treat", "held", "spend", "budget"]
    told = " ".join(first.split())
    assert told == "2026-01 0.300 assumed 3 1 60 80 0.250 - 0.9 0.5 2.0 1 60 75 90 70 27 final"
    assert second.endswith("so far")
    assert " - " in third
    assert fourth.startswith("2026-02   treats nobody")
    assert last == "Of 1 final intervals 1 hold the customers who were saved, and 0 the money."
