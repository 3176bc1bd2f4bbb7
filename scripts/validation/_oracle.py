"""The save rate as one would measure it who knew of which kind a world is, and that the scores are right."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from churn.campaigns.contacts import SEGMENT
from churn.campaigns.holdout import TREAT
from churn.campaigns.save_rates import Segments
from scripts.validation._worlds import CONTRACTS, Floats, Kind

# The weights of outcomes depend on the rates that are sought: so often they are computed anew.
_STEPS = 3

# A chance outside this range is taken to vary as at its ends.
_VARIES = (0.02, 0.98)


@dataclass(frozen=True)
class Oracle:
    """A rate of this kind; implements SaveRates."""

    kind: Kind
    campaign: str | None = None

    def rates(self, probability: Floats, segments: Segments) -> Floats:
        """The rate of each customer."""
        return np.clip(self.kind.saves(probability, segments["Contract"][0]), -1.0, 1.0)

    def over(self, probability: Floats, segments: Segments) -> tuple[float, float, float]:
        """The rate over all of them, thrice."""
        rate = float(np.average(self.rates(probability, segments), weights=probability))
        return rate, rate, rate


def fitted(kind: Kind, seen: pl.DataFrame) -> Oracle:
    """The kind's weights by iteratively reweighted least squares of what the treated did.

    Of a treated customer with the probability p and the save rate s, the chance to leave is p(1 - s).
    """
    treated = seen.filter(pl.col("arm") == TREAT, pl.col("left").is_not_null())
    p, left = treated["probability"].to_numpy(), treated["left"].cast(pl.Float64).to_numpy()
    contract = treated[f"{SEGMENT}Contract"].cast(pl.Enum(CONTRACTS)).to_physical().to_numpy()
    columns = p[:, None] * np.column_stack(kind.columns(p, contract))
    weights = np.zeros(columns.shape[1])
    for _ in range(_STEPS):
        chance = np.clip(p - columns @ weights, *_VARIES)
        root = 1 / np.sqrt(chance * (1 - chance))
        weights = np.linalg.lstsq(columns * root[:, None], (p - left) * root)[0]
    return Oracle(Kind(kind.columns, tuple(weights.tolist())))
