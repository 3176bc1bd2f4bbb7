"""The difference of two arms: its intervals against published values and by simulation."""

import numpy as np
import pytest
from scipy import stats

from churn.campaigns.differences import Arms, always_valid, at_one_look, sample_ratio


@pytest.mark.parametrize(
    ("arms", "low", "high"),
    [
        (Arms(70, 56, 80, 48), 0.0524, 0.3339),
        (Arms(10, 9, 10, 3), 0.1705, 0.8090),
        (Arms(7, 6, 7, 2), 0.0582, 0.8062),
        (Arms(56, 5, 29, 0), -0.0381, 0.1926),
        (Arms(10, 0, 20, 0), -0.1611, 0.2775),
        (Arms(10, 10, 20, 0), 0.6791, 1.0),
    ],
    ids=lambda value: str(value),
)
def test_the_interval_has_its_published_values(arms, low, high):
    """Of Newcombe (1998, "Interval estimation for the difference between independent proportions", table II)."""
    assert at_one_look(arms) == pytest.approx((low, high), abs=2e-4)


@pytest.mark.parametrize(("treated", "held_out"), [(900, 100), (450, 50), (800, 200)])
def test_the_interval_holds_the_truth_as_often_as_it_says(treated, held_out):
    rng = np.random.default_rng(treated)
    drawn = zip(rng.binomial(treated, 0.35, 4000), rng.binomial(held_out, 0.5, 4000), strict=True)
    bounds = [at_one_look(Arms(treated, one, held_out, other)) for one, other in drawn]
    covered = np.mean([low <= -0.15 <= high for low, high in bounds])
    assert 0.94 <= covered <= 0.965


def test_the_sequence_is_wider_than_the_plain_interval_and_narrows():
    widths = []
    for share in (0.05, 0.2, 0.5, 1.0):
        arms = Arms(900 * share, 360 * share, 100 * share, 40 * share)
        low, high = always_valid(arms, Arms(900, 0, 100, 0).size, 0.4)
        assert high - low > np.subtract(*at_one_look(arms)[::-1])
        widths.append(high - low)
    assert widths == sorted(widths, reverse=True)
    assert low < 0 < high


@pytest.mark.parametrize("chosen", [100, 1_000])
def test_weekly_looks_at_the_sequence_seldom_find_what_is_not_there(chosen):
    """As few as 2 in a hundred, where plain intervals find 20; scripts/validation/campaigns.py tries more."""
    rng = np.random.default_rng(chosen)
    held, found = chosen // 10, 0
    for _ in range(300):
        left = rng.exponential(20, chosen)
        looks = [
            Arms(chosen - held, (left[held:] < week).sum(), held, (left[:held] < week).sum()) for week in range(1, 13)
        ]
        bounds = [always_valid(arms, looks[0].size, 0.45) for arms in looks]
        found += any(not low <= 0 <= high for low, high in bounds)
    assert found <= 0.05 * 300


def test_the_sequence_knows_little_where_nobody_left_yet():
    low, high = always_valid(Arms(900, 0, 100, 0), Arms(900, 0, 100, 0).size, 0.4)
    assert -0.15 < low < 0 < high < 0.15


def test_no_bound_of_the_sequence_is_beyond_what_shares_can_differ_by():
    everybody = Arms(900, 0, 100, 0).size
    assert always_valid(Arms(2, 0, 2, 2), everybody, 0.4)[1] == 1
    assert always_valid(Arms(2, 2, 2, 0), everybody, 0.4)[0] == -1


@pytest.mark.parametrize(("treated", "held_out", "share"), [(900, 100, 0.1), (900, 140, 0.1), (700, 200, 0.2)])
def test_the_sample_ratio_is_tested_by_chi_squared(treated, held_out, share):
    found = sample_ratio(treated, held_out, share)
    total = treated + held_out
    expected = stats.chisquare([treated, held_out], [(1 - share) * total, share * total]).pvalue
    assert found["p"] == pytest.approx(expected)
    assert found["suspicious"] == (expected < 0.001)
    assert (found["expected_share"], found["share"]) == (share, held_out / total)


def test_the_sample_ratio_of_nobody_is_not_suspicious():
    assert sample_ratio(0, 0, 0.1) == {"expected_share": 0.1, "share": None, "p": None, "suspicious": False}
