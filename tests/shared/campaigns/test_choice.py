"""The choice keeps to its limits and brings as much as any other that does."""

from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from tests.shared.campaigns.made_up_campaign import CALL, GIFT, LETTER, candidates, offer, plan

from churn.campaigns.candidates import Candidates
from churn.campaigns.choice import Choice, choose, choose_by_gains
from churn.campaigns.money import expected_money
from churn.campaigns.prices import NONE, Limits, costs_of
from churn.campaigns.rates import assumed, rates_of


def gains_of(held: Candidates, offers: Any) -> Any:
    return expected_money(held, offers, rates_of(held, assumed(offers)))


def money_of(gains: Any, choice: Choice, treat: Any) -> float:
    rows = np.flatnonzero((choice.offers != NONE) & treat)
    return float(gains[choice.offers[rows], rows].sum())


def used_by(choice: Choice, treat: Any, offers: Any) -> tuple[float, float]:
    counts = np.bincount(choice.offers[(choice.offers != NONE) & treat], minlength=len(offers))
    costs = costs_of(offers)
    return float(counts @ costs.money), float(counts @ costs.minutes)


@pytest.mark.parametrize("budget", [None, 500, 2_000])
@pytest.mark.parametrize("minutes", [None, 200, 1_000])
def test_the_choice_keeps_to_both_limits_and_says_what_it_uses(budget, minutes):
    held, limited = candidates(1_000, hold_out=0.2), plan(budget=budget, minutes=minutes)
    choice = choose(held, limited, assumed(limited.offers))
    money, time = used_by(choice, held.treat, limited.offers)
    assert (choice.money, choice.minutes) == pytest.approx((money, time))
    assert money <= (np.inf if budget is None else budget)
    assert time <= (np.inf if minutes is None else minutes)
    assert choice.prices.money == 0 or budget is not None
    assert choice.prices.minute == 0 or minutes is not None


def test_without_limits_everybody_gets_the_best_offer_that_brings_anything():
    held, free = candidates(500), plan()
    gains = gains_of(held, free.offers)
    choice = choose(held, free, assumed(free.offers))
    assert choice.prices == (0, 0)
    np.testing.assert_array_equal(choice.offers, np.where(gains.max(axis=0) > 0, gains.argmax(axis=0), NONE))


numbers = st.integers(0, 40).map(lambda number: number / 4)
instances = st.integers(1, 6).flatmap(
    lambda count: st.tuples(
        arrays(np.float64, (2, count), elements=st.integers(-20, 60).map(float)),
        arrays(np.bool_, count),
        st.tuples(numbers, numbers, numbers, numbers),
        st.tuples(st.one_of(numbers, st.just(np.inf)), st.one_of(numbers, st.just(np.inf))),
    )
)


def best_of_all(gains: Any, treat: Any, offers: Any, limits: Limits) -> float:
    """The most that any choice within the limits brings, by trying all of them."""
    costs, best = costs_of(offers), 0.0
    rows = np.flatnonzero(treat)
    for picks in product(range(NONE, len(offers)), repeat=len(rows)):
        chosen = [(pick, row) for pick, row in zip(picks, rows, strict=True) if pick != NONE]
        money, minutes = (sum(cost[pick] for pick, _ in chosen) for cost in costs)
        if money <= limits.money and minutes <= limits.minutes:
            best = max(best, sum(gains[pick, row] for pick, row in chosen))
    return best


@given(instances)
def test_a_small_choice_is_the_best_one_but_for_two_customers(instance):
    # A vertex of the linear program has at most one fraction of a customer for each limit.
    gains, treat, (first, second, third, fourth), bounds = instance
    offers = offer(contact_cost=first, minutes=second), offer("Gift", contact_cost=third, minutes=fourth)
    limits = Limits(*bounds)
    choice = choose_by_gains(gains, treat, offers, limits)
    money, minutes = used_by(choice, treat, offers)
    assert money <= limits.money
    assert minutes <= limits.minutes
    mine, best = money_of(gains, choice, treat), best_of_all(gains, treat, offers, limits)
    most = np.sort(np.maximum(gains[:, treat].max(axis=0, initial=0.0), 0.0))[-2:].sum()
    binding = np.count_nonzero(np.array(choice.prices) > 0)
    assert mine <= best + 1e-9
    assert mine >= best - (most if binding else 0.0) - 1e-4
    # The prices bound what any choice can bring: weak duality.
    costs = costs_of(offers).at(choice.prices)
    surplus = np.maximum(gains - costs[:, None], 0.0).max(axis=0, initial=0.0)[treat].sum()
    spent = sum(price * limit for price, limit in zip(choice.prices, limits, strict=True) if price)
    assert best <= surplus + spent + 1e-6


@given(instances)
def test_no_chosen_offer_brings_less_than_nothing(instance):
    gains, treat, (first, second, third, fourth), bounds = instance
    offers = offer(contact_cost=first, minutes=second), offer("Gift", contact_cost=third, minutes=fourth)
    choice = choose_by_gains(gains, treat, offers, Limits(*bounds))
    rows = np.flatnonzero(choice.offers != NONE)
    assert (gains[choice.offers[rows], rows] > 0).all()


def test_equal_customers_are_divided_between_two_offers_as_the_budget_allows():
    # At 4 a unit of money the offers are equal: half of the customers can get the better one, no price tells which.
    offers = offer("Dear", contact_cost=2, minutes=0), offer("Cheap", contact_cost=1, minutes=0)
    gains = np.vstack([np.full(100, 10.0), np.full(100, 6.0)])
    choice = choose_by_gains(gains, np.ones(100, np.bool_), offers, Limits(150, np.inf))
    assert np.bincount(choice.offers).tolist() == [50, 50]
    assert choice.prices.money == pytest.approx(4, rel=1e-5)


def test_held_out_customers_are_chosen_like_the_others_and_use_nothing():
    held, limited = candidates(20_000, hold_out=0.25), plan(budget=9_000, minutes=2_000)
    choice = choose(held, limited, assumed(limited.offers))
    for place in range(len(limited.offers)):
        chosen = choice.offers == place
        if chosen.sum() > 100:
            assert np.mean(~held.treat[chosen]) == pytest.approx(0.25, abs=0.1)
    everybody = choose(held.replaced(treat=np.ones(len(held), np.bool_)), limited, assumed(limited.offers))
    assert np.count_nonzero(choice.offers != NONE) > np.count_nonzero(everybody.offers != NONE)


@pytest.mark.parametrize(
    ("held", "limited"),
    [
        (candidates(0), plan(budget=100)),
        (candidates(1), plan(budget=0)),
        (candidates(100), plan(CALL, budget=0)),
        (candidates(100), plan(CALL, GIFT, minutes=0)),
        (candidates(100), plan(offer(contact_cost=1e6))),
        (candidates(100), plan(offer(rate=0.0))),
    ],
    ids=["nobody", "one customer", "no budget", "no time", "too dear for anybody", "saves nobody"],
)
def test_nobody_is_chosen(held, limited):
    choice = choose(held, limited, assumed(limited.offers))
    assert (choice.offers == NONE).all()
    assert len(choice.offers) == len(held)
    assert (choice.money, choice.minutes) == (0, 0)


def test_what_uses_nothing_of_a_limit_is_offered_though_nothing_is_left_of_it():
    held = candidates(100)
    assert (choose(held, plan(CALL, LETTER, minutes=0), assumed((CALL, LETTER))).offers == 1).any()
    free = offer("Free", contact_cost=0, minutes=3)
    assert (choose(held, plan(free, budget=0), assumed((free,))).offers == 0).all()


def test_one_customer_is_offered_the_best_there_is_room_for():
    held = Candidates(np.array([0.9]), np.array([300.0]), np.array([True]))
    assert choose(held, plan(budget=40), assumed(plan().offers)).offers.tolist() == [1]
    assert choose(held, plan(budget=33), assumed(plan().offers)).offers.tolist() == [0]
    assert choose(held, plan(budget=9), assumed(plan().offers)).offers.tolist() == [2]


def test_what_is_no_number_counts_as_nothing_and_money_stays_finite():
    nothing = np.array([np.nan, np.inf, -np.inf, 0.5])
    held = Candidates(nothing, nothing[::-1] * 1e300, np.ones(4, np.bool_))
    choice = choose(held, plan(), assumed(plan().offers))
    gains = gains_of(held, plan().offers)
    assert np.isfinite(gains).all()
    assert np.isfinite([choice.money, choice.minutes, *choice.prices]).all()


def test_prices_of_a_sample_are_those_of_all():
    held, limited = candidates(20_000), plan(budget=9_000, minutes=2_000)
    sample = choose(held.take(np.arange(0, 20_000, 2)), limited, assumed(limited.offers), 2.0)
    assert sample.prices == pytest.approx(choose(held, limited, assumed(limited.offers)).prices, rel=0.1)


@given(instances, st.integers(0, 2**16))
def test_the_order_of_customers_hardly_matters(instance, seed):
    gains, treat, _, _ = instance
    offers = (CALL, LETTER)
    order = np.random.default_rng(seed).permutation(len(treat))
    limits = Limits(np.inf, np.inf)
    choice = choose_by_gains(gains, treat, offers, limits)
    again = choose_by_gains(gains[:, order], treat[order], offers, limits)
    assert money_of(gains, choice, treat) == pytest.approx(money_of(gains[:, order], again, treat[order]), rel=1e-5)
