"""docs/cost.md is what its script writes, and the sums behind it hold."""

from dataclasses import replace

import pytest

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


def test_the_free_tier_takes_off_and_never_adds(units):
    free, paid = cost.box(prices(), units, free=True), cost.box(prices(), units, free=False)
    assert all(a.dollars <= b.dollars for a, b in zip(free, paid, strict=True))
    assert free[0].dollars == 0


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
