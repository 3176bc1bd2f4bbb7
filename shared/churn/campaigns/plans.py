"""A campaign's plan: what can be offered, within which limits, and how money is counted."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal

from churn.errors import FieldError, ValidationError
from churn.json_members import Members
from churn.schema import Schema

MAX_OFFERS = 8
MAX_NAME = 64

# More money than any operator has, so that sums over millions of customers stay finite.
MAX_MONEY = 1e12

MAX_HORIZON = 60
MAX_DAYS = 365
MAX_HOLDOUT = 0.5


@dataclass(frozen=True, slots=True)
class Saves:
    """The save rate of an offer: the share of would-be leavers whom it keeps.

    `rate` is None where it is measured and has not been looked up. `campaign` is that in which it was measured; None
    for an assumed rate, and for that of the latest campaign which measured it.
    """

    rate: float | None
    source: Literal["assumed", "measured"]
    campaign: str | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """What may be offered. `contact_cost` is paid for each contact, `incentive` when the offer is taken.

    `minutes` are those of the team per contact. `accepts` is the share of loyal customers who take the offer anyway.
    """

    name: str
    contact_cost: float
    minutes: float
    incentive: float
    accepts: float
    saves: Saves

    @property
    def spend(self) -> float:
        """What a contact costs at most: this is counted against the budget, so that nobody can overrun it."""
        return self.contact_cost + self.incentive


@dataclass(frozen=True, slots=True)
class GivenValue:
    """Where the value of a customer comes from if it is not the bill: one `amount`, or a `column` of the file."""

    amount: float | None = None
    column: str | None = None


@dataclass(frozen=True, slots=True)
class Challenger:
    """What makes a second list, to be tried beside the plan's own: another release's scores, other offers, or both.

    `release` is a version; None for the release that has scored the file. Without `offers` they are the plan's.
    """

    release: str | None = None
    offers: tuple[Offer, ...] = ()


@dataclass(frozen=True)
class Plan:
    """A plan with all defaults filled in; `budget` and `minutes` are None where there is no limit."""

    offers: tuple[Offer, ...]
    budget: float | None = None
    minutes: float | None = None
    margin: float = 0.30
    horizon_months: int = 12
    discount: float = 0.10
    holdout: float | Literal["auto"] = "auto"
    not_within_days: int = 60
    value: GivenValue | None = None
    challenger: Challenger | None = None

    @property
    def every_offer(self) -> tuple[Offer, ...]:
        """The plan's own offers, and those that the challenger alone has."""
        more = self.challenger.offers if self.challenger else ()
        names = {offer.name for offer in self.offers}
        return (*self.offers, *(offer for offer in more if offer.name not in names))

    def to_json(self) -> dict[str, Any]:
        """The plan as `read_plan` reads it, defaults filled in."""
        held = asdict(self)
        held["offers"] = _offers_to_json(held["offers"])
        if self.value:
            held["value"] = _given(held["value"])
        challenger = held.pop("challenger")
        if challenger:
            # Without one, programs that know of none read the plan as well.
            offers = _offers_to_json(challenger["offers"]) or None
            held["challenger"] = _given({**challenger, "offers": offers})
        return held


def _offers_to_json(offers: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**offer, "saves": _given(offer["saves"])} for offer in offers]


def _given(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def plan_of(data: Any, schema: Schema) -> Plan:
    """The plan of a JSON object. Raises ValidationError with all faults."""
    plan, faults = read_plan(data, schema)
    if plan is None:
        raise ValidationError(faults)
    return plan


def read_plan(data: Any, schema: Schema, path: str = "plan") -> tuple[Plan | None, list[FieldError]]:
    """The plan of a JSON object, or None and its faults, to be listed with those of what is around it.

    `path` is where the object stands: a fault's field is such as "plan.offers[0].saves.rate".
    """
    members = Members(path, data, _names(Plan))
    plan = Plan(
        offers=_offers(members),
        budget=members.number("budget", 0, MAX_MONEY, None),
        minutes=members.number("minutes", 0, MAX_MONEY, None),
        margin=members.number("margin", 0, 1, Plan.margin, above=True),
        horizon_months=members.whole("horizon_months", 1, MAX_HORIZON, Plan.horizon_months),
        discount=members.number("discount", 0, 1, Plan.discount, below=True),
        holdout="auto" if members.get("holdout", "auto") == "auto" else members.number("holdout", 0, MAX_HOLDOUT, 0.0),
        not_within_days=members.whole("not_within_days", 0, MAX_DAYS, Plan.not_within_days),
        value=_worth(members),
        challenger=_challenger(members),
    )
    if plan.value is None and not members.faulty("value"):
        _check_bill(members, schema)
    _check_alike(members, plan)
    return (None if members.faults else plan), members.faults


def _offers(members: Members) -> tuple[Offer, ...]:
    listed = members.objects("offers", 1, MAX_OFFERS, _names(Offer))
    offers = tuple(map(_offer, listed))
    names: set[str] = set()
    for offer, held in zip(offers, listed, strict=True):
        folded = offer.name.casefold()
        if folded in names and not held.faulty("name"):
            held.add("name", "not_allowed", f"is {offer.name!r} in two offers; give each offer a name of its own.")
        names.add(folded)
    return offers


def _challenger(members: Members) -> Challenger | None:
    held = members.object("challenger", _names(Challenger))
    if held is None:
        return None
    if "release" not in held and "offers" not in held:
        members.add("challenger", "not_allowed", "needs the version of another release, other offers, or both.")
    release = held.name("release", MAX_NAME, required=False) or None
    return Challenger(release, _offers(held) if "offers" in held else ())


def _check_alike(members: Members, plan: Plan) -> None:
    """An offer that both lists make is one offer, whose save rate alone they may take to be different."""
    own = {offer.name.casefold(): offer for offer in plan.offers}
    for number, offer in enumerate(plan.challenger.offers if plan.challenger else ()):
        other = own.get(offer.name.casefold(), offer)
        if replace(other, saves=offer.saves) != offer:
            members.add(
                f"challenger.offers[{number}]",
                "not_allowed",
                f"is called {offer.name!r} as an offer of the plan is, but differs in more than the save rate; "
                "give it another name.",
            )


def _offer(members: Members) -> Offer:
    return Offer(
        name=members.name("name", MAX_NAME),
        contact_cost=members.number("contact_cost", 0, MAX_MONEY, 0.0),
        minutes=members.number("minutes", 0, MAX_MONEY, 0.0),
        incentive=members.number("incentive", 0, MAX_MONEY, 0.0),
        accepts=members.number("accepts", 0, 1, 0.0),
        saves=_saves(members),
    )


def _saves(members: Members) -> Saves:
    held = members.object("saves", _names(Saves))
    if held is None:
        members.missing("saves", 'give {"rate": 0.3, "source": "assumed"} or {"source": "measured"}')
        return Saves(0.0, "assumed")
    source = held.one_of("source", ("assumed", "measured"))
    if source == "measured":
        if "rate" in held:
            held.add("rate", "not_allowed", "is measured; leave it out, or say that the source is assumed.")
        return Saves(None, "measured", held.name("campaign", MAX_NAME, required=False) or None)
    if "campaign" in held:
        held.add("campaign", "not_allowed", "measured no rate that is assumed; leave it out.")
    if "rate" not in held:
        held.missing("rate", "give the share of would-be leavers that the offer keeps, from 0 to 1")
    return Saves(held.number("rate", 0, 1, 0.0), "assumed")


def _worth(members: Members) -> GivenValue | None:
    held = members.object("value", _names(GivenValue))
    if held is None:
        return None
    if ("amount" in held) == ("column" in held):
        members.add("value", "not_allowed", "needs either an amount or a column of the file, and not both.")
        return None
    if "amount" in held:
        return GivenValue(amount=held.number("amount", 0, MAX_MONEY, 0.0))
    return GivenValue(column=held.name("column", None))


def _check_bill(members: Members, schema: Schema) -> None:
    """Without a value in the plan, it follows from the bill, over windows whose length is declared."""
    remedy = 'give {"amount": money} or {"column": "name of a column of the file"}'
    if schema.role("monthly_value") is None:
        members.missing("value", f"no field of {schema.name!r} is declared as the monthly value; {remedy}")
    elif schema.label_window_months is None:
        members.missing(
            "value", f"{schema.name!r} does not declare label_window_months, in which a customer leaves; {remedy}"
        )


def _names(members: type[Plan | Offer | Saves | GivenValue | Challenger]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(members))
