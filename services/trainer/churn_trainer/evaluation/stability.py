"""Whether reasons hold still: for how many customers the first one stays when the model is fitted again."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from churn.customer.declaration import Customer
from churn.model.scoring import FloatArray, Scorer

# The least share of customers whose first reason has to stay.
KEPT = 0.9

# Below so many customers no way of fitting or sharing out makes reasons hold still that well, and nor do the measured
# effects of a forest. They are released if most first reasons stay, and the share is told with them.
MANY_CUSTOMERS, KEPT_BY_MOST = 2_500, 0.6


@dataclass(frozen=True, slots=True)
class Stability:
    """The share of customers whose first reason, its field and its direction, is the one of the model in question: the
    mean over the refits, and the lowest of them. `customers` were asked about; `limit` is the least share wanted."""

    first_reason_kept: float
    lowest: float
    refits: int
    customers: int
    limit: float

    @property
    def meaning(self) -> str:
        return (
            f"When the whole fit was repeated on {self.refits} resamples of its customers, the first reason was the "
            f"same, in field and direction, for {self.first_reason_kept:.1%} of {self.customers:,} customers on "
            f"average, and for {self.lowest:.1%} in the refit that differed most."
        )

    @property
    def passed(self) -> bool:
        return self.first_reason_kept >= self.limit


def stability(scorer: Scorer, refitted: Sequence[Scorer], fitted_on: int, customers: Customer) -> Stability:
    """Of a scorer that was fitted on so many customers, by its refits, for the customers given."""
    limit = KEPT if scorer.additive and fitted_on >= MANY_CUSTOMERS else KEPT_BY_MOST
    first = first_reasons(scorer.effects_table(customers))
    kept = [float((first_reasons(refit.effects_table(customers)) == first).mean()) for refit in refitted]
    return Stability(float(np.mean(kept)), min(kept), len(kept), len(first), limit)


def first_reasons(effects: FloatArray) -> NDArray[np.intp]:
    """Of n customers the field with the largest effect by size, counted from 1, negative where it lowers the risk."""
    largest = np.abs(effects).argmax(axis=1)
    raises = np.take_along_axis(effects, largest[:, None], axis=1)[:, 0] > 0
    first: NDArray[np.intp] = (largest + 1) * np.where(raises, 1, -1)
    return first
