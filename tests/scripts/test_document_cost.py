"""docs/cost.md is what its script writes, and the sums behind it hold."""

from dataclasses import replace

import pytest

from churn_api.tracking import outbox
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
    assert f"CHURN_SWEEP_SECONDS={cost.BOX_TIDY_SECONDS // 6}\n" in box


def test_many_predictions_are_handed_over_in_full_objects():
    few, many = cost.tracking(1, 2, 60), cost.tracking(1_000, 2, 60)
    assert few == cost.tracking(10, 2, 60)
    assert 2 < many[0] / few[0] < 100
