"""Months of a simulated operator against the API under gunicorn, a worker and a queue: the answers are right."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from churn.store.interface import ObjectStore
from scripts.simulated_operator import Line, Run
from scripts.simulation.calendar import first_day
from scripts.simulation.client import Client
from scripts.simulation.oracle import Oracle
from scripts.simulation.outreach import Outreach, OwnCampaigns
from scripts.simulation.planned_campaigns import PlannedCampaigns
from scripts.simulation.world import World

MONTHS, CUSTOMERS = 5, 300


@pytest.fixture
def url(
    serve: Callable[..., Any],
    publish: Callable[..., str],
    store: ObjectStore,
    empty_redis: str,
    root: Path,
    tmp_path: Path,
) -> Iterator[str]:
    """Where the product answers, with a release in service and a worker."""
    publish(store)
    server = serve(CHURN_QUEUE_URL=empty_redis)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CHURN_")} | {
        "PYTHONPATH": f"{root}/shared{os.pathsep}{root}/services/api",
        "CHURN_STORE_URL": f"file://{tmp_path}/store",
        "CHURN_QUEUE_URL": empty_redis,
        "CHURN_SWEEP_SECONDS": "0.5",
    }
    command = [sys.executable, "-m", "celery", "--quiet", "--app", "churn_api.worker.app", "worker"]
    with (tmp_path / "worker.log").open("wb") as log:
        worker = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    server.wait("/health/ready", 200)
    yield server.url
    worker.terminate()
    worker.wait(timeout=40)


def lived(client: Client, outreach: Outreach, oracle: Oracle) -> list[Line]:
    """Five months."""
    today = datetime.now(UTC).date()
    run = Run(client, World(1, CUSTOMERS, first_day(today, MONTHS)), outreach, oracle, today)
    return [run.month() for _ in range(MONTHS)]


def test_every_figure_of_five_months_with_a_campaign_is_the_oracles(url):
    client = Client(url)
    lines = lived(client, OwnCampaigns(), Oracle(client.window_months()))
    assert [line.differences for line in lines] == [[]] * MONTHS
    assert lines[-1].realised["roc_auc"] == pytest.approx(lines[-1].truth["roc_auc"], abs=1e-9)
    assert lines[-1].truth["treated"] > 30


def test_every_figure_of_five_months_of_planned_campaigns_is_the_oracles(url, store):
    client = Client(url)
    oracle = Oracle(client.window_months())
    outreach = PlannedCampaigns(client, store, "same", oracle, datetime.now(UTC).date())
    lines = lived(client, outreach, oracle)
    assert [line.differences for line in lines] == [[]] * MONTHS
    assert outreach.planned[0].result["final"]
    plans = [*(campaign.plan for campaign in outreach.planned), *outreach.untreated]
    assert {plan["offers"][0]["saves"]["source"] for plan in plans} == {"assumed", "measured"}
    assert sum(plan["customers"]["in_another_campaign"] for plan in plans) > 30
    assert sum(plan["customers"]["treated_lately"] for plan in plans) > 0
    assert lines[-1].truth["treated"] > 30
