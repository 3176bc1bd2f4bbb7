"""A campaign of the simulated operator: the riskiest are chosen, some of them held out, the others contacted."""

import hashlib
from collections.abc import Mapping
from typing import Literal, NamedTuple

Arm = Literal["treat", "hold_out"]

# The share of customers who are chosen, and of the chosen who are held out.
CHOSEN, HELD_OUT = 0.2, 0.2
# Of the contacted who would have left so many are kept; of the contacted so many take the offer; what a contact costs,
# and what the offer costs on top.
SAVE_RATE, ACCEPTING = 0.3, 0.4
CONTACT_COST, INCENTIVE = 10.0, 15.0

_HEX_DIGITS = 13


class Contact(NamedTuple):
    """What a campaign did to a customer; who is held out accepts nothing and costs nothing."""

    campaign: str
    arm: Arm
    accepted: bool
    cost: float


def share_of(*words: str) -> float:
    """A number from 0 to 1 that belongs to these words: drawn by their SHA-256, the same everywhere."""
    digest = hashlib.sha256(":".join(words).encode()).hexdigest()
    return float(int(digest[:_HEX_DIGITS], 16) / 16**_HEX_DIGITS)


def contacts(campaign: str, probabilities: Mapping[str, float]) -> dict[str, Contact]:
    """The chosen customers, by id, of those with these churn probabilities."""
    ranked = sorted(probabilities, key=lambda customer_id: (-probabilities[customer_id], customer_id))
    return {customer_id: _contact(campaign, customer_id) for customer_id in ranked[: round(CHOSEN * len(ranked))]}


def _contact(campaign: str, customer_id: str) -> Contact:
    if share_of(campaign, customer_id) < HELD_OUT:
        return Contact(campaign, "hold_out", accepted=False, cost=0.0)
    accepted = share_of(campaign, customer_id, "accepted") < ACCEPTING
    return Contact(campaign, "treat", accepted, CONTACT_COST + INCENTIVE * accepted)


def treated(chosen: Mapping[str, Contact]) -> list[str]:
    """The ids of those who are contacted."""
    return [customer_id for customer_id, contact in chosen.items() if contact.arm == "treat"]
