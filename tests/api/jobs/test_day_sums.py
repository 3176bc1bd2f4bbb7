"""The sums of a job's customers: those of its results, kept as those of its day."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from churn.tracking import daily
from churn_api.jobs import paths
from churn_api.overview.scoring_runs import last_run

SOME = 3_000


def test_sums_are_those_of_the_results(bench: Any, many_customers: Callable[[int], bytes], rows_of: Any) -> None:
    data = many_customers(SOME)
    job = bench.submit(data, filename="november.csv")
    assert job.chunks > 1
    bench.drain()
    results = rows_of(bench.file(job, "results"))
    bills = [float(row["MonthlyCharges"]) for row in rows_of(data)]
    contracts = [row["Contract"] for row in rows_of(data)]
    money = [12 * float(row["churn_probability"]) * bill for row, bill in zip(results, bills, strict=True)]
    run = last_run(bench.store)
    assert run is not None
    assert (run.job, run.filename, run.scored_at, run.refused) == (
        job.id,
        "november.csv",
        "2026-11-23T14:00:00+00:00",
        0,
    )
    assert run.total.customers == SOME
    assert run.total.money == pytest.approx(sum(money), abs=0.5)
    for band in run.bands:
        assert band.customers == sum(row["risk_band"] == band.band for row in results)
    [contract] = run.segments
    for group in contract.groups:
        chosen = [place for place, name in enumerate(contracts) if name == group.value]
        assert group.customers == len(chosen)
        assert group.at_risk == sum(results[place]["risk_band"] == "high" for place in chosen)
        assert group.money == pytest.approx(sum(money[place] for place in chosen), abs=0.5)


def test_refused_rows_count_for_nothing(bench: Any, many_customers: Callable[[int], bytes]) -> None:
    lines = many_customers(4).decode().splitlines()
    names = lines[0].split(",")
    cells = [line.split(",") for line in lines[1:]]
    cells[1][names.index("tenure")] = "999"
    bench.submit("\n".join([lines[0], *map(",".join, cells)]).encode())
    bench.drain()
    run = last_run(bench.store)
    assert run is not None
    assert (run.total.customers, run.refused) == (3, 1)


def test_an_announced_job_whose_worker_died_at_its_end_is_summed_all_the_same(
    bench: Any, many_customers: Callable[[int], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.submissions._limits = replace(bench.limits, announced=True)
    job = bench.submit(many_customers(5))
    with monkeypatch.context() as patch:
        patch.setattr(bench.steps._ending, "clear", lambda _: None)
        while bench.queue.steps and bench.queue.steps[0][0] != "notify":
            bench.take()
    assert bench.status(job) == "completed"
    assert bench.repository.load(job.id).notified is False
    assert daily.keys(bench.store) == []
    bench.sweeper.sweep()
    assert daily.keys(bench.store) == ["tracking/daily/2026-11-23.json"]
    assert paths.at_risk(job.id) not in bench.held()
