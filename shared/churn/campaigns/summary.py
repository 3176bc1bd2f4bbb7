"""What a plan says in sentences, which a manager reads."""

from collections.abc import Iterator, Mapping
from typing import Any

from churn.campaigns.plans import Plan
from churn.customer.phrases import money, percent

# Of how much more of a limit the sentence about it speaks.
_MORE_MONEY, _MORE_MINUTES = 1000, 60


def sentences(figures: Mapping[str, Any], plan: Plan, currency: str, window: int | None) -> Iterator[str]:
    """Sentences about the figures of a plan, the most important ones first."""
    customers = figures["customers"]
    if not customers["considered"]:
        yield "There is nobody to choose from."
    elif not customers["chosen"]:
        yield _nobody(plan)
    else:
        yield from _Sentences(figures, plan, currency, window).all()


def _nobody(plan: Plan) -> str:
    if plan.budget == 0 or plan.minutes == 0:
        return f"Nobody is chosen: there is no {'budget' if plan.budget == 0 else 'time'}."
    return (
        "Nobody is chosen: with these offers and limits there is no customer whose contact is expected to bring more "
        "than it costs."
    )


class _Sentences:
    def __init__(self, figures: Mapping[str, Any], plan: Plan, currency: str, window: int | None) -> None:
        self._figures, self._plan, self._currency, self._window = figures, plan, currency, window

    def all(self) -> Iterator[str]:
        """All sentences that apply."""
        yield self._expected()
        yield self._versus()
        yield from self._limits()
        yield from self._holdout()
        yield from self._experiment()
        yield from self._assumed()

    def _money(self, amount: float) -> str:
        """Three digits that count are enough for a sentence, and no decimals."""
        rounded = float(f"{amount:.3g}")
        return money(rounded, self._currency, ",.0f")

    def _between(self, band: Mapping[str, float]) -> str:
        return f"({self._money(band['low'])} to {self._money(band['high'])})"

    def _expected(self) -> str:
        customers, expected = self._figures["customers"], self._figures["expected"]
        return (
            f"Contacting {customers['treat']:,} of {customers['considered']:,} customers is expected to bring "
            f"{self._money(expected['money'])} {self._between(expected)} more than leaving them alone, over "
            f"{self._plan.horizon_months} months."
        )

    def _versus(self) -> str:
        versus = self._figures["versus_top_by_risk"]
        less = versus["money"] < 0
        return (
            f"That is {self._money(abs(versus['money']))} {'less' if less else 'more'} than contacting those at the "
            f"highest risk within the same limits; the difference lies between {self._money(versus['low'])} and "
            f"{self._money(versus['high'])}."
        )

    def _limits(self) -> Iterator[str]:
        prices, plan = self._figures["prices"], self._plan
        if prices["money"] > 0:
            more = self._money(prices["money"] * _MORE_MONEY)
            yield f"Another {self._money(_MORE_MONEY)} of budget would bring about {more}."
        if prices["minute"] > 0:
            yield f"Another hour of work would bring about {self._money(prices['minute'] * _MORE_MINUTES)}."
        if (plan.budget is not None or plan.minutes is not None) and not any(prices.values()):
            yield "More budget or time would bring nothing: everybody who is worth a contact is chosen."

    def _holdout(self) -> Iterator[str]:
        held, tried = self._figures["customers"]["hold_out"], self._figures.get("experiment")
        if tried:  # these are left alone by one of the lists
            held -= tried["randomised"] - tried["treat"]
        if not held:
            yield "Nobody is held out, so nobody will know what the campaign brought."
            return
        holdout = self._figures["holdout"]
        smallest, costs = holdout["smallest_save_rate"], self._money(holdout["costs"])
        shows = "no save rate at all" if smallest is None else f"save rates of {percent(smallest, 0)} and more"
        yield f"{held:,} chosen customers are left alone to compare with: this shows {shows}, and costs about {costs}."

    def _experiment(self) -> Iterator[str]:
        """Of a campaign on which two lists are tried: whom they differ on, what it shows, and what it costs."""
        tried = self._figures.get("experiment")
        if not tried:
            return
        other = tried["other_offer"]
        yield (
            f"Two lists are tried: {tried['both']:,} customers are on both, {tried['champion_alone']:,} on the "
            f"champion's alone and {tried['challenger_alone']:,} on the challenger's alone"
            + (f"; {other:,} would get another offer." if other else ".")
        )
        if not tried["randomised"]:
            yield "They differ on too few customers for anybody to be drawn: there is nothing to try."
            return
        yield (
            f"{tried['randomised']:,} of those on whom they differ are drawn, half for what either list says. That "
            f"costs about {self._money(tried['costs'])}."
        )
        yield from self._power(tried)

    def _power(self, tried: Mapping[str, Any]) -> Iterator[str]:
        smallest = tried["smallest_difference"]
        views = [tried[name]["saved"] for name in ("by_champion", "by_challenger")]
        expected = (
            f"by the champion's figures the challenger's list saves {_more(views[0])} than the champion's, by the "
            f"challenger's {_more(views[1])}."
        )
        if smallest is None:
            yield f"So few cannot show any difference; {expected}"
            return
        shows = f"This shows a difference of {smallest:,.0f} saved customers or more, in four of five such trials"
        yield f"{shows}; {expected}"
        if max(map(abs, views)) < smallest:
            yield "Expect it to stay open which list is better: they would have to differ by more than either expects."

    def _assumed(self) -> Iterator[str]:
        assumed = [offer["name"] for offer in self._figures["offers"] if offer["saves"]["source"] == "assumed"]
        if assumed:
            half = next(
                each["this_list"]
                for each in self._figures["sensitivity"]
                if each["save_rates"] == 0.5 and each["label_window_months"] == self._window
            )
            rate = "rates are assumptions" if len(assumed) > 1 else "rate is an assumption"
            listed = ", ".join(assumed)
            yield f"The save {rate} ({listed}): if half as many are saved, this list brings {self._money(half)}."


def _more(saved: float) -> str:
    """12 more, 3 fewer."""
    return f"{abs(saved):,.0f} {'fewer' if saved < 0 else 'more'}"
