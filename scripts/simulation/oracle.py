"""What GET /quality has to answer, worked out one customer after the other from what the simulated operator sent.

It follows the same rules as churn.tracking and shares no code with it, which it is there to check.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from scripts.simulation.calendar import add_months
from scripts.simulation.figures import expected, figures
from scripts.simulation.reporting import Outcome

SETTLING_DAYS = 7

EXPECTED = "expected "
"""What the names of figures begin with that the probabilities alone promise."""

COUNTS = ("predictions", "matured", "matched", "unmatched", "treated")


class Prediction(NamedTuple):
    """A customer's probability on a day by a release."""

    customer_id: str
    day: date
    release: str
    probability: float


class Judged(NamedTuple):
    """A prediction whose outcome is known: y is 1 for who left within the window; a weight of 0 takes no part."""

    probability: float
    y: int
    weight: float


@dataclass
class Known:
    """What holds of a customer after the rows so far."""

    left_at: date | None = None
    stayed_until: date | None = None
    arms: dict[tuple[str, str], date] = field(default_factory=dict)
    """By campaign and arm the latest date of an outcome."""


@dataclass
class Campaign:
    """What the rows of a campaign say of it."""

    begins: date = date.max
    """The first date of an outcome: nobody was treated in it long before."""
    treated: set[str] = field(default_factory=set)
    held_out: set[str] = field(default_factory=set)

    @property
    def weight(self) -> float:
        """How many chosen customers one who was held out stands for."""
        return (len(self.treated) + len(self.held_out)) / len(self.held_out)


@dataclass
class Started:
    """A campaign that the product planned, from its start on: its list is known, whatever outcomes say."""

    id: str
    name: str
    begins: date
    until: date
    """Its label window is over, and it is closed."""
    treated: set[str]
    held_out: set[str]

    def names(self, row: Outcome) -> bool:
        """Whether an outcome is of this campaign."""
        named = row.contact.campaign if row.contact else None
        return named == self.id or (named == self.name and row.day >= self.begins)

    def weight(self, customer_id: str, told: set[str]) -> float:
        """How many customers one stands for; `told` are those who are said to have been treated."""
        held_out = self.held_out - told
        if customer_id in held_out:
            return (len(self.treated) + len(self.held_out)) / len(held_out)
        return 0.0 if customer_id in self.treated | told else 1.0


@dataclass
class Oracle:
    """Everything that was sent: predictions by id, and outcomes in the order in which they came in."""

    window_months: int
    predictions: list[Prediction] = field(default_factory=list)
    rows: list[Outcome] = field(default_factory=list)
    started: list[Started] = field(default_factory=list)
    """The latest last."""

    def predicted(self, day: date, release: str, probabilities: Mapping[str, float]) -> None:
        """Note the predictions of a day."""
        self.predictions += [Prediction(name, day, release, p) for name, p in probabilities.items()]

    def reported(self, rows: Iterable[Outcome]) -> None:
        """Note outcomes, in their order."""
        self.rows += rows

    def outcomes(self) -> dict[str, int]:
        """The counts of rows, as GET /quality shows them."""
        first: dict[str, date] = {}
        for prediction in self.predictions:
            first[prediction.customer_id] = min(first.get(prediction.customer_id, date.max), prediction.day)
        distinct = once(self.rows)
        _, counts = fold(distinct)
        customers = {row.customer_id for row in distinct}
        return {
            "rows": len(self.rows),
            "customers": len(customers),
            "duplicates": len(self.rows) - len(distinct),
            **{name: counts[name] for name in ("corrections", "contradictions")},
            "unknown": len(customers - set(first)),
            "before": sum(row.day < first[row.customer_id] for row in distinct if row.customer_id in first),
        }

    def releases(self, today: date) -> dict[str, dict[str, dict[str, float | None]]]:
        """By release and month ("all" for all of them together) the counts and the figures."""
        elsewhere, told = self._told()
        known, _ = fold(once(elsewhere))
        campaigns = campaigns_of(elsewhere)
        groups: dict[tuple[str, str], list[tuple[float, Judged | str]]] = defaultdict(list)
        for prediction in last_of_month(self.predictions):
            judged = self._judge(prediction, known.get(prediction.customer_id, Known()), campaigns, today, told)
            for month in (f"{prediction.day:%Y-%m}", "all"):
                groups[prediction.release, month].append((prediction.probability, judged))
        answer: dict[str, dict[str, dict[str, float | None]]] = defaultdict(dict)
        for (release, month), predictions in groups.items():
            probabilities, judgements = zip(*predictions, strict=True)
            answer[release][month] = summary(judgements) | {
                f"{EXPECTED}{name}": value for name, value in expected(np.array(probabilities)).items()
            }
        return answer

    def _told(self) -> tuple[list[Outcome], dict[str, set[str]]]:
        """The rows without what they say of campaigns that were started, and by these who is said to be treated."""
        elsewhere, told = list[Outcome](), defaultdict[str, set[str]](set)
        for row in self.rows:
            campaign = next((campaign for campaign in reversed(self.started) if campaign.names(row)), None)
            elsewhere.append(row._replace(contact=None) if campaign else row)
            if campaign and row.contact and row.contact.arm == "treat":
                told[campaign.id].add(row.customer_id)
        return elsewhere, told

    def _judge(
        self,
        prediction: Prediction,
        known: Known,
        campaigns: Mapping[str, Campaign],
        today: date,
        told: Mapping[str, set[str]] = MappingProxyType({}),
    ) -> Judged | str:
        """What is known of a prediction, or why it takes no part."""
        day, end = prediction.day, add_months(prediction.day, self.window_months)
        if end + timedelta(SETTLING_DAYS) > today:
            return "young"
        # Campaigns that begin after the window say nothing about it: who is chosen for them has not left within it.
        touching = [pair for pair, on in known.arms.items() if on > day and campaigns[pair[0]].begins <= end]
        weight = math.prod(
            campaign.weight(prediction.customer_id, told.get(campaign.id, set()))
            for campaign in self.started
            if day < campaign.until and campaign.begins <= end
        )
        if weight == 0 or any(arm == "treat" for _, arm in touching):
            return "treated"
        weight *= math.prod(campaigns[name].weight for name, _ in touching)
        if known.left_at is not None and known.left_at > day:
            return Judged(prediction.probability, int(known.left_at <= end), weight)
        if known.left_at is None and known.stayed_until is not None and known.stayed_until >= end:
            return Judged(prediction.probability, 0, weight)
        return "unmatched"


def once(rows: Sequence[Outcome]) -> list[Outcome]:
    """The rows without those that come again: each where it comes last."""
    return list(dict.fromkeys(reversed(rows)))[::-1]


def fold(rows: Iterable[Outcome]) -> tuple[dict[str, Known], Counter[str]]:
    """What holds of each customer after these rows, and how many of them corrected or contradicted an earlier one."""
    known: dict[str, Known] = defaultdict(Known)
    counts: Counter[str] = Counter()
    for row in rows:
        customer = known[row.customer_id]
        if row.contact:
            pair = (row.contact.campaign, row.contact.arm)
            customer.arms[pair] = max(customer.arms.get(pair, row.day), row.day)
        if row.left_at is not None:
            if customer.stayed_until is not None and customer.stayed_until > row.left_at:
                counts["contradictions"] += 1
            customer.left_at = row.left_at
        elif row.stayed_until is not None:
            if customer.left_at is not None and row.stayed_until > customer.left_at:
                counts["corrections"] += 1
                customer.left_at = None
            customer.stayed_until = max(customer.stayed_until or row.stayed_until, row.stayed_until)
    return known, counts


def campaigns_of(rows: Iterable[Outcome]) -> dict[str, Campaign]:
    """The campaigns that these rows name."""
    campaigns: dict[str, Campaign] = defaultdict(Campaign)
    for row in rows:
        if row.contact:
            campaign = campaigns[row.contact.campaign]
            campaign.begins = min(campaign.begins, row.day)
            (campaign.treated if row.contact.arm == "treat" else campaign.held_out).add(row.customer_id)
    return campaigns


def last_of_month(predictions: Iterable[Prediction]) -> list[Prediction]:
    """Each customer's last prediction of each month by each release."""
    last: dict[tuple[str, str, str], Prediction] = {}
    for prediction in sorted(predictions, key=lambda prediction: prediction.day):
        last[prediction.customer_id, prediction.release, f"{prediction.day:%Y-%m}"] = prediction
    return list(last.values())


def summary(judgements: Iterable[Judged | str]) -> dict[str, float | None]:
    """The counts and the realised figures of some predictions."""
    judgements = list(judgements)
    matched = [judged for judged in judgements if isinstance(judged, Judged)]
    others = Counter(judged for judged in judgements if isinstance(judged, str))
    counts = {
        "predictions": len(judgements),
        "matured": len(judgements) - others["young"],
        "matched": len(matched),
        "unmatched": others["unmatched"],
        "treated": others["treated"],
    }
    table = np.array(matched, np.float64).reshape(-1, 3)
    return counts | figures(table[:, 0], table[:, 1], table[:, 2])
