"""The save rates that a plan goes by: those that it assumes, and those that were measured, as they were looked up."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from churn.campaigns.plans import Offer, Plan
from churn.campaigns.rates import Assumed, SaveRates
from churn.campaigns.save_rates import from_json


def rates_of(offers: Sequence[Offer], measured: Mapping[str, Any]) -> Iterator[SaveRates]:
    """The save rates of the offers, in their order; `measured` has the measured ones by the offers' names."""
    for offer in offers:
        if offer.saves.source == "measured":
            yield from_json(measured[offer.name])
        else:
            yield Assumed(offer.saves.rate or 0.0)


def rates_of_both(
    plan: Plan, measured: Mapping[str, Any], challenger_measured: Mapping[str, Any]
) -> tuple[list[SaveRates], list[SaveRates]]:
    """The save rates of `Plan.every_offer` as the plan takes them to be, and as its challenger does."""
    others = plan.challenger.offers if plan.challenger else ()
    names = [offer.name for offer in others]
    theirs = dict(zip(names, rates_of(others, challenger_measured), strict=True))
    own = dict(zip((offer.name for offer in plan.offers), rates_of(plan.offers, measured), strict=True))
    every = [offer.name for offer in plan.every_offer]
    return [({**theirs, **own})[name] for name in every], [({**own, **theirs})[name] for name in every]
