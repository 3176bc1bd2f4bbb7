"""The interval of a share, against published values; and that which holds at all looks, against its formula."""

import math

import pytest

from churn.intervals import NORMAL_95, always_valid_reach, wilson


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611), (1, 29, 0.0061, 0.1718)],
    ids=lambda value: str(value),
)
def test_wilsons_interval_has_its_published_values(successes, trials, low, high):
    """Of Newcombe (1998, "Two-sided confidence intervals for the single proportion", table I, method 3)."""
    assert wilson(successes, trials) == pytest.approx((low, high), abs=1e-4)


def test_without_a_trial_nothing_is_known():
    assert wilson(0, 0) == (0, 1)


def test_the_always_valid_interval_has_its_formula():
    """Of Waudby-Smith et al. (2024, equation 6) for n = 500, σ² = 2 and ρ = .1."""
    n, variance, rho, alpha = 500, 2.0, 0.1, 0.05
    inner = n * variance * rho**2 + 1
    expected = math.sqrt(2 * inner / (n**2 * rho**2) * math.log(math.sqrt(inner) / alpha))
    horizon = (-2 * math.log(alpha) + math.log(-2 * math.log(alpha)) + 1) / rho**2
    assert always_valid_reach(variance / n, n * variance / horizon) == pytest.approx(expected)


def test_the_always_valid_interval_has_the_widths_that_are_documented(root):
    text = " ".join((root / "docs" / "experiments.md").read_text().split())
    narrowest = always_valid_reach(1.0, 1)
    assert f"where it reaches {narrowest:.2f} standard errors instead of {NORMAL_95:.2f}" in text
    assert "less than a quarter wider than that" in text
    assert max(always_valid_reach(1.0, elapsed) for elapsed in (0.1, 10)) < 1.25 * narrowest


@pytest.mark.parametrize("alpha", [0.05, 0.01])
def test_the_always_valid_interval_is_narrowest_against_a_plain_one_when_it_is_to_be(alpha):
    factors = [always_valid_reach(1.0, elapsed, alpha) for elapsed in (0.1, 0.5, 0.8, 1.0, 1.25, 2, 10)]
    assert min(factors) == pytest.approx(factors[3], rel=0.01)
    assert factors[0] > factors[1] > factors[3] < factors[5] < factors[6]
