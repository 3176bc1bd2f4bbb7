"""Months of a simulated operator who has a campaign planned in each: plans, results and quality are the oracle's.

Without processes, so that it takes seconds; `tests/api/quality/test_simulated_months.py` does the same by HTTP.
"""

import io
from datetime import date
from typing import Any

import msgspec
import polars as pl
import pytest
from tests.api.campaigns.conftest import Desk
from tests.shared.campaigns.campaign import report

from churn.campaigns import answer
from churn.tracking import layout
from churn.tracking.quality import quality
from churn_api.jobs.options import JobOptions
from scripts.simulation.calendar import first_day
from scripts.simulation.client import Scored
from scripts.simulation.comparison import differences
from scripts.simulation.effects import EFFECTS
from scripts.simulation.oracle import Oracle
from scripts.simulation.planned_campaigns import PlannedCampaigns
from scripts.simulation.reporting import Clerk, Outcome
from scripts.simulation.world import World, to_csv

MONTHS, CUSTOMERS, WINDOW, DAYS = 7, 300, 3, 400


class Client:
    """The simulation's client with the product's own parts behind it."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def score(self, records: list[dict[str, str]], day: date) -> Scored:
        bench = self._desk.bench
        job = bench.submit(to_csv(records), options=JobOptions(as_of=day))
        bench.drain()
        files = bench.store.list(f"{layout.PREDICTIONS}month={day:%Y-%m}/")
        tables = [pl.read_parquet(io.BytesIO(bench.store.get(entry.key).data)) for entry in files]
        # With all their digits, which no file of results has.
        tracked = pl.concat(tables).select("customer_id", "probability")
        return Scored(job.id, job.model_version, dict(tracked.iter_rows()))

    def plan(self, body: dict[str, Any]) -> dict[str, Any]:
        campaign_id = self._desk.submissions.accept(body, None, None).job.id
        self._desk.bench.drain()
        return msgspec.to_builtins(self._desk.service.get(campaign_id))

    def list_of(self, campaign_id: str) -> list[dict[str, str]]:
        return self._desk.listed(campaign_id)

    def start(self, campaign_id: str) -> None:
        self._desk.service.start(campaign_id)

    def close(self, campaign_id: str) -> None:
        self._desk.service.close(campaign_id)

    def report(self, rows: list[Outcome]) -> None:
        """Each month's outcomes come in an hour later than those of the month before."""
        self._desk.clock.pass_by(hours=1)
        told = [row._asdict() | (row.contact._asdict() if row.contact else {}) for row in rows]
        report(self._desk.store, told, self._desk.clock())

    def result(self, campaign_id: str) -> dict[str, Any]:
        found = answer.compute(self._desk.store, self._desk.clock(), campaign_id)
        assert found is not None
        return found

    def quality(self) -> dict[str, Any]:
        return quality(self._desk.store, self._desk.clock(), DAYS)


def lived(desk: Desk, effect: str) -> tuple[PlannedCampaigns, list[str]]:
    """The campaigns of some months, and what the oracle finds wrong with them."""
    today, client, oracle, clerk = desk.clock().date(), Client(desk), Oracle(WINDOW), Clerk()
    outreach = PlannedCampaigns(client, desk.store, effect, oracle, today)
    world, found = World(1, CUSTOMERS, first_day(today, MONTHS)), []
    for _ in range(MONTHS):
        scored = client.score(world.records(), world.today)
        oracle.predicted(world.today, scored.release, scored.probabilities)
        found += outreach.begin(world, scored)
        past = world.advance(outreach.save_rates())
        rows = clerk.report(past, outreach.contacts(past))
        client.report(rows)
        oracle.reported(rows)
        found += outreach.differences()
    found += differences(client.quality(), oracle.outcomes(), oracle.releases(today))
    return outreach, found


@pytest.mark.parametrize("effect", EFFECTS)
def test_plans_results_and_quality_of_seven_months_are_the_oracles(desk: Desk, effect: str) -> None:
    outreach, found = lived(desk, effect)
    assert found == []
    first = outreach.planned[0]
    assert first.result["final"]
    assert first.started.until == first.judged.ends
    plans = [*(campaign.plan for campaign in outreach.planned), *outreach.untreated]
    assert {plan["offers"][0]["saves"]["source"] for plan in plans} == {"assumed", "measured"}
    assert sum(plan["customers"]["in_another_campaign"] for plan in plans) > 30
    assert sum(plan["customers"]["treated_lately"] for plan in plans) > 0
