"""The money that a contact is expected to bring."""

from collections.abc import Sequence

import numpy as np

from churn.campaigns.candidates import Candidates
from churn.campaigns.plans import Offer
from churn.model.scoring import FloatArray


def expected_money(candidates: Candidates, offers: Sequence[Offer], rates: FloatArray) -> FloatArray:
    """What each offer brings with each customer beyond leaving them alone, shape (offers, n).

    p·s·(V − D) − (1 − p)·a·D − c, with the probability p, the save rate s of `rates` (shape (offers, n)), the value V
    of a customer who stays, the incentive D, the share a of loyal customers who take it anyway, and the contact's cost
    c. A customer who is saved takes the incentive; one who leaves all the same does not.
    """
    p, money = candidates.probability, np.empty((len(offers), len(candidates)))
    for row, offer in enumerate(offers):
        saved = p * rates[row] * (candidates.value - offer.incentive)
        money[row] = saved - (1 - p) * (offer.accepts * offer.incentive) - offer.contact_cost
    return money
