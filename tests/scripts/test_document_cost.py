"""docs/cost.md is what its script writes, and the sums behind it hold."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from churn.store.compare_and_swap import JSON
from churn.store.directory import DirectoryStore
from churn.store.interface import Entry, Object
from churn.tracking import daily
from churn_api.campaigns import paths
from churn_api.jobs import ids
from churn_api.metrics.at_risk import AtRiskCollector
from churn_api.metrics.campaigns import CampaignCollector
from churn_api.metrics.realised import RealisedCollector
from churn_api.tracking import outbox
from churn_api.worker import bootstrap
from scripts import document_cost as cost
from scripts.units import measured, prices


@pytest.fixture(scope="module")
def units():
    return measured()


def test_the_document_is_what_the_script_writes(units):
    text = cost.DOCUMENT.read_text()
    assert cost.document(text, prices(), units) == text, "run `make docs`"


def test_more_predictions_never_cost_less(units):
    totals = [sum(line.dollars for line in cost.cluster(prices(), units, rate)) for rate in cost.RATES]
    assert totals == sorted(totals)
    assert totals[0] > 0


def test_every_price_that_was_taken_down_is_used(root):
    """A price that no sum takes is something that the page leaves out."""
    text = (root / "scripts" / "document_cost.py").read_text()
    taken = prices()
    names = [name for group in ("per_hour", "per_month", "per_unit", "always_free") for name in taken[group]]
    assert [name for name in names if f'"{name}"' not in text] == []


def test_what_logs_take_on_their_way_grows_with_them(units):
    def through(rate: float) -> float:
        return next(line.dollars for line in cost.cluster(prices(), units, rate) if line.what.startswith("NAT"))

    assert through(1_000) - through(0) == pytest.approx(65, abs=1)


def test_the_cluster_looks_for_a_request_as_often_as_it_is_charged_for(root, units):
    template = (root / "deploy" / "aws" / "cluster.yaml").read_text()
    schedule = template.split("  RetrainingSchedule:", 1)[1].split("Description", 1)[0]
    assert f"Default: rate({cost.RETRAINING_HOURS} hours)" in schedule
    lines = {line.what: line.dollars for line in cost.cluster(prices(), units, 10)}
    assert lines["trainer: looks for a request"] == pytest.approx(lines["worker, 1 task"] / 360)


def test_open_pages_are_asked_for_all_day(units):
    assert cost.open_pages(prices()) == pytest.approx(11, abs=0.1)


@pytest.mark.parametrize(("template", "alarms"), [("single", cost.BOX_ALARMS), ("cluster", cost.CLUSTER_ALARMS)])
def test_the_alarms_that_are_paid_for_are_those_of_the_templates(root, template, alarms):
    text = (root / "deploy" / "aws" / f"{template}.yaml").read_text()
    assert text.count("Type: AWS::CloudWatch::Alarm") == alarms


def test_a_task_is_added_when_the_others_are_busy(units):
    slow = replace(units, predict=0.001)
    assert [cost.tasks(slow, rate) for rate in (10, 1_200, 1_201)] == [2, 2, 3]


def test_two_zones_have_a_task_each_however_little_there_is_to_do(units):
    assert cost.tasks(units, 0.001) == 2


def test_storage_is_a_week_of_jobs_and_a_year_of_releases(units):
    simple = replace(units, row_bytes_in=100, row_bytes_out=100, release_bytes=0)
    rows = 10_000_000
    assert cost.storage(simple, rows) == pytest.approx(rows * 200 * 7 / cost.DAYS / 1e9)


def test_looks_for_a_release_are_most_of_the_reads(units):
    _, rare = cost.requests(units, 0, 2, 15, 1)
    _, often = cost.requests(units, 0, 2, 2, 1)
    assert often == pytest.approx(7.5 * rare)


def test_what_tracking_is_assumed_to_do_is_what_it_does(root):
    assert (cost.HANDOVER_SECONDS, cost.HANDOVER_ROWS) == (outbox.WAIT_SECONDS, outbox.FULL_ROWS)
    box = (root / "deploy" / "aws" / "box" / "compose").read_text()
    assert f"CHURN_SWEEP_SECONDS={cost.BOX_TIDY_SECONDS // cost.TIDY_SWEEPS}\n" in box
    assert (cost.TIDY_SECONDS, cost.TIDY_SWEEPS) == (bootstrap._TIDY_SECONDS, bootstrap._TIDY_SWEEPS)
    # The look for alerts is no rarer where one sweeps seldom, and that for digests comes with each measured sweep.
    assert (cost.ALERTS_SECONDS, cost.TIDY_SECONDS) == (
        bootstrap._TIDY_SECONDS,
        cost.TIDY_SWEEPS * bootstrap._DIGEST_SECONDS,
    )


class CountingStore(DirectoryStore):
    """Counts reads and lists."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.counts: Counter[str] = Counter()

    def get(self, key: str) -> Object:
        self.counts["reads"] += 1
        return super().get(key)

    def list(self, prefix: str, *, after: str = "", limit: int | None = None) -> Iterator[Entry]:
        self.counts["lists"] += 1
        return super().list(prefix, after=after, limit=limit)


def test_what_metrics_are_assumed_to_ask_of_the_store_is_what_they_ask(tmp_path):
    store = CountingStore(tmp_path)
    for day in range(1, 4):
        store.put(daily.key(date(2026, 11, day)), b"{}", content_type=JSON)
    for _ in range(cost.OPEN_CAMPAIGNS):
        store.put(paths.newest(ids.new_id(datetime.now(UTC), ids.CAMPAIGN)), b"", content_type=JSON)
    often = RealisedCollector(store), CampaignCollector(store)
    assert {collector.seconds for collector in often} == {cost.METRICS_SECONDS}
    for collector in often:
        collector.refresh()
    assert store.counts == {"lists": 1, "reads": 1 + cost.OPEN_CAMPAIGNS}
    store.counts.clear()
    at_risk = AtRiskCollector(store)
    at_risk.refresh()
    assert (at_risk.seconds, store.counts) == (cost.AT_RISK_SECONDS, {"lists": 1, "reads": cost.AT_RISK_READS})


def test_metrics_cost_each_process_the_same():
    assert cost.metrics(4) == tuple(4 * requests for requests in cost.metrics(1))


def test_many_predictions_are_handed_over_in_full_objects():
    few, many = cost.tracking(1, 2, 60), cost.tracking(1_000, 2, 60)
    assert few == cost.tracking(10, 2, 60)
    assert 2 < many[0] / few[0] < 100
