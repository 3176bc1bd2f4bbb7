"""Which of two releases foretells better: their differences on the same customers, by intervals that hold at all looks.

Both have scored the same customers, so what makes a customer hard to foretell takes from both alike and is not in the
difference: it takes a fraction of the outcomes that two separate halves of the customers would.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from churn.intervals import always_valid_reach, clustered_variance
from churn.tracking.figures import Figure, Floats, Sample, auc_influence, log_losses

LEAST_OF_EITHER = 30
"""Fewer customers who left, or who stayed, say too little: a normal law does not hold for their differences yet."""

# Of the log loss: no customer can add more than log 9,999 = 9.21 to a difference, so that a single one who was thought
# certain does not decide. Both releases are clipped alike, and few probabilities are out there.
_CLIP = 1e-4

# The number of outcomes at which intervals are narrowest: about so many tell a gain of .005 in log loss. At a tenth of
# it, and at ten times, they are less than a quarter wider than they could be.
_HORIZON = 4_000


class Pairs(NamedTuple):
    """What two releases said of the same customers whose outcome is known, in any order; every array has shape (n,)."""

    outcome: NDArray[np.number]
    """1 where the customer left, 0 where not."""
    champion: Floats
    """The probabilities of the release in service."""
    challenger: Floats
    weight: Floats
    """How many customers a row stands for."""
    customer: NDArray[np.integer]
    """A number from 0 for each customer: all rows of one are one witness."""


class Difference(NamedTuple):
    """By how much the challenger is better in a figure; negative where it is worse."""

    value: float
    variance: float
    outcomes: float
    """How many independent outcomes, each counting once, would tell as much."""

    def reach(self, alpha: float = 0.05, times: float = 1.0) -> float:
        """How far the interval of all looks reaches; `times` foretells it for so many times as many outcomes."""
        return always_valid_reach(self.variance / times, times * self.outcomes / _HORIZON, alpha)

    def figure(self) -> Figure:
        """The value with its 95 % interval at all looks together."""
        reach = self.reach()
        return {"value": self.value, "low": self.value - reach, "high": self.value + reach}


def witnesses(pairs: Pairs) -> tuple[int, int]:
    """How many different customers are known to have left, and how many to have stayed."""
    left = pairs.outcome == 1
    return len(np.unique(pairs.customer[left])), len(np.unique(pairs.customer[~left]))


def differences(pairs: Pairs) -> dict[str, Difference] | None:
    """The differences in log loss, Brier score and AUC by name; None with too few customers of either outcome.

    Of the AUCs by the differences of DeLong's placements (DeLong, DeLong & Clarke-Pearson 1988, "Comparing the areas
    under two or more correlated ROC curves"). A customer's rows are added up, as in `churn.tracking.figures`.
    """
    if min(witnesses(pairs)) < LEAST_OF_EITHER:
        return None
    squares = [(probability - pairs.outcome) ** 2 for probability in (pairs.champion, pairs.challenger)]
    (champion, placed), (challenger, placed_anew) = (
        auc_influence(Sample(pairs.outcome, probability, pairs.weight, pairs.customer))
        for probability in (pairs.champion, pairs.challenger)
    )
    return {
        "log_loss": _mean(pairs, log_loss_gains(pairs)),
        "brier": _mean(pairs, squares[0] - squares[1]),
        "roc_auc": _difference(pairs, challenger - champion, placed_anew - placed),
    }


def log_loss_gains(pairs: Pairs) -> Floats:
    """By how much the challenger's log loss of each row is lower, shape (n,)."""
    champion, challenger = (
        np.clip(probability, _CLIP, 1 - _CLIP) for probability in (pairs.champion, pairs.challenger)
    )
    return log_losses(pairs.outcome, champion) - log_losses(pairs.outcome, challenger)


def _mean(pairs: Pairs, gains: Floats) -> Difference:
    total = pairs.weight.sum()
    value = float(pairs.weight @ gains / total)
    return _difference(pairs, value, pairs.weight * (gains - value) / total)


def _difference(pairs: Pairs, value: float, influence: Floats) -> Difference:
    """From the influence values of its rows."""
    variance = clustered_variance(influence, pairs.customer)
    rows = float(pairs.weight.sum() ** 2 / (pairs.weight @ pairs.weight))
    return Difference(value, variance, rows * float(influence @ influence) / variance if variance else rows)
