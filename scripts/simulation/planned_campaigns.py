"""The campaigns that the simulated operator has the product plan: one a month, of the job that was just scored.

The first is planned with an assumed save rate, later ones with what an earlier one measured as soon as one has. A
campaign runs as long as its label window, and is closed then. The product stamps starts and ends with its own clock, so
they are moved back in its store.
"""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from churn.store.interface import ObjectStore
from scripts.simulation.backdating import backdate
from scripts.simulation.calendar import add_months
from scripts.simulation.campaign import Arm, Contact, share_of
from scripts.simulation.campaign_oracle import ROUNDED, Chosen, Judged, differences, drawn_arm, result
from scripts.simulation.client import Client, Scored
from scripts.simulation.effects import save_rates
from scripts.simulation.oracle import Oracle, Started, fold, once
from scripts.simulation.world import Month, World
from scripts.validation._worlds import ASSUMED, OFFER

FARTHEST_DAYS = 365
"""Plans look back so many days at most: a simulation has to begin within them."""

# The budget in money for each customer of the world.
BUDGET = 2.0
# Whoever was treated is left alone for a label window of the longest months and some days: he may be contacted again a
# month later than those who were held out, and it matters on no first of a month at what hour campaigns begin.
LONGEST_MONTH, MORE_DAYS = 31, 8
# What a treated customer costs at most, by which budgets are never exceeded.
_MOST = OFFER.contact_cost + OFFER.incentive
# Lists have probabilities with six decimals.
_AS_WRITTEN = 1e-6


@dataclass
class Planned:
    """A campaign: the product's plan, its list, what contacts do in truth, and a world without them."""

    plan: Mapping[str, Any]
    known_as: str
    """How outcomes name it: by its name or by its id."""
    judged: Judged
    started: Started
    rates: dict[str, float]
    without: World
    would: set[str] = field(default_factory=set)
    """Those treated who have left in the world without contacts, within the label window."""
    left: set[str] = field(default_factory=set)
    """Those treated who have left."""
    result: Mapping[str, Any] = field(default_factory=dict)

    @property
    def saved(self) -> int:
        """How many of the treated the campaign has kept in truth so far."""
        return len(self.would) - len(self.left)

    @property
    def money(self) -> float:
        """What their value is, less the costs."""
        values, contacts = self.judged.chosen, self.judged.contacts
        kept = sum(values[one].value for one in self.would) - sum(values[one].value for one in self.left)
        return kept - sum(contact.cost for contact in contacts.values())


@dataclass
class PlannedCampaigns:
    """Implements Outreach by campaigns of the product, whose store is needed to move them back."""

    client: Client
    store: ObjectStore
    effect: str
    oracle: Oracle
    today: date
    planned: list[Planned] = field(default_factory=list)
    untreated: list[Mapping[str, Any]] = field(default_factory=list)
    """The plans that treat nobody, since none pays: these are not started."""
    _newest: Planned | None = None
    _measured: str | None = None

    @property
    def rest_days(self) -> int:
        """For how long a treated customer is left alone."""
        return LONGEST_MONTH * self.oracle.window_months + MORE_DAYS

    def begin(self, world: World, scored: Scored) -> list[str]:
        """Have a campaign planned, look at its plan, and start it."""
        day = world.today
        body = {"name": f"{day:%Y-%m}", "source": {"job": scored.job_id}, "plan": self._plan(world)}
        plan = self.client.plan(body)
        chosen = {row["customerID"]: _chosen(row) for row in self.client.list_of(plan["id"])}
        found = list(self._of_plan(plan, chosen, scored, day))
        self._newest = self._started(plan, chosen, world) if plan["customers"]["treat"] else None
        if self._newest:
            self.planned.append(self._newest)
            self.oracle.started.append(self._newest.started)
        else:
            self.untreated.append(plan)
        return found

    def _plan(self, world: World) -> dict[str, Any]:
        saves: dict[str, Any] = {"source": "assumed", "rate": ASSUMED}
        if self._measured:
            saves = {"source": "measured", "campaign": self._measured}
        offer = {name: getattr(OFFER, name) for name in ("name", "contact_cost", "minutes", "incentive", "accepts")}
        # The product counts these days from its own clock's today.
        days = (self.today - world.today).days + self.rest_days
        return {
            "offers": [offer | {"saves": saves}],
            "budget": BUDGET * world.size,
            "not_within_days": min(days, FARTHEST_DAYS),
        }

    def _of_plan(
        self, plan: Mapping[str, Any], chosen: Mapping[str, Chosen], scored: Scored, day: date
    ) -> Iterator[str]:
        """What is wrong with a plan and its list."""
        where, share = f"the plan of {plan['name']}", plan["holdout"]["share"]
        yield from differences(where, plan, self._wanted(chosen, scored, day), ROUNDED * len(chosen))
        if plan["spend"]["money"] > plan["plan"]["budget"]:
            yield f"{where}: {plan['spend']['money']} is more than the budget of {plan['plan']['budget']}"
        for customer_id, row in chosen.items():
            if row.arm != drawn_arm(plan["id"], customer_id, share):
                yield f"{where}: {customer_id} is in the arm {row.arm}"
            if abs(row.probability - scored.probabilities[customer_id]) > _AS_WRITTEN:
                yield f"{where}: {customer_id} leaves with {row.probability}, not {scored.probabilities[customer_id]}"
        running, rested = self._taken(day)
        if both := running.intersection(chosen):
            yield f"{where}: {len(both)} customers are in another campaign, such as {min(both)}"
        if early := rested.intersection(chosen):
            yield f"{where}: {len(early)} customers were treated lately, such as {min(early)}"

    def _taken(self, day: date) -> tuple[set[str], set[str]]:
        """Who is in a campaign that runs on a day, and who was treated too short a time before it."""
        running = [campaign.judged.chosen for campaign in self.planned if not campaign.judged.closed]
        lately = [
            campaign.judged.of("treat")
            for campaign in self.planned
            if (day - campaign.judged.begins).days < self.rest_days
        ]
        return set().union(*running), set().union(*lately)

    def _wanted(self, chosen: Mapping[str, Chosen], scored: Scored, day: date) -> dict[str, float | None]:
        """The counts and sums of a plan."""
        rows = set(scored.probabilities)
        running, rested = (ids & rows for ids in self._taken(day))
        treated = [row for row in chosen.values() if row.arm == "treat"]
        return {
            "customers.rows": len(rows),
            "customers.in_another_campaign": len(running),
            "customers.treated_lately": len(rested - running),
            "customers.considered": len(rows - running - rested),
            "customers.chosen": len(chosen),
            "customers.treat": len(treated),
            "customers.hold_out": len(chosen) - len(treated),
            "spend.money": len(treated) * _MOST,
            "spend.minutes": len(treated) * OFFER.minutes,
            "expected.money": sum(row.expected for row in treated),
        }

    def _started(self, plan: Mapping[str, Any], chosen: dict[str, Chosen], world: World) -> Planned:
        day, ends = world.today, add_months(world.today, self.oracle.window_months)
        self.client.start(plan["id"])
        backdate(self.store, plan["id"], "started_at", day)
        arms = [{name for name, row in chosen.items() if row.arm == arm} for arm in ("treat", "hold_out")]
        rates = save_rates(self.effect, world, self.oracle.window_months)
        return Planned(
            plan,
            known_as=plan["name"] if day.month % 2 else plan["id"],
            judged=Judged(day, ends, chosen, {}),
            started=Started(plan["id"], plan["name"], day, date.max, *arms),
            rates={name: rates[name] for name in arms[0]},
            without=deepcopy(world),
        )

    def save_rates(self) -> Mapping[str, float]:
        """What the contacts of all campaigns do whose label windows last: nobody is in two of them."""
        return {name: rate for one in self.planned if not one.judged.closed for name, rate in one.rates.items()}

    def contacts(self, past: Month) -> Mapping[str, Contact]:
        """Those of the newest campaign; whoever was kept takes the offer, and so do some of the loyal."""
        for campaign in self.planned:
            if not campaign.judged.closed:
                treated = campaign.started.treated
                campaign.left |= treated & set(past.left)
                campaign.would |= treated & set(campaign.without.advance().left)
                self._close(campaign, past.until)
        if self._newest is None:
            return {}
        kept, left = set(past.saved), set(past.left)
        newest = self._newest
        newest.judged.contacts = {
            one: _contact(newest, one, row, kept=one in kept, left=one in left)
            for one, row in newest.judged.chosen.items()
        }
        return newest.judged.contacts

    def _close(self, campaign: Planned, day: date) -> None:
        if day < campaign.judged.ends:
            return
        self.client.close(campaign.started.id)
        backdate(self.store, campaign.started.id, "closed_at", day)
        campaign.judged.closed, campaign.started.until = True, day

    def differences(self) -> list[str]:
        """What is wrong with the results of all campaigns."""
        known, _ = fold(once(self.oracle.rows))
        found = list[str]()
        for campaign in self.planned:
            campaign.result = self.client.result(campaign.started.id)
            wanted = result(campaign.judged, known, self.today)
            where = f"the result of {campaign.started.name}"
            found += differences(where, campaign.result, wanted, ROUNDED * len(campaign.judged.chosen))
            cost, budget = campaign.result["money"]["cost"], campaign.plan["plan"]["budget"]
            if cost > budget:
                found.append(f"{where}: the cost of {cost} is more than the budget of {budget}")
            if campaign.result["save_rates"]:
                self._measured = campaign.started.id
        return found


def _chosen(row: Mapping[str, str]) -> Chosen:
    arm: Arm = "treat" if row["arm"] == "treat" else "hold_out"
    return Chosen(arm, *(float(row[name]) for name in ("churn_probability", "value", "expected_value")))


def _contact(campaign: Planned, customer_id: str, row: Chosen, *, kept: bool, left: bool) -> Contact:
    if row.arm == "hold_out":
        return Contact(campaign.known_as, "hold_out", accepted=False, cost=0.0)
    willing = share_of(campaign.started.name, customer_id, "accepted") < OFFER.accepts
    accepted = kept or (willing and not left)
    return Contact(campaign.known_as, "treat", accepted, OFFER.contact_cost + OFFER.incentive * accepted)
