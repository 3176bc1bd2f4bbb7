"""Planning a campaign on which two lists are tried, and what that can show, told before it starts."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from churn.campaigns.candidates import Flags
from churn.campaigns.choice import Choice
from churn.campaigns.figures import Terms
from churn.campaigns.holdout import Places, smallest_save_rate
from churn.campaigns.planning import Planned, choose_customers, figured, totals_over
from churn.campaigns.plans import Plan
from churn.campaigns.prices import NONE, Picks
from churn.campaigns.rates import SaveRates
from churn.campaigns.sampling import Parts
from churn.campaigns.summary import sentences
from churn.campaigns.two_lists import Drawn, draw, expects, in_every_offer, smallest_difference


class Side(NamedTuple):
    """A list's view: the customers as its release scores them, by who is treated, and its save rates of every offer."""

    parts: Callable[[Flags], Parts]
    rates: Sequence[SaveRates]

    def choose(self, plan: Plan, treat: Flags, every: Plan, scale: float) -> Choice:
        """The choice by a plan with some of every offer."""
        names = [offer.name for offer in every.offers]
        rates = [self.rates[names.index(offer.name)] for offer in plan.offers]
        return choose_customers(self.parts(treat), plan, rates, scale)


def plan_two_lists(
    sides: tuple[Side, Side], plan: Plan, terms: Terms, treat: Flags, places: Places, scale: float = 1.0
) -> tuple[Planned, Drawn]:
    """Both lists within the same limits, who is drawn for which, and the figures of what is carried out.

    `sides` are the champion's and the challenger's. Figures are in the champion's view, as a customer has one
    probability. `treat` is False for the held out, and `places` are theirs in the draw, both of shape (N,). For `scale`
    see `plan_customers`.
    """
    champion, challenger = sides
    every = replace(plan, offers=plan.every_offer, challenger=None)
    own = champion.choose(replace(plan, challenger=None), treat, every, scale)
    offers = plan.challenger.offers if plan.challenger else ()
    other = challenger.choose(replace(every, offers=offers or plan.offers), treat, every, scale)
    picks = own.offers, in_every_offer(other.offers, plan)
    drawn = draw(*picks, treat, places)
    carried_out = champion.parts(drawn.treat)
    planned = figured(carried_out, every, champion.rates, terms, drawn.offers, own.prices, scale)
    alone = totals_over(champion.parts(treat), own.offers, every, champion.rates)[0].expected * scale
    costs = max(alone - planned.figures["expected"]["money"], 0.0)
    both = np.where(drawn.randomised, NONE, drawn.offers)
    compared = totals_over(carried_out, both, every, champion.rates)[0]
    count = round(compared.chosen * scale)
    holdout = {
        "share": terms.holdout,
        "smallest_save_rate": smallest_save_rate(count, compared.churn, terms.holdout) if count else None,
        "costs": max(planned.figures["holdout"]["costs"] - costs, 0.0),
    }
    tried = {**_counts(*picks, drawn, scale), **_shows(sides, every, treat, picks, drawn, scale), "costs": costs}
    figures = {**planned.figures, "holdout": holdout, "experiment": tried}
    words = [*sentences(figures, plan, terms.currency, terms.label_window_months)]
    return planned._replace(figures={**figures, "words": words}), drawn


def _counts(champion: Picks, challenger: Picks, drawn: Drawn, scale: float) -> dict[str, int]:
    """How many customers the lists agree on, and what becomes of the others."""
    differs = champion != challenger
    counts = {
        "both": (champion != NONE) & ~differs,
        "champion_alone": differs & (challenger == NONE),
        "challenger_alone": differs & (champion == NONE),
        "other_offer": differs & (champion != NONE) & (challenger != NONE),
        "randomised": drawn.randomised,
        "treat": drawn.randomised & drawn.treat,
        "left_off": differs & ~drawn.randomised,
    }
    return {name: round(int(np.count_nonzero(flags)) * scale) for name, flags in counts.items()}


def _shows(
    sides: tuple[Side, Side], every: Plan, treat: Flags, picks: tuple[Picks, Picks], drawn: Drawn, scale: float
) -> dict[str, Any]:
    """What the experiment can show, and what either list's view expects of the difference."""
    among, champion = drawn.randomised, sides[0]
    sums, _ = totals_over(champion.parts(treat), np.where(among, drawn.offers, NONE), every, champion.rates)
    views = [expects(side.parts(treat), every.offers, side.rates, picks, among) for side in sides]
    by = [{"saved": saved * scale, "money": money * scale} for saved, money in views]
    return {
        "smallest_difference": smallest_difference(round(sums.chosen * scale), sums.churn),
        "by_champion": by[0],
        "by_challenger": by[1],
    }
