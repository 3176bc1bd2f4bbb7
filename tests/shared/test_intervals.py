"""The interval of a share, against published values."""

import pytest

from churn.intervals import wilson


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
