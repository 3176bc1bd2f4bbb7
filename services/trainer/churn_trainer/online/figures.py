"""How well outcomes were foretold, each before it was learned (Dawid 1984, "The prequential approach").

Sums and counts alone are kept: nothing of a single customer.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from churn.tracking.figures import Floats, log_losses

# An AUC from so many bins of equal width differs from the exact one by less than .001.
_BINS = 200


class Tally(NamedTuple):
    """Sums over predictions, weighted."""

    rows: int = 0
    log_loss: float = 0.0
    brier: float = 0.0
    left: tuple[float, ...] = (0.0,) * _BINS
    """Customers who left, by bins of equal width of the probability, of which each includes its upper end."""
    stayed: tuple[float, ...] = (0.0,) * _BINS

    def with_rows(self, churn: NDArray[np.int8], probability: Floats, weight: Floats) -> "Tally":
        """The same with n more predictions, all of shape (n,)."""
        bins = np.clip(np.ceil(probability * _BINS).astype(np.intp) - 1, 0, _BINS - 1)
        left, stayed = (
            np.array(before) + np.bincount(bins, weight * (churn == outcome), _BINS)
            for before, outcome in ((self.left, 1), (self.stayed, 0))
        )
        return Tally(
            self.rows + len(churn),
            self.log_loss + float(weight @ log_losses(churn, probability)),
            self.brier + float(weight @ (probability - churn) ** 2),
            tuple(left.tolist()),
            tuple(stayed.tolist()),
        )

    @property
    def weight(self) -> float:
        """The sum of all weights."""
        return float(sum(self.left) + sum(self.stayed))

    def figures(self) -> dict[str, float]:
        """log_loss, brier and accuracy, and roc_auc where there are both outcomes; empty without a prediction."""
        left, stayed = np.array(self.left), np.array(self.stayed)
        total = self.weight
        if not total:
            return {}
        half = _BINS // 2
        found = {
            "log_loss": self.log_loss / total,
            "brier": self.brier / total,
            "accuracy": float(left[half:].sum() + stayed[:half].sum()) / total,
        }
        if left.any() and stayed.any():
            below = np.cumsum(stayed) - stayed / 2
            found["roc_auc"] = float(left @ below / (left.sum() * stayed.sum()))
        return found

    def counts(self, bins: int) -> tuple[int, ...]:
        """How many predictions there were in each of so many bins of equal width, which divide those that are kept."""
        held = (np.array(self.left) + np.array(self.stayed)).reshape(bins, -1).sum(axis=1)
        return tuple(np.rint(held).astype(int).tolist())
