"""What planning asks of a save rate, whether it is assumed or was measured (`churn.campaigns.save_rates`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from churn.campaigns.candidates import Candidates
from churn.campaigns.plans import Offer
from churn.campaigns.save_rates import Segments
from churn.model.scoring import FloatArray


class SaveRates(Protocol):
    """The save rates of one offer."""

    @property
    def campaign(self) -> str | None:
        """The id of the campaign that measured them; None for an assumption."""

    def rates(self, probability: FloatArray, segments: Segments) -> FloatArray:
        """The rate of each of n customers, shape (n,), within -1 and 1."""

    def over(self, probability: FloatArray, segments: Segments) -> tuple[float, float, float]:
        """The rate over all these customers' would-be leavers, and its 95 % interval."""


@dataclass(frozen=True, slots=True)
class Assumed:
    """One rate for everybody, which nobody has measured and which so has no interval; implements SaveRates."""

    rate: float
    campaign: str | None = None

    def rates(self, probability: FloatArray, segments: Segments) -> FloatArray:  # noqa: ARG002
        """The rate, for each customer."""
        return np.full(len(probability), self.rate)

    def over(self, probability: FloatArray, segments: Segments) -> tuple[float, float, float]:  # noqa: ARG002
        """The rate, thrice."""
        return self.rate, self.rate, self.rate


def assumed(offers: Sequence[Offer]) -> list[SaveRates]:
    """The rates that a plan assumes, in the order of the offers; 0 where one is to be measured and was not."""
    return [Assumed(offer.saves.rate or 0.0) for offer in offers]


def rates_of(candidates: Candidates, rates: Sequence[SaveRates]) -> FloatArray:
    """The rates of n customers under each offer, shape (offers, n)."""
    found = np.stack([offer.rates(candidates.probability, candidates.segments) for offer in rates])
    return np.clip(np.nan_to_num(found), -1.0, 1.0)
