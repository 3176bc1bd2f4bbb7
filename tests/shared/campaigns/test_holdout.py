"""Who is held out, and how many that should be."""

import hashlib
import math

import numpy as np
import pytest
from scipy import stats

from churn.campaigns.holdout import held_out, needed, share_needed, smallest_save_rate

CUSTOMERS = [f"{number:05d}-ABCDE" for number in range(50_000)]


def test_the_arm_follows_from_the_two_ids():
    for customer, out in zip(CUSTOMERS[:200], held_out("cam_1", CUSTOMERS[:200], 0.3), strict=True):
        digest = hashlib.sha256(f"cam_1:{customer}".encode()).digest()
        assert out == (int.from_bytes(digest[:8], "big") / 2**64 < 0.3)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.1, 0.2, 0.5])
def test_as_many_are_held_out_as_chance_allows(share):
    count = int(held_out("cam_1", CUSTOMERS, share).sum())
    assert stats.binomtest(count, len(CUSTOMERS), share).pvalue > 0.001


def test_a_larger_share_holds_the_same_customers_out_and_more():
    assert not (held_out("cam_1", CUSTOMERS, 0.1) & ~held_out("cam_1", CUSTOMERS, 0.2)).any()


def test_campaigns_know_nothing_of_each_other():
    first, second = (held_out(campaign, CUSTOMERS, 0.2) for campaign in ("cam_1", "cam_2"))
    table = [[int(((first == one) & (second == other)).sum()) for one in (False, True)] for other in (False, True)]
    assert stats.chi2_contingency(table).pvalue > 0.001


def test_nobody_is_held_out_of_nobody():
    assert held_out("cam_1", [], 0.1).shape == (0,)


@pytest.mark.parametrize(
    ("save_rate", "share", "count"), [(0.2, 0.1, 2128), (0.2, 0.2, 1202), (0.3, 0.1, 917), (0.3, 0.2, 520)]
)
def test_as_many_are_needed_as_is_known(save_rate, share, count):
    assert needed(0.5, save_rate, share) == pytest.approx(count, abs=0.6)


def test_the_number_needed_has_the_power_that_it_is_to_have():
    rng = np.random.default_rng(1)
    chosen, repeats = math.ceil(needed(0.4, 0.25, 0.15)), 20_000
    out = round(0.15 * chosen)
    treated, held = rng.binomial(chosen - out, 0.3, repeats), rng.binomial(out, 0.4, repeats)
    pooled = (treated + held) / chosen
    deviation = np.sqrt(pooled * (1 - pooled) * (1 / (chosen - out) + 1 / out))
    z = np.abs(treated / (chosen - out) - held / out) / deviation
    assert (z > 1.96).mean() == pytest.approx(0.8, abs=0.015)


@pytest.mark.parametrize(
    ("chosen", "save_rate", "share", "shows"),
    [
        (5000, 0.3, 0.1, True),
        (800, 0.3, 0.15, True),
        (600, 0.3, 0.2, True),
        (420, 0.3, 0.3, True),
        (300, 0.3, 0.2, False),
    ],
)
def test_the_smallest_share_is_taken_that_shows_what_is_assumed(chosen, save_rate, share, shows):
    assert share_needed(chosen, 0.5, save_rate) == share
    assert (smallest_save_rate(chosen, 0.5, share) <= save_rate) == shows


def test_a_small_share_shows_large_save_rates_alone():
    assert smallest_save_rate(500, 0.5, 0.05) == pytest.approx(0.52, abs=0.005)


@pytest.mark.parametrize(
    ("chosen", "churn", "share"), [(10, 0.5, 0.1), (0, 0.5, 0.2), (1000, 0.0, 0.2), (1000, 0.5, 0.0)]
)
def test_so_few_show_nothing(chosen, churn, share):
    assert smallest_save_rate(chosen, churn, share) is None


@pytest.mark.parametrize("share", [0.1, 0.3])
def test_the_smallest_save_rate_is_that_of_which_so_many_are_needed(share):
    rate = smallest_save_rate(1500, 0.45, share)
    assert needed(0.45, rate, share) == pytest.approx(1500, rel=0.002)


def test_a_negative_rate_that_was_measured_is_not_shown():
    assert share_needed(5000, 0.5, -0.1) == 0.2
