"""The figures of predictions against outcomes, written down once more as plainly as their definitions are.

It shares no code with churn.tracking, which it is there to check. p, y and w are the probabilities, the outcomes (1:
left) and the weights, all of shape (n,).
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FEWEST = 30
"""Fewer outcomes than this make no figure."""

# A probability as close to 0 or 1 as this counts as this close in the log loss, which is infinite there otherwise.
_CLOSEST = float(np.finfo(np.float64).eps)


def churn_rate(p: Floats, y: Floats, w: Floats) -> float:
    """The weighted share of those who left."""
    del p
    return math.fsum(w * y) / math.fsum(w)


def roc_auc(p: Floats, y: Floats, w: Floats) -> float:
    """The weighted share of pairs of a leaver and a stayer in which the leaver is ranked higher; ties count half."""
    stayed, left = y == 0, y == 1
    order = np.argsort(p[stayed], kind="stable")
    others, weights = p[stayed][order], np.concatenate([[0.0], np.cumsum(w[stayed][order])])
    below = weights[np.searchsorted(others, p[left], "left")]
    up_to = weights[np.searchsorted(others, p[left], "right")]
    return math.fsum(w[left] * (below + up_to) / 2) / (math.fsum(w[left]) * math.fsum(w[stayed]))


def log_loss(p: Floats, y: Floats, w: Floats) -> float:
    """The weighted mean of −log of the probability of what happened."""
    happened = np.clip(np.where(y == 1, p, 1 - p), _CLOSEST, 1 - _CLOSEST)
    return -math.fsum(w * np.log(happened)) / math.fsum(w)


def brier(p: Floats, y: Floats, w: Floats) -> float:
    """The weighted mean of the squared error."""
    return math.fsum(w * (p - y) ** 2) / math.fsum(w)


def calibration(p: Floats, y: Floats, w: Floats) -> float:
    """How many left for each who was expected to."""
    return math.fsum(w * y) / math.fsum(w * p)


def lift(p: Floats, y: Floats, w: Floats) -> float:
    """The churn rate of the tenth with the highest probabilities, divided by that of all.

    Equal probabilities at the end of the tenth share the places that are left.
    """
    places = max(1, round(len(p) / 10)) / len(p) * math.fsum(w)
    left, taken = 0.0, 0.0
    for probability in sorted(set(p.tolist()), reverse=True):
        equal = p == probability
        part = min(1.0, (places - taken) / math.fsum(w[equal]))
        if part <= 0:
            break
        left, taken = left + part * math.fsum((w * y)[equal]), taken + part * math.fsum(w[equal])
    return left / places / churn_rate(p, y, w)


FIGURES: dict[str, Callable[[Floats, Floats, Floats], float]] = {
    "churn_rate": churn_rate,
    "roc_auc": roc_auc,
    "log_loss": log_loss,
    "brier": brier,
    "calibration": calibration,
    "lift": lift,
}

_OF_TWO_KINDS = {"roc_auc", "lift"}


def figures(p: Floats, y: Floats, w: Floats) -> dict[str, float | None]:
    """Every figure by its name; None where there are too few outcomes, or only one kind of them."""
    if len(p) < FEWEST:
        return dict.fromkeys(FIGURES)
    of_two_kinds = 0 < y.sum() < len(y)
    return {
        name: None if name in _OF_TWO_KINDS and not of_two_kinds else figure(p, y, w)
        for name, figure in FIGURES.items()
    }


def expected(p: Floats) -> dict[str, float | None]:
    """The figures that the probabilities alone promise, by their names."""
    if len(p) < FEWEST:
        return dict.fromkeys(("churn_rate", "roc_auc", "log_loss", "brier"))
    inner = np.clip(p, _CLOSEST, 1 - _CLOSEST)
    entropy = -inner * np.log(inner) - (1 - inner) * np.log(1 - inner)
    return {
        "churn_rate": math.fsum(p) / len(p),
        "roc_auc": _expected_auc(p),
        "log_loss": math.fsum(entropy) / len(p),
        "brier": math.fsum(p * (1 - p)) / len(p),
    }


def _expected_auc(p: Floats) -> float | None:
    """Over pairs of customers of whom one leaves and one stays; None where not even one is expected to."""
    if min(math.fsum(p), math.fsum(1 - p)) < 1:
        return None
    ordered = np.sort(p)
    staying = np.concatenate([[0.0], np.cumsum(1 - ordered)])
    below = staying[np.searchsorted(ordered, p, "left")]
    up_to = staying[np.searchsorted(ordered, p, "right")]
    itself = p * (1 - p)
    pairs = math.fsum(p) * math.fsum(1 - p) - math.fsum(itself)
    return (math.fsum(p * (below + up_to) / 2) - math.fsum(itself) / 2) / pairs
