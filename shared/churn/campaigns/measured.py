"""The save rates that campaigns have measured: kept once one is closed and its outcomes are in, for the next plans."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from churn.campaigns import layout
from churn.campaigns.plans import Offer, Saves
from churn.campaigns.save_rates import SaveRate, assumed, from_json
from churn.errors import ObjectNotFound
from churn.store.interface import ObjectStore


def save(store: ObjectStore, campaign_id: str, rates: Mapping[str, SaveRate]) -> None:
    """Keep what a campaign has measured itself, by the names of its offers. Raises StoreUnavailable."""
    held = {name: rate.to_json() for name, rate in rates.items() if rate.campaign == campaign_id}
    store.put(layout.save_rates(campaign_id), json.dumps(held).encode(), content_type="application/json")


def priors(store: ObjectStore, offers: Sequence[Offer]) -> dict[str, SaveRate]:
    """What a plan was made with, by offer: what is measured next adds to it.

    Of an offer that a campaign has measured which is gone, nothing is known. Raises StoreUnavailable.
    """
    return {offer.name: _measured(store, offer) or assumed(offer.name, offer.saves.rate or 0.0) for offer in offers}


def offers_of(plan: Mapping[str, Any]) -> tuple[Offer, ...]:
    """The offers of a plan as campaigns keep it. Raises KeyError and TypeError for anything else."""
    return tuple(map(_offer, plan["offers"]))


def every_offer_of(plan: Mapping[str, Any]) -> tuple[Offer, ...]:
    """The same with those that a second list alone has."""
    own, more = offers_of(plan), (plan.get("challenger") or {}).get("offers") or ()
    names = {offer.name for offer in own}
    return (*own, *(offer for offer in map(_offer, more) if offer.name not in names))


def _offer(held: Mapping[str, Any]) -> Offer:
    return Offer(**{**held, "saves": Saves(**{"rate": None} | held["saves"])})


def _measured(store: ObjectStore, offer: Offer) -> SaveRate | None:
    """What was measured that the plan names; None for an assumed rate, and for what cannot be read."""
    if offer.saves.campaign is None:
        return None
    try:
        held = json.loads(store.get(layout.save_rates(offer.saves.campaign)).data)
        return replace(from_json(held[offer.name]), offer=offer.name)
    except (ObjectNotFound, ValueError, KeyError, TypeError):
        return None
