"""What plans and results of campaigns have to say, worked out one customer after the other.

It follows the same rules as churn.campaigns and shares no code with it, which it is there to check. Money is counted
from the list, which has it in hundredths.
"""

import hashlib
import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple

from scripts.simulation.campaign import Arm, Contact
from scripts.simulation.comparison import TOLERANCE
from scripts.simulation.oracle import SETTLING_DAYS, Known

# By so much, for each customer, sums of money from the list may differ from those of the amounts with all their digits.
ROUNDED = 0.01

Figures = dict[str, float | None]


class Chosen(NamedTuple):
    """A customer on a campaign's list; `value` and `expected` are money."""

    arm: Arm
    probability: float
    value: float
    expected: float


@dataclass
class Judged:
    """A campaign as it was drawn, and whom it contacted; `ends` is the last day on which leaving counts."""

    begins: date
    ends: date
    chosen: Mapping[str, Chosen]
    contacts: Mapping[str, Contact]
    closed: bool = False

    def of(self, arm: Arm) -> list[str]:
        """The ids of an arm."""
        return [customer_id for customer_id, row in self.chosen.items() if row.arm == arm]

    def is_final(self, today: date) -> bool:
        """Whether all outcomes are in."""
        return self.closed and today >= self.ends + timedelta(SETTLING_DAYS)


def drawn_arm(campaign_id: str, customer_id: str, share: float) -> Arm:
    """The arm that follows from the two ids: the first eight bytes of their SHA-256, as a share of all there are."""
    digest = hashlib.sha256(f"{campaign_id}:{customer_id}".encode()).digest()
    return "hold_out" if int.from_bytes(digest[:8], "big") < share * 2**64 else "treat"


def result(campaign: Judged, known: Mapping[str, Known], today: date) -> Figures:
    """The figures of GET /campaigns/<id>/result, by their names and those of what they stand in."""
    outcomes = {customer_id: known.get(customer_id, Known()) for customer_id in campaign.chosen}
    there = {one: told for one, told in outcomes.items() if not told.left_at or told.left_at > campaign.begins}
    day = campaign.ends if campaign.is_final(today) else _known_until(there.values(), campaign)
    left = {one: _left(told, day) if day > campaign.begins else None for one, told in there.items()}
    treated, held_out = ([one for one in campaign.of(arm) if one in there] for arm in ("treat", "hold_out"))
    told = [campaign.contacts[one] for one in treated]
    arms = {"treated": treated, "held_out": held_out}
    return {
        **{f"{name}.{figure}": value for name, ids in arms.items() for figure, value in _arm(ids, left).items()},
        **_compared(campaign, treated, held_out, left),
        "money.cost": math.fsum(contact.cost for contact in told),
        "money.promised": math.fsum(campaign.chosen[one].expected for one in treated),
        "accepted.known": len(told),
        "accepted.accepted": sum(contact.accepted for contact in told),
        "already_left": len(outcomes) - len(there),
        "unknown": sum(value is None for value in left.values()),
        "contradictory": 0,
        "final": campaign.is_final(today),
    }


def _known_until(outcomes: Collection[Known], campaign: Judged) -> date:
    """The last day until which most of those who did not leave are known to have stayed; none after the end."""
    stayed = sorted((told.stayed_until or campaign.begins for told in outcomes if not told.left_at), reverse=True)
    return min(stayed[len(stayed) // 2], campaign.ends) if stayed else campaign.ends


def _left(told: Known, day: date) -> bool | None:
    """Whether a customer left until this day; None if nobody knows."""
    if told.left_at:
        return told.left_at <= day
    return False if told.stayed_until and told.stayed_until >= day else None


def _arm(ids: list[str], left: Mapping[str, bool | None]) -> Figures:
    known = [value for one in ids if (value := left[one]) is not None]
    rate = sum(known) / len(known) if known else None
    return {"customers": len(ids), "known": len(known), "left": sum(known), "churn_rate": rate}


def _compared(campaign: Judged, treated: list[str], held_out: list[str], left: Mapping[str, bool | None]) -> Figures:
    """What the arms differ by; None while nothing is known of one of them."""
    known = [[one for one in ids if left[one] is not None] for ids in (treated, held_out)]
    share = len(known[1]) / len(known[0] + known[1]) if any(known) else None
    if not all(known):
        return {"difference.value": None, "saved.customers": None, "money.saved": None, "sample_ratio.share": share}
    value = {one: row.value for one, row in campaign.chosen.items()}
    rates = [sum(bool(left[one]) for one in ids) / len(ids) for ids in known]
    lost = [math.fsum(value[one] for one in ids if left[one]) / math.fsum(value[one] for one in ids) for ids in known]
    cost = math.fsum(campaign.contacts[one].cost for one in treated)
    return {
        "difference.value": rates[0] - rates[1],
        "saved.customers": (rates[1] - rates[0]) * len(treated),
        "money.saved": (lost[1] - lost[0]) * math.fsum(value[one] for one in treated) - cost,
        "sample_ratio.share": share,
    }


def differences(
    where: str, told: Mapping[str, Any], wanted: Mapping[str, float | None], rounding: float
) -> Iterator[str]:
    """Sentences, one for each number that is another one; `rounding` is what is allowed to money but for the cost."""
    for name, value in wanted.items():
        figure: Any = told
        for part in name.split("."):
            figure = figure[part]
        tolerance = rounding if name in {"money.saved", "money.promised", "expected.money"} else TOLERANCE
        if (figure is None or value is None) and figure is not value:
            yield f"{where}: {name} is {figure}, not {value}"
        elif figure is not None and value is not None and abs(figure - value) > tolerance:
            yield f"{where}: {name} is {figure!r}, not {value!r}"
    for name, centre in (("difference", "value"), ("saved", "customers"), ("money", "saved")):
        interval = told.get(name, {})
        if interval.get(centre) is not None and not interval["low"] <= interval[centre] <= interval["high"]:
            yield f"{where}: {name} lies outside of its own interval, {interval}"
