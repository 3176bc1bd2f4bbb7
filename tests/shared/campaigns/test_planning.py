"""Files of any length are planned within their limits, and the figures of a plan hold together."""

import numpy as np
import pytest
from tests.shared.campaigns.made_up_campaign import CALL, OFFERS, candidates, offer, plan

from churn.campaigns import sampling
from churn.campaigns.candidates import Candidates
from churn.campaigns.choice import choose
from churn.campaigns.planning import Planned, Terms, plan_customers, sample_of, totals_over
from churn.campaigns.plans import Plan
from churn.campaigns.prices import NONE, costs_of
from churn.campaigns.rates import assumed
from churn.campaigns.save_rates import SaveRate

TERMS = Terms("$", 3, 0.1)


def planned(parts: list[Candidates], held: Plan, scale: float = 1.0) -> Planned:
    return plan_customers(lambda: parts, held, assumed(held.offers), TERMS, scale)


def used(choice: Planned, everybody: Candidates) -> tuple[float, float]:
    costs = costs_of(OFFERS)
    counts = np.bincount(choice.offers[(choice.offers != NONE) & everybody.treat], minlength=len(OFFERS))
    return float(counts @ costs.money), float(counts @ costs.minutes)


@pytest.fixture
def small_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampling, "MOST", 5_000)


@pytest.mark.usefixtures("small_samples")
@pytest.mark.parametrize("sorted_file", [False, True])
@pytest.mark.parametrize(("budget", "minutes"), [(30_000, None), (None, 10_000), (60_000, 12_000), (9_000, 5_000)])
def test_a_file_is_planned_chunk_by_chunk_to_within_one_percent_of_its_limits(budget, minutes, sorted_file):
    everybody = candidates(60_000, seed=4, hold_out=0.1)
    if sorted_file:
        everybody = everybody.take(np.argsort(everybody.probability))
    parts = in_parts(everybody)
    held = plan(budget=budget, minutes=minutes)
    found, whole = planned(parts, held), choose(everybody, held, assumed(held.offers))
    money, time = used(found, everybody)
    assert found.figures["spend"] == pytest.approx({"money": money, "minutes": time})
    for amount, limit, price in ((money, budget, found.prices.money), (time, minutes, found.prices.minute)):
        assert limit is None or amount <= limit
        assert not price or amount >= 0.99 * limit
    assert found.prices == pytest.approx(whole.prices, rel=0.05)
    best = planned([everybody], held).figures["expected"]["money"]
    assert found.figures["expected"]["money"] >= 0.995 * best
    assert found.figures["expected"]["money"] == pytest.approx(np.nansum(found.expected[everybody.treat]))
    # The sample shows differences alone, so what is assumed shows the file's own money.
    as_assumed = {row["save_rates"]: row for row in found.figures["sensitivity"] if row["label_window_months"] == 3}[
        1.0
    ]
    assert as_assumed["this_list"] == pytest.approx(found.figures["expected"]["money"])
    assert as_assumed["chosen"] == found.figures["customers"]["chosen"]


def in_parts(everybody: Candidates, length: int = 7_000) -> list[Candidates]:
    return [
        everybody.take(np.arange(start, min(start + length, len(everybody))))
        for start in range(0, len(everybody), length)
    ]


@pytest.mark.usefixtures("small_samples")
def test_equal_customers_are_divided_between_offers_chunk_by_chunk():
    held = plan(
        offer("Dear", contact_cost=2, minutes=0, rate=0.5),
        offer("Cheap", contact_cost=1, minutes=0, rate=0.3),
        budget=45_000,
    )
    everybody = Candidates(np.full(30_000, 0.1), np.full(30_000, 240.0), np.ones(30_000, np.bool_))
    # The first brings 10, the second 6.2: with 1.5 each, half of the customers get the first.
    found = planned(in_parts(everybody), held)
    assert np.bincount(found.offers + 1, minlength=3)[1:] == pytest.approx([15_000, 15_000], rel=0.02)
    assert 0.99 * 45_000 <= found.figures["spend"]["money"] <= 45_000


@pytest.mark.usefixtures("small_samples")
@pytest.mark.parametrize(("budget", "minutes"), [(0, None), (None, 0), (0, 0), (5, None)])
def test_hardly_anything_is_not_overrun_chunk_by_chunk(budget, minutes):
    everybody = candidates(20_000)
    found = planned(in_parts(everybody), plan(budget=budget, minutes=minutes))
    money, time = used(found, everybody)
    assert budget is None or money <= budget
    assert minutes is None or time <= minutes


@pytest.mark.usefixtures("small_samples")
def test_chunks_are_planned_without_limits_as_one_file_is():
    everybody = candidates(20_000, hold_out=0.1)
    whole = choose(everybody, plan(), assumed(OFFERS))
    np.testing.assert_array_equal(planned(in_parts(everybody), plan()).offers, whole.offers)


@pytest.mark.usefixtures("small_samples")
def test_a_sample_is_spread_over_the_file():
    everybody = candidates(20_000)
    marked = everybody.replaced(value=np.arange(20_000.0))
    sample, scale = sample_of(lambda: in_parts(marked))
    assert len(sample) == 5_000
    assert scale == 4
    np.testing.assert_array_equal(sample.value // 4, np.arange(5_000))


@pytest.mark.parametrize("count", [0, 1, 5_000])
def test_a_short_file_is_its_own_sample(count):
    sample, scale = sample_of(lambda: in_parts(candidates(count)))
    assert (len(sample), scale) == (count, 1)


@pytest.mark.usefixtures("small_samples")
def test_chunks_of_a_sample_are_planned_to_the_limits_of_all():
    found = planned(in_parts(candidates(20_000)), plan(budget=60_000, minutes=14_000), scale=3.0)
    assert found.figures["customers"]["considered"] == 60_000
    for name, limit in (("money", 60_000), ("minutes", 14_000)):
        assert 0.98 * limit <= found.figures["spend"][name] <= limit * (1 + 1e-9)


def test_a_mean_of_few_customers_who_stand_for_more_is_no_larger_than_any_of_them():
    likely = Candidates(np.array([0.9, 0.85, 0.8, 0.4]), np.full(4, 500.0), np.ones(4, np.bool_))
    held = plan(offer(contact_cost=20, minutes=0), budget=40)
    found = planned([likely], held, scale=1.4)
    # There is room for one of the sample, who stands for 1.4.
    assert found.figures["customers"]["chosen"] == 1
    totals, _ = totals_over(lambda: [likely], found.offers, held, assumed(held.offers))
    assert totals.times(1.4).churn == pytest.approx(totals.churn) == pytest.approx(0.9)


def test_who_is_in_which_chunk_does_not_matter():
    everybody, held = candidates(5_000, hold_out=0.2), plan(budget=3_000, minutes=700)
    one, many = planned([everybody], held), planned(in_parts(everybody, 900), held)
    np.testing.assert_array_equal(one.offers, many.offers)
    assert one.figures == many.figures


def test_measured_rates_send_an_offer_to_the_segment_that_it_keeps():
    everybody, held = candidates(4_000), plan(CALL)
    segments = {"Contract": (np.arange(4_000) % 2, ("Month-to-month", "Two year"))}
    everybody = Candidates(everybody.probability, everybody.value, everybody.treat, segments)
    names = ("rate", "segment:Contract=Month-to-month", "segment:Contract=Two year")
    rate = SaveRate("Call", "cam_1", names, np.array([0.2, 0.2, -0.3]), np.eye(3) * 0.001)
    found = plan_customers(lambda: in_parts(everybody, 900), held, [rate], TERMS)
    chosen = found.offers != NONE
    assert chosen[::2].any()
    assert not chosen[1::2].any()
    saves = found.figures["offers"][0]["saves"]
    assert saves["rate"] == pytest.approx(0.4)
    assert saves["low"] < 0.4 < saves["high"]
    assert saves["campaign"] == "cam_1"


def test_candidates_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="one length, 2"):
        Candidates(np.zeros(2), np.zeros(3), np.zeros(2, np.bool_))
    with pytest.raises(ValueError, match="one length, 2"):
        Candidates(np.zeros(2), np.zeros(2), np.zeros(2, np.bool_), {"Contract": (np.zeros(1, np.int8), ("a",))})


def test_candidates_have_probabilities_and_amounts_that_can_be_summed():
    numbers = np.array([np.nan, np.inf, -np.inf, -5.0, 1e300])
    held = Candidates(numbers, numbers, np.ones(5, np.bool_), {}, {1: numbers})
    assert held.probability.tolist() == [0, 1, 0, 0, 1]
    assert held.value.tolist() == held.by_window[1].tolist() == [0, 1e12, 0, 0, 1e12]
