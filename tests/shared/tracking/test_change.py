"""The verdict on what came of predictions; how often it is wrong is simulated by scripts/validation/change.py."""

import math

import numpy as np
import pytest

from churn.tracking.change import ALPHA, Evidence, ranking_test, rate_test, verdict
from churn.tracking.figures import Sample

PROMISED = 0.8


def drawn(size, seed, *, shift=0.0, kept=1.0, mean=-1.4):
    """Customers who leave by log-odds that are `shift` above the predicted ones and correlate with them by `kept`."""
    rng = np.random.default_rng(seed)
    log_odds = rng.normal(mean, 1.9, size)
    true = mean + kept * (log_odds - mean) + rng.normal(0, 1.9 * math.sqrt(1 - kept**2), size) + shift
    outcome = (rng.random(size) < 1 / (1 + np.exp(-true))).astype(float)
    return Sample(outcome, 1 / (1 + np.exp(-log_odds)), np.ones(size), np.arange(size))


def months(*samples):
    return [Evidence(f"2026-{number:02}", number, sample) for number, sample in enumerate(samples, 1)]


def test_nothing_is_said_of_a_few_customers():
    told = verdict(months(drawn(29, 1)), PROMISED)
    assert told == {
        "state": "none",
        "words": "No whole ripe month has 30 known outcomes, of half of its customers or more: nothing can be said.",
        "since": None,
    }
    assert verdict([], PROMISED) == told


def test_right_probabilities_have_no_findings():
    told = verdict(months(*(drawn(2000, seed) for seed in range(12))), PROMISED)
    assert (told["state"], told["since"]) == ("none", None)


def test_a_changed_ranking_is_named_in_its_first_month():
    told = verdict(months(drawn(2000, 1), drawn(2000, 2), drawn(2000, 3, kept=0.57)), PROMISED)
    assert (told["state"], told["since"]) == ("alarm", "2026-03")
    assert "The ranking is worse than promised: an AUC of 0.677" in told["words"]
    assert told["words"].endswith("Train again with the outcomes that are known since.")


@pytest.mark.parametrize(("shift", "words"), [(0.6, "More customers left"), (-0.6, "Fewer customers left")])
def test_a_changed_rate_is_named_with_its_direction_and_the_ranking_is_not(shift, words):
    told = verdict(months(drawn(2000, 1, shift=shift)), PROMISED)
    assert told["state"] == "alarm"
    assert words in told["words"]
    assert "ranking" not in told["words"]


def test_a_small_change_of_many_customers_is_a_notice():
    told = verdict(months(drawn(200_000, 1, shift=0.07)), PROMISED)
    assert told["state"] == "notice"
    assert "certain but small" in told["words"]


def test_a_ranking_that_keeps_what_was_promised_is_no_alarm():
    """Probabilities that are too sure of themselves promise more than the release's own test figures do."""
    told = verdict(months(drawn(2000, 1, kept=0.57)), 0.6)
    assert told["state"] == "notice"


def test_an_alarm_becomes_a_notice_after_three_quiet_months():
    history = [drawn(2000, 1, shift=1), drawn(2000, 2), drawn(2000, 3)]
    assert verdict(months(*history), PROMISED)["state"] == "alarm"
    told = verdict(months(*history, drawn(2000, 4)), PROMISED)
    assert (told["state"], told["since"]) == ("notice", "2026-01")
    assert told["words"].endswith("The last 3 ripe months show nothing of the kind.")


def test_the_rate_test_bounds_the_binomial_tail():
    """For equal probabilities the exact tail is known; the bound is above it, and within a factor of ten."""
    probability, size = 0.03, 50
    for left in (4, 6, 9):
        outcome = (np.arange(size) < left).astype(float)
        got = rate_test(Sample(outcome, np.full(size, probability), np.ones(size), np.arange(size)))
        chances = [math.comb(size, k) * probability**k * (1 - probability) ** (size - k) for k in range(left, size + 1)]
        assert 2 * sum(chances) < got < 20 * sum(chances)


def test_everybody_and_nobody_leaving_is_as_unlikely_as_it_is():
    probability, ones = np.full(40, 0.25), np.ones(40)
    nobody = rate_test(Sample(np.zeros(40), probability, ones, np.arange(40)))
    everybody = rate_test(Sample(ones, probability, ones, np.arange(40)))
    assert nobody == pytest.approx(2 * 0.75**40, rel=1e-3)
    assert everybody == pytest.approx(2 * 0.25**40, rel=1e-3)


def test_a_ranking_that_is_better_than_expected_is_no_finding():
    sample = drawn(1000, 1)
    assert ranking_test(sample._replace(outcome=(sample.probability > 0.5).astype(float))) == 1


def test_weights_count():
    sample = drawn(500, 1, shift=0.3)
    assert rate_test(sample._replace(weight=np.full(500, 7.0))) == pytest.approx(rate_test(sample))


def test_all_months_together_spend_no_more_than_there_is():
    assert sum(ALPHA * 6 / (math.pi * number) ** 2 for number in range(1, 100_000)) < ALPHA
