"""The verdict on a challenger; how often it is wrong is simulated by scripts/validation/experiments.py."""

import numpy as np
import pytest

from churn.experiments.paired_differences import Pairs, differences
from churn.experiments.verdict import verdict
from churn.model.scoring import sigmoids

VERSION = "20261130_061500"


def drawn(size, champion, challenger, seed=0):
    """Customers whose true log-odds either release knows with so much noise."""
    rng = np.random.default_rng(seed)
    log_odds = rng.normal(-1.4, 1.6, size)
    outcome = (rng.random(size) < sigmoids(log_odds)).astype(float)
    found = [sigmoids(log_odds + rng.normal(0, noise, size)) for noise in (champion, challenger)]
    return Pairs(outcome, *found, np.ones(size), np.arange(size))


def test_nothing_is_said_of_a_few_outcomes():
    pairs = drawn(60, 1.0, 0.1)
    left = int(pairs.outcome.sum())
    assert verdict(pairs, VERSION) == {
        "state": "alike",
        "words": (
            f"Nothing can be said of the challenger {VERSION} yet: outcomes are known of {left} customers who left and "
            f"{60 - left} who stayed, and 30 of either are needed."
        ),
        "more": None,
        "outcomes": 60,
        "promotable": False,
        "differences": {"log_loss": None, "brier": None, "roc_auc": None},
    }


def test_nothing_is_said_without_an_outcome():
    assert verdict(drawn(0, 1.0, 0.1), VERSION)["state"] == "alike"


def test_a_much_better_challenger_is_better_and_may_be_promoted():
    told = verdict(drawn(5_000, 1.0, 0.1), VERSION)
    gain = told["differences"]["log_loss"]
    assert (told["state"], told["promotable"], told["more"]) == ("better", True, None)
    assert told["words"] == (
        f"The challenger {VERSION} is better: over 5,000 outcomes its log loss is {gain['value']:.4f} lower (95 % sure "
        f"of {gain['low']:.4f} to {gain['high']:.4f} at every look). That is sure enough to promote it."
    )


def test_a_better_challenger_that_is_not_sure_enough_says_what_is_missing():
    pairs = drawn(1_500, 0.6, 0.1)
    told = verdict(pairs, VERSION)
    assert (told["state"], told["promotable"]) == ("better", False)
    assert told["words"].endswith(
        f"At the present difference about {told['more']:,} more outcomes would be enough to promote it by itself."
    )
    repeated = 1 + told["more"] / 1_500
    gain = differences(pairs)["log_loss"]
    assert gain.value - gain.reach(0.005, repeated) > 0.0005


def test_a_worse_challenger_is_worse():
    told = verdict(drawn(5_000, 0.1, 1.0), VERSION)
    gain = told["differences"]["log_loss"]
    assert (told["state"], told["promotable"], told["more"]) == ("worse", False, None)
    assert told["words"] == (
        f"The challenger {VERSION} is worse: over 5,000 outcomes its log loss is {-gain['value']:.4f} higher (95 % "
        f"sure of {-gain['high']:.4f} to {-gain['low']:.4f} at every look)."
    )


def test_alike_so_far_says_how_many_more_outcomes_would_tell():
    pairs = drawn(1_000, 0.5, 0.3)
    told = verdict(pairs, VERSION)
    assert (told["state"], told["promotable"]) == ("alike", False)
    assert told["words"] == (
        f"Alike so far: over 1,000 outcomes the log loss of the challenger {VERSION} is "
        f"{told['differences']['log_loss']['value']:.4f} lower; at the present difference about {told['more']:,} more "
        "outcomes would tell."
    )
    gain = differences(pairs)["log_loss"]
    assert gain.reach(times=1 + told["more"] / 1_000) == pytest.approx(gain.value, rel=0.05)


def test_a_difference_that_matters_to_nobody_is_bounded():
    told = verdict(drawn(3_000, 0.1, 0.1), VERSION)
    assert (told["state"], told["more"]) == ("alike", None)
    assert "and the difference is at most 0.00" in told["words"]


def test_a_release_that_says_the_same_is_named():
    pairs = drawn(500, 0.1, 0.1)
    told = verdict(pairs._replace(challenger=pairs.champion), VERSION)
    assert (told["state"], told["more"]) == ("alike", None)
    assert told["words"] == f"Alike: the challenger {VERSION} foretold the same as the champion, over 500 outcomes."


def test_a_lower_log_loss_with_a_certainly_worse_ranking_is_not_better():
    """The champion is far too sure of itself, but ranks better."""
    pairs = drawn(5_000, 0.1, 1.0)
    told = verdict(pairs._replace(champion=sigmoids(4 * np.log(pairs.champion / (1 - pairs.champion)))), VERSION)
    assert told["differences"]["log_loss"]["low"] > 0 > told["differences"]["roc_auc"]["high"]
    assert (told["state"], told["promotable"]) == ("alike", False)
    assert "not better in all: over 5,000 outcomes" in told["words"]
    assert told["words"].endswith(f"but its AUC is worse by {-told['differences']['roc_auc']['value']:.4f}.")


def test_a_certain_gain_that_is_too_small_is_not_promoted():
    pairs = drawn(100_000, 0.1, 0.05)
    told = verdict(pairs, VERSION)
    assert (told["state"], told["promotable"], told["more"]) == ("better", False, None)
    assert told["words"].endswith("A gain this small is not worth a promotion by itself.")
