"""The figures of a plan hold together, and its sentences say what the figures say."""

import json
from typing import Any

import numpy as np
import pytest
from tests.shared.campaigns.made_up_campaign import CALL, GIFT, LETTER, candidates, offer, plan

from churn.campaigns.candidates import Candidates
from churn.campaigns.money import expected_money
from churn.campaigns.planning import Terms, holdout_share, plan_customers
from churn.campaigns.plans import Plan
from churn.campaigns.prices import NONE
from churn.campaigns.rates import SaveRates, assumed, rates_of

TERMS = Terms("$", 3, 0.1)


class Measured:
    """Save rates as a campaign measured them, the same for everybody; implements SaveRates."""

    campaign = "cam_1"

    def __init__(self, rate: float, low: float, high: float) -> None:
        self._rate = rate, low, high

    def rates(self, probability: Any, segments: Any) -> Any:  # noqa: ARG002
        return np.full(len(probability), self._rate[0])

    def over(self, probability: Any, segments: Any) -> Any:  # noqa: ARG002
        return self._rate


def figures_of(held: Candidates, planned: Plan, rates: list[SaveRates] | None = None, **more: Any) -> dict[str, Any]:
    found = plan_customers(lambda: [held], planned, rates or assumed(planned.offers), more.pop("terms", TERMS), **more)
    json.dumps(found.figures, allow_nan=False)
    return found.figures


@pytest.fixture(scope="module")
def figures() -> dict[str, Any]:
    return figures_of(candidates(3_000, hold_out=0.1), plan(budget=2_500, minutes=1_000))


def test_the_sums_of_the_offers_are_those_of_the_plan(figures):
    customers, offers = figures["customers"], figures["offers"]
    assert customers["considered"] == 3_000
    assert customers["chosen"] == customers["treat"] + customers["hold_out"]
    assert sum(each["customers"] for each in offers) == customers["treat"]
    assert sum(each["expected"] for each in offers) == pytest.approx(figures["expected"]["money"])
    assert sum(each["spend"] for each in offers) == pytest.approx(figures["spend"]["money"])
    assert sum(each["minutes"] for each in offers) == pytest.approx(figures["spend"]["minutes"])
    assert figures["spend"]["money"] <= 2_500
    assert figures["spend"]["minutes"] <= 1_000


def test_the_plan_brings_more_than_a_list_by_risk_within_the_same_limits(figures):
    versus = figures["versus_top_by_risk"]
    assert 0 < versus["low"] < versus["money"] < versus["high"]
    assert versus["money"] < figures["expected"]["money"]


def test_a_list_by_risk_is_the_best_one_within_the_same_limits_and_no_longer_than_the_plan():
    held, planned = candidates(400, hold_out=0.2), plan(budget=1_000, minutes=300)
    found = figures_of(held, planned)
    gains = expected_money(held, planned.offers, rates_of(held, assumed(planned.offers)))
    order, most = np.argsort(-held.probability, kind="stable"), found["customers"]["treat"]
    order = order[held.treat[order]]
    lists = {0: min(60, most), 1: min(25, most), 2: most}
    by_risk = max(gains[place, order[:length]].sum() for place, length in lists.items())
    assert found["versus_top_by_risk"]["money"] == pytest.approx(found["expected"]["money"] - by_risk)


def test_the_band_is_that_of_other_customers_of_the_same_kind():
    planned = plan(CALL)
    money = [figures_of(candidates(2_000, seed=seed), planned)["expected"] for seed in range(40)]
    spread = np.std([each["money"] for each in money])
    widths = np.mean([each["high"] - each["low"] for each in money]) / (2 * 1.96)
    assert widths == pytest.approx(spread, rel=0.25)
    truth = np.mean([each["money"] for each in money])
    assert np.mean([each["low"] <= truth <= each["high"] for each in money]) > 0.85


def test_a_measured_save_rate_widens_the_band_by_its_interval():
    held, planned = candidates(2_000), plan(CALL)
    known = figures_of(held, planned)
    found = figures_of(held, planned, [Measured(0.3, 0.1, 0.4)])
    saves = found["offers"][0]["saves"]
    assert saves == {"rate": 0.3, "low": 0.1, "high": 0.4, "source": "measured", "campaign": "cam_1"}
    assert found["expected"]["money"] == pytest.approx(known["expected"]["money"])
    below, above = (
        (found["expected"]["money"] - found["expected"]["low"]),
        (found["expected"]["high"] - found["expected"]["money"]),
    )
    assert below > 1.5 * above > 1.5 * (known["expected"]["high"] - known["expected"]["money"])


def test_the_curve_runs_from_nobody_to_everybody(figures):
    curve = figures["curve"]
    assert len(curve) == 41
    assert curve[0] == {"customers": 0, "money": 0.0, "money_by_risk": 0.0}
    assert curve[-1]["customers"] == 3_000
    assert all(point["money"] >= point["money_by_risk"] - 1e-6 for point in curve)
    assert [point["customers"] for point in curve] == sorted(point["customers"] for point in curve)


def test_a_short_curve_has_a_point_for_each_customer():
    curve = figures_of(candidates(3), plan(CALL))["curve"]
    assert [point["customers"] for point in curve] == [0, 1, 2, 3]


def test_the_sensitivity_tries_other_save_rates_and_label_windows(figures):
    rows = {(row["save_rates"], row["label_window_months"]): row for row in figures["sensitivity"]}
    assert set(rows) == {(factor, months) for factor in (0.5, 1.0, 1.5) for months in (1, 3, 6)}
    planned = rows[1.0, 3]
    assert planned["money"] == pytest.approx(figures["expected"]["money"])
    assert planned["this_list"] == pytest.approx(figures["expected"]["money"])
    assert planned["chosen"] == figures["customers"]["chosen"]
    assert all(row["money"] >= row["this_list"] for row in rows.values())
    assert rows[0.5, 3]["money"] < planned["money"] < rows[1.5, 3]["money"]
    assert rows[1.0, 1]["money"] < planned["money"] < rows[1.0, 6]["money"]


def test_a_value_that_is_given_has_no_other_label_windows():
    held = candidates(200)
    given = Candidates(held.probability, held.value, held.treat)
    rows = figures_of(given, plan(CALL), terms=Terms("€", None, 0.0))["sensitivity"]
    assert [(row["save_rates"], row["label_window_months"]) for row in rows] == [(0.5, None), (1.0, None), (1.5, None)]


def test_the_price_of_the_hold_out_is_what_the_plan_would_bring_without_it():
    held, planned = candidates(2_000, hold_out=0.2), plan(CALL)
    found = figures_of(held, planned)
    everybody = figures_of(held.replaced(treat=np.ones(2_000, np.bool_)), planned)
    assert found["holdout"]["costs"] == pytest.approx(everybody["expected"]["money"] - found["expected"]["money"])
    assert everybody["holdout"]["costs"] == 0


def test_more_budget_brings_what_its_price_says():
    held = candidates(20_000)
    found = figures_of(held, plan(budget=20_000))
    more = figures_of(held, plan(budget=20_200))
    grown = more["expected"]["money"] - found["expected"]["money"]
    assert grown == pytest.approx(200 * found["prices"]["money"], rel=0.1)


def test_a_sample_shows_the_figures_of_all():
    held, planned = candidates(40_000, hold_out=0.1), plan(budget=40_000, minutes=9_000)
    whole = figures_of(held, planned)
    sample = figures_of(held.take(np.arange(0, 40_000, 20)), planned, scale=20.0)
    for name in ("considered", "chosen", "treat"):
        assert sample["customers"][name] == pytest.approx(whole["customers"][name], rel=0.15)
    assert sample["expected"]["money"] == pytest.approx(whole["expected"]["money"], rel=0.15)
    assert sample["spend"]["money"] == pytest.approx(whole["spend"]["money"], rel=0.15)
    assert sample["spend"]["money"] <= 40_000
    assert sample["curve"][-1]["customers"] == 40_000
    # Two thousand customers tell less than forty thousand.
    widths = [found["expected"]["high"] - found["expected"]["low"] for found in (sample, whole)]
    assert widths[0] > 2 * widths[1]


@pytest.mark.parametrize(
    ("held", "planned", "words"),
    [
        (candidates(0), plan(budget=100), "There is nobody to choose from."),
        (candidates(50), plan(CALL, budget=0), "Nobody is chosen: there is no budget."),
        (candidates(50), plan(CALL, minutes=0), "Nobody is chosen: there is no time."),
        (candidates(50), plan(offer(contact_cost=1e12)), "Nobody is chosen: with these offers and limits"),
        (candidates(50), plan(offer(rate=0.0), budget=500), "Nobody is chosen: with these offers and limits"),
    ],
    ids=["nobody", "no budget", "no time", "too dear", "saves nobody"],
)
def test_a_plan_that_chooses_nobody_says_why_and_has_every_figure(held, planned, words):
    found = figures_of(held, planned)
    assert found["words"][0].startswith(words)
    assert len(found["words"]) == 1
    assert found["expected"] == {"money": 0, "low": 0, "high": 0}
    assert found["spend"] == {"money": 0, "minutes": 0}
    assert found["versus_top_by_risk"]["money"] == 0
    assert found["holdout"]["smallest_save_rate"] is None
    assert found["customers"]["chosen"] == 0


@pytest.mark.parametrize("value", [0.0, 1e300, np.inf, np.nan, -1.0])
def test_figures_are_finite_whatever_the_customers_are_worth(value):
    held = Candidates(np.array([0.0, 0.5, 1.0, np.nan]), np.full(4, value), np.array([True, True, False, True]))
    found = figures_of(held, plan(budget=1e12, minutes=3.0), scale=1e6)
    assert np.isfinite(found["expected"]["money"])


def test_one_customer_is_planned_for():
    held = Candidates(np.array([0.9]), np.array([500.0]), np.array([True]))
    found = figures_of(held, plan(CALL))
    assert found["customers"] == {"considered": 1, "chosen": 1, "treat": 1, "hold_out": 0}
    assert found["expected"]["money"] == pytest.approx(0.9 * 0.3 * 500 - 10)
    assert found["expected"]["low"] <= found["expected"]["money"] <= found["expected"]["high"]


def test_a_manager_reads_the_plan(figures):
    text = " ".join(figures["words"])
    treat, considered = figures["customers"]["treat"], figures["customers"]["considered"]
    assert figures["words"][0].startswith(f"Contacting {treat:,} of {considered:,} customers is expected to bring $")
    assert "more than contacting those at the highest risk within the same limits" in text
    assert "Another $1,000 of budget would bring about $" in text
    assert "Another hour of work would bring about $" in text
    assert f"{figures['customers']['hold_out']:,} chosen customers are left alone to compare with" in text
    assert "The save rates are assumptions (Call, Gift, Letter): if half as many are saved, this list brings" in text


def test_all_amounts_of_a_plan_have_the_currency():
    words = figures_of(candidates(500, hold_out=0.1), plan(budget=500), terms=Terms("EUR", 3, 0.1))["words"]
    assert any("Another EUR\xa01,000 of budget would bring about EUR\xa0" in sentence for sentence in words)


def test_a_manager_reads_that_limits_do_not_bind_and_nobody_is_held_out():
    words = figures_of(candidates(100), plan(CALL, budget=1e9), terms=Terms("€", 3, 0.0))["words"]
    assert "More budget or time would bring nothing: everybody who is worth a contact is chosen." in words
    assert "Nobody is held out, so nobody will know what the campaign brought." in words
    assert any("save rate is an assumption (Call)" in sentence for sentence in words)
    measured = figures_of(candidates(100), plan(CALL), [Measured(0.3, 0.2, 0.4)])["words"]
    assert not any("assumption" in sentence for sentence in measured)


def test_an_open_hold_out_is_as_large_as_it_takes_to_show_the_save_rates():
    planned = plan(GIFT, LETTER)
    small, large = (holdout_share(candidates(count), planned, assumed(planned.offers)) for count in (300, 60_000))
    assert (small, large) == (0.2, 0.1)
    assert holdout_share(candidates(300), planned, assumed(planned.offers), 200.0) == 0.1
    assert holdout_share(candidates(300), plan(CALL, holdout=0.05), assumed([CALL])) == 0.05


def test_what_customers_are_expected_to_bring_is_that_of_their_offers():
    held, planned = candidates(500, hold_out=0.1), plan(budget=500)
    found = plan_customers(lambda: [held], planned, assumed(planned.offers), TERMS)
    gains = expected_money(held, planned.offers, rates_of(held, assumed(planned.offers)))
    chosen = np.flatnonzero(found.offers != NONE)
    np.testing.assert_allclose(found.expected[chosen], gains[found.offers[chosen], chosen])
    assert np.isnan(found.expected[found.offers == NONE]).all()
