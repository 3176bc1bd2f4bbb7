"""Campaigns without processes: the bench of jobs, with what plans campaigns and answers for them."""

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from tests.api.jobs.conftest import Bench, bench, customers_csv, header_line, many_customers, rows_of
from tests.api.tracking.conftest import interrupted

from churn.campaigns import layout
from churn_api.campaigns.answers import CampaignAnswer
from churn_api.campaigns.opt_outs import OptOuts
from churn_api.campaigns.planning import Planning
from churn_api.campaigns.service import CampaignService
from churn_api.campaigns.submission import CampaignSubmissions
from churn_api.jobs.job import Job
from churn_api.jobs.lifecycle import Lifecycle
from churn_api.jobs.release_cache import ReleaseCache
from churn_api.jobs.steps import Steps

__all__ = ["bench", "customers_csv", "header_line", "interrupted", "many_customers", "rows_of"]

OFFER: dict[str, Any] = {
    "name": "10 % off",
    "contact_cost": 4,
    "minutes": 6,
    "incentive": 30,
    "accepts": 0.1,
    "saves": {"rate": 0.3, "source": "assumed"},
}
CALL: dict[str, Any] = {
    "name": "a call",
    "contact_cost": 5,
    "minutes": 12,
    "saves": {"rate": 0.15, "source": "assumed"},
}
PLAN: dict[str, Any] = {"offers": [OFFER, CALL], "budget": 4_000, "holdout": 0.2}


class Desk:
    """A bench at which campaigns are planned."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.store, self.clock, self.queue = bench.store, bench.clock, bench.queue
        self.submissions = CampaignSubmissions(bench.repository, bench.queue, bench.metrics, bench.limits)
        lifecycle = Lifecycle(bench.repository, bench.queue, bench.metrics)
        self.service = CampaignService(bench.repository, lifecycle, 400)
        self.opt_outs = OptOuts(self.store)
        releases = ReleaseCache(self.store)
        planner = Planning(bench.repository, releases)
        bench.steps = Steps(bench.repository, bench.queue, releases, bench.metrics, planner=planner)

    def scored(self, data: bytes) -> Job:
        """A completed job of these customers."""
        job = self.bench.submit(data, filename="customers.csv")
        self.bench.drain()
        return job

    def ask(self, job: Job, *, key: str | None = None, name: str = "Spring", **changes: Any) -> str:
        """Ask for a campaign; returns its id."""
        self.clock.pass_by(seconds=1)
        body = {"name": name, "source": {"job": job.id}, "plan": PLAN | changes}
        return self.submissions.accept(body, key, None).job.id

    def planned(self, job: Job, **changes: Any) -> CampaignAnswer:
        """A campaign that is planned."""
        campaign_id = self.ask(job, **changes)
        self.bench.drain()
        return self.service.get(campaign_id)

    def listed(self, campaign_id: str, *, raw: bool = False) -> list[dict[str, str]]:
        """The rows of a campaign's list."""
        text = b"".join(self.service.list_of(campaign_id, raw=raw).read()).decode()
        return list(csv.DictReader(io.StringIO(text, newline="")))

    def kept(self, campaign_id: str) -> dict[str, bytes]:
        """Everything that is kept of a campaign, by key."""
        found = [*self.store.list(layout.folder(campaign_id)), *self.store.list("campaigns/newest/")]
        return {entry.key: self.store.get(entry.key).data for entry in found}

    def forget(self, campaign_id: str) -> None:
        """Leave nothing of a campaign, as if it had never been."""
        found = [*self.store.list(layout.folder(campaign_id)), *self.store.list("campaigns/newest/")]
        self.store.delete([entry.key for entry in found])

    def settled(self) -> None:
        """What the sweep finds to do is done."""
        for _ in range(4):
            self.bench.clock.pass_by(minutes=10)
            self.bench.sweeper.sweep()
            self.bench.drain()


@pytest.fixture
def desk(bench: Bench) -> Desk:
    return Desk(bench)


@pytest.fixture
def scored(desk: Desk, many_customers: Callable[[int], bytes]) -> Job:
    """A completed job of 3,000 customers, in several chunks."""
    return desk.scored(many_customers(3_000))
