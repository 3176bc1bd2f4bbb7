"""What campaigns brought, as a table: what the product says beside what is true."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from scripts.simulation.planned_campaigns import Planned

_HEADER = (
    f"{'campaign':10}{'rate':>17}{'treat':>6}{'held':>5}{'spend':>7}{'budget':>7}  {'left':>6}{'held':>7}{'saved':>8}"
    f"{'from':>8}{'to':>8}{'truth':>7}{'money':>9}{'from':>9}{'to':>9}{'truth':>9}{'promised':>9}"
)
_TRUE = ("saved", "money")


def as_dict(campaign: Planned) -> dict[str, Any]:
    """Every number of a campaign."""
    plan, result = campaign.plan, campaign.result
    return {
        "campaign": campaign.started.name,
        "rate": plan["offers"][0]["saves"],
        "customers": plan["customers"],
        "spend": plan["spend"]["money"],
        "budget": plan["plan"]["budget"],
        **{name: result[name] for name in ("final", "treated", "held_out", "difference", "saved", "money")},
        "truth": {"saved": campaign.saved, "money": campaign.money},
    }


def lines(campaigns: Sequence[Planned], untreated: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The table, and below it how often intervals hold the truth; `untreated` are the plans that treat nobody."""
    yield _HEADER
    yield from (_line(as_dict(campaign)) for campaign in campaigns)
    for plan in untreated:
        yield f"{plan['name']:10}treats nobody: no customer is worth the offer at the save rates of its plan"
    final = [told for told in map(as_dict, campaigns) if told["final"] and told["saved"]["low"] is not None]
    held = [sum(told[name]["low"] <= told["truth"][name] <= told[name]["high"] for told in final) for name in _TRUE]
    yield f"Of {len(final)} final intervals {held[0]} hold the customers who were saved, and {held[1]} the money."


def _line(told: dict[str, Any]) -> str:
    rate, customers, truth = told["rate"], told["customers"], told["truth"]
    start = (
        f"{told['campaign']:10}{rate['rate']:7.3f} {rate['source']:>9}{customers['treat']:6}{customers['hold_out']:5}"
    )
    rates = "".join(_number(told[arm]["churn_rate"], 7, 3) for arm in ("treated", "held_out"))
    saved = "".join(_number(told["saved"][name], 8, 1) for name in ("customers", "low", "high"))
    money = "".join(_number(told["money"][name], 9, 0) for name in ("saved", "low", "high"))
    return (
        f"{start}{told['spend']:7.0f}{told['budget']:7.0f} {rates}{saved}{truth['saved']:7}{money}{truth['money']:9.0f}"
        f"{told['money']['promised']:9.0f}  {'final' if told['final'] else 'so far'}"
    )


def _number(value: float | None, width: int, digits: int) -> str:
    return f"{'-':>{width}}" if value is None else f"{value:{width},.{digits}f}"
