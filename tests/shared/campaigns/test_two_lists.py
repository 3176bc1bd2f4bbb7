"""Two lists on one campaign: whom they draw, what is spent, and that the difference which is found is the true one."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from tests.shared.campaigns.contacted import AFTER, DURING, TERMS
from tests.shared.campaigns.made_up_campaign import CALL, GIFT, LETTER, candidates, offer, plan

from churn.campaigns.choice import choose
from churn.campaigns.holdout import HOLD_OUT, TREAT, held_out_at, places_of
from churn.campaigns.list_experiment import Side, plan_two_lists
from churn.campaigns.planning import Terms
from churn.campaigns.plans import Challenger, Plan
from churn.campaigns.prices import NONE
from churn.campaigns.rates import assumed
from churn.campaigns.results import compared
from churn.campaigns.two_lists import CHALLENGER, CHAMPION, LISTS, draw, in_every_offer

COUNT = 4_000
SHOWN = Terms("$", 3, 0.2)
BUDGET = 3_000.0


def places(seed: int, count: int = COUNT):
    return places_of(f"cam_{seed}", map(str, range(count)))


def other_scores(everybody, seed: int = 1):
    """The same customers as another release scores them."""
    noise = np.random.default_rng(seed).normal(0, 0.5, len(everybody))
    odds = np.log(everybody.probability / (1 - everybody.probability)) + noise
    return replace(everybody, probability=1 / (1 + np.exp(-odds)))


def tried(terms: Plan, *, seed: int = 0, scale: float = 1.0, scores=other_scores, count: int = COUNT):
    """A plan with a challenger, carried out: what was planned, and who was drawn."""
    everybody = candidates(count)
    every = terms.every_offer
    views = everybody, scores(everybody)
    own = assumed(every)
    theirs = {each.name: each for each in terms.challenger.offers}
    rates = own, assumed([theirs.get(each.name, each) for each in every])

    def side(view, rates):
        half = np.arange(count) < count // 2
        parts = half, ~half
        return Side(lambda treat: lambda: (view.replaced(treat=treat).take(rows) for rows in parts), rates)

    at = places(seed, count)
    sides = tuple(map(side, views, rates))
    return plan_two_lists(sides, terms, SHOWN, ~held_out_at(at, 0.2), at, scale)


def used(terms: Plan, drawn, name: str) -> float:
    costs = np.array([getattr(each, name) for each in terms.every_offer])
    return float(costs[drawn.offers[drawn.treat & (drawn.offers != NONE)]].sum())


PLANS = {
    "another release": plan(CALL, budget=BUDGET, challenger=Challenger(release="20261130_090000")),
    "another save rate": plan(
        CALL, LETTER, budget=BUDGET, challenger=Challenger(offers=(replace(CALL, saves=LETTER.saves), LETTER))
    ),
    "other offers": plan(CALL, budget=BUDGET, minutes=2_000.0, challenger=Challenger(offers=(GIFT,))),
    "both": plan(CALL, GIFT, budget=BUDGET, challenger=Challenger("20261130_090000", (LETTER, CALL))),
}


@pytest.mark.parametrize("terms", PLANS.values(), ids=PLANS)
def test_no_more_is_spent_than_the_limits_allow_whoever_is_drawn(terms: Plan):
    for seed in range(8):
        planned, drawn = tried(terms, seed=seed)
        assert used(terms, drawn, "spend") <= BUDGET
        assert planned.figures["spend"]["money"] == pytest.approx(used(terms, drawn, "spend"))
        if terms.minutes is not None:
            assert used(terms, drawn, "minutes") <= terms.minutes


@pytest.mark.parametrize("terms", PLANS.values(), ids=PLANS)
def test_only_customers_on_whom_the_lists_differ_are_drawn(terms: Plan):
    everybody, at = candidates(COUNT), places(0)
    planned, drawn = tried(terms)
    treat = ~held_out_at(at, 0.2)
    own = choose(everybody.replaced(treat=treat), replace(terms, challenger=None), assumed(terms.offers)).offers
    by = np.array(LISTS)[drawn.lists]
    assert (drawn.offers[by == CHAMPION] != NONE).all()
    called = drawn.treat & (drawn.offers != NONE)
    assert (drawn.offers[(by == CHAMPION) & called] == own[(by == CHAMPION) & called]).all()
    assert (own[(by == CHAMPION) & ~called] == NONE).all()
    agreed = (by == "both") & (drawn.offers != NONE)
    assert (drawn.offers[agreed] == own[agreed]).all()
    assert (drawn.treat[agreed] == treat[agreed]).all()
    assert treat[drawn.randomised].all()
    figures = planned.figures["experiment"]
    assert figures["randomised"] == int(drawn.randomised.sum()) > 20
    assert (by == CHAMPION).sum() == (by == CHALLENGER).sum()
    assert figures["both"] == agreed.sum()
    assert figures["treat"] == int((called & drawn.randomised).sum())
    differ = figures["champion_alone"] + figures["challenger_alone"] + figures["other_offer"]
    assert differ == figures["randomised"] + figures["left_off"]
    customers = planned.figures["customers"]
    assert customers["chosen"] == int((drawn.offers != NONE).sum())
    assert customers["treat"] == int(called.sum())


def test_a_file_of_which_prices_are_found_on_a_sample_keeps_to_the_limits_too():
    terms = replace(PLANS["another release"], budget=60_000.0)
    planned, drawn = tried(terms, count=120_000)
    spent = used(terms, drawn, "spend")
    assert 0.97 * terms.budget < spent <= terms.budget
    figures = planned.figures
    assert figures["spend"]["money"] == pytest.approx(spent)
    assert figures["customers"]["considered"] == 120_000
    assert figures["experiment"]["randomised"] == int(drawn.randomised.sum()) > 1_000


def test_of_each_kind_of_disagreement_half_get_what_either_list_says():
    rng = np.random.default_rng(0)
    champion, challenger = (rng.integers(-1, 3, 5_001).astype(np.int8) for _ in range(2))
    at = places(3, 5_001)
    drawn = draw(champion, challenger, ~held_out_at(at, 0.1), at)
    for first in range(-1, 3):
        for second in range(-1, 3):
            kind = (champion == first) & (challenger == second)
            by = np.bincount(drawn.lists[kind], minlength=3)
            assert by[1] == by[2]
            assert (by[1] == 0) == (first == second)
            left_off = kind & (drawn.offers == NONE) & ~held_out_at(at, 0.1)
            assert first == second or left_off.sum() <= 1


def test_another_campaign_draws_others():
    rng = np.random.default_rng(0)
    champion, challenger = (rng.integers(-1, 1, COUNT).astype(np.int8) for _ in range(2))
    everybody = np.ones(COUNT, np.bool_)
    one, same, other = (draw(champion, challenger, everybody, places(seed)).lists for seed in (1, 1, 2))
    assert (one == same).all()
    differs = champion != challenger
    assert 0.4 < (one == other)[differs].mean() < 0.6


def test_equal_lists_have_nothing_to_try():
    planned, drawn = tried(PLANS["another release"], scores=lambda everybody: everybody)
    figures = planned.figures["experiment"]
    assert not drawn.randomised.any()
    assert (figures["randomised"], figures["smallest_difference"], figures["costs"]) == (0, None, 0.0)
    assert any("nothing to try" in sentence for sentence in planned.figures["words"])


def test_what_it_can_show_is_told_before_it_starts():
    planned, _ = tried(PLANS["another release"])
    figures, words = planned.figures["experiment"], " ".join(planned.figures["words"])
    # Either release takes its own list to be the better one.
    assert figures["by_champion"]["money"] < 0 < figures["by_challenger"]["money"]
    assert figures["smallest_difference"] > 0
    assert figures["costs"] > 0
    assert "Two lists are tried" in words
    assert f"This shows a difference of {figures['smallest_difference']:,.0f} saved customers or more" in words
    doubled, _ = tried(replace(PLANS["another release"], budget=2 * BUDGET), scale=2.0)
    assert doubled.figures["experiment"]["randomised"] == 2 * figures["randomised"]


def test_the_challengers_picks_have_the_places_of_every_offer():
    terms = plan(CALL, LETTER, challenger=Challenger(offers=(GIFT, LETTER)))
    assert [each.name for each in terms.every_offer] == ["Call", "Letter", "Gift"]
    assert in_every_offer(np.array([NONE, 0, 1], np.int8), terms).tolist() == [NONE, 2, 1]
    own = replace(terms, challenger=Challenger("20261130_090000"))
    assert in_every_offer(np.array([1, NONE, 0], np.int8), own).tolist() == [1, NONE, 0]


class World:
    """Customers on whom two lists differ: whom they call, and whom a call keeps, the same in each trial."""

    def __init__(self, count: int, champion_saves: float, challenger_saves: float) -> None:
        rng = np.random.default_rng(count)
        self.p, self.value = rng.uniform(0.3, 0.9, count), rng.uniform(100, 500, count)
        half = np.arange(count) % 2 == 0  # an even number of either kind, so that nobody is left off
        self.champion = np.where(half, 0, NONE).astype(np.int8)
        self.challenger = np.where(half, NONE, 0).astype(np.int8)
        self.saves = np.where(half, champion_saves, challenger_saves)
        more = self.p * self.saves * np.where(half, -1.0, 1.0)
        self.saved, self.money = float(more.sum()), float(more @ self.value)

    def contacts(self, seed: int) -> pl.DataFrame:
        """Those who are drawn in a trial, with what became of them."""
        rng = np.random.default_rng(seed)
        count = len(self.p)
        drawn = draw(self.champion, self.challenger, np.ones(count, np.bool_), places(seed, count))
        left = rng.random(count) < self.p * (1 - np.where(drawn.treat, self.saves, 0.0))
        table = pl.DataFrame(
            {
                "probability": self.p,
                "value": self.value,
                "offer": "call",
                "expected_value": 0.3 * self.p * self.value - 10,
                "arm": np.where(drawn.treat, TREAT, HOLD_OUT),
                "list": [LISTS[place] for place in drawn.lists],
                "left_at": pl.Series([DURING if one else None for one in left], dtype=pl.Date),
                "stayed_until": pl.Series([None if one else AFTER for one in left], dtype=pl.Date),
                "accepted": pl.Series([None] * count, dtype=pl.Boolean),
                "cost": pl.Series([None] * count, dtype=pl.Float64),
            }
        )
        return table.filter(pl.col("list") != "both")


TRIALS = 400


@pytest.mark.parametrize(("champion", "challenger"), [(0.3, 0.3), (0.1, 0.5), (0.0, 0.0), (0.4, -0.1)])
def test_the_interval_holds_the_true_difference_and_has_no_bias(champion, challenger):
    world = World(600, champion, challenger)
    terms = TERMS._replace(offers=(offer("call"),))
    found = [compared(world.contacts(seed), terms, final=True) for seed in range(TRIALS)]
    for name, member, truth in (("saved", "customers", world.saved), ("money", "saved", world.money)):
        values = np.array([each[name][member] for each in found])
        covered = np.mean([each[name]["low"] <= truth <= each[name]["high"] for each in found])
        error = (values.mean() - truth) / (values.std() / TRIALS**0.5)
        assert abs(error) < 3.5, (name, error)
        assert covered > 0.93, (name, covered)


def test_looks_on_the_way_hardly_ever_say_what_is_not_true():
    world, wrong = World(600, 0.3, 0.3), 0
    terms = TERMS._replace(offers=(offer("call"),))
    for seed in range(100):
        contacts = world.contacts(seed)
        order = np.random.default_rng(seed).permutation(contacts.height)
        unknown = {"left_at": None, "stayed_until": None}
        for share in (0.2, 0.4, 0.6, 0.8, 1.0):
            known = pl.Series(order < share * contacts.height)
            rows = contacts.with_columns(
                pl.when(known).then(pl.col(name)).otherwise(pl.lit(None)).alias(name) for name in unknown
            )
            found = compared(rows, terms, final=False)
            assert found["difference"]["interval"] == "always_valid"
            saved = found["saved"]
            if saved["customers"] is not None and not saved["low"] <= world.saved <= saved["high"]:
                wrong += 1
                break
    assert wrong <= 5
