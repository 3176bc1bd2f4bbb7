"""Whether reasons are stable: for how many customers the first reason stays when the model is fitted again."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from churn.customer.declaration import Customer
from churn.model.scoring import FloatArray, Scorer

# The smallest share of customers whose first reason has to stay.
KEPT = 0.9

# With fewer customers than this no way of fitting or attributing makes reasons that stable, and neither are the
# measured effects of a forest at any size, nor those of columns that nobody made by hand: two say nearly the same, and
# now one comes first, now the other. Such models are released if most first reasons stay, with the share shown: in
# operators' tables 65 % and more do, in one of noise 49 %.
MANY_CUSTOMERS, KEPT_BY_MOST = 2_500, 0.6


@dataclass(frozen=True, slots=True)
class Stability:
    """The share of customers whose first reason has the same field and direction in a refit as in the model itself.

    `first_reason_kept` is the mean over the refits and `lowest` the smallest, 0 to 1, over so many `customers`; `limit`
    is the share that a release needs.
    """

    first_reason_kept: float
    lowest: float
    refits: int
    customers: int
    limit: float

    @property
    def meaning(self) -> str:
        """The figures as a sentence, for the model card and the site."""
        return (
            f"When the whole fit was repeated on {self.refits} resamples of its customers, the first reason was the "
            f"same, in field and direction, for {self.first_reason_kept:.1%} of {self.customers:,} customers on "
            f"average, and for {self.lowest:.1%} in the refit that differed most."
        )

    @property
    def passed(self) -> bool:
        """Whether the mean share reaches the limit."""
        return self.first_reason_kept >= self.limit


def stability(
    scorer: Scorer, refitted: Sequence[Scorer], fitted_on: int, customers: Customer, *, hand_made: bool = True
) -> Stability:
    """The stability of a scorer's reasons for these customers, by refits of the same model.

    `fitted_on` is the number of customers that the scorer was fitted on, and `hand_made` whether its columns were
    written by hand; they set the limit.
    """
    limit = KEPT if scorer.additive and hand_made and fitted_on >= MANY_CUSTOMERS else KEPT_BY_MOST
    first = first_reasons(scorer.effects_table(customers))
    kept = [float((first_reasons(refit.effects_table(customers)) == first).mean()) for refit in refitted]
    return Stability(float(np.mean(kept)), min(kept), len(kept), len(first), limit)


def first_reasons(effects: FloatArray) -> NDArray[np.intp]:
    """For effects of shape (n, fields), each customer's field with the largest absolute effect, shape (n,).

    Fields are counted from 1; the number is negative if the field lowers the risk.
    """
    largest = np.abs(effects).argmax(axis=1)
    raises = np.take_along_axis(effects, largest[:, None], axis=1)[:, 0] > 0
    first: NDArray[np.intp] = (largest + 1) * np.where(raises, 1, -1)
    return first
