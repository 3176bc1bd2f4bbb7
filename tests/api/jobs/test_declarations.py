"""Jobs of customers who are declared otherwise, beside those of the shipped ones and through a swap of the release."""

import csv
import io
import random
from collections.abc import Callable
from typing import Any

import pytest
from tests.bank import BANK, bank_predictor, client, clients
from tests.made_up import published
from tests.telco import TELCO

from churn_api.jobs.errors import IdempotencyConflict, InvalidUpload

Make = Callable[[int], bytes]


def bank_csv(count: int) -> bytes:
    """A table of so many clients of the bank, every hundredth with a balance that nobody has."""
    chance, text = random.Random(8), io.StringIO()
    writer = csv.DictWriter(text, [BANK.id, *BANK.fields], lineterminator="\n")
    writer.writeheader()
    for number in range(count):
        strange = {} if number % 100 else {"Balance": 1e9}
        writer.writerow(client(chance) | {BANK.id: f"B-{number}"} | strange)
    return text.getvalue().encode()


def test_a_key_gives_its_job_though_other_customers_are_in_service(bench: Any, many_customers: Make) -> None:
    """What was sent would be refused by now, as if there were no job of it."""
    data = many_customers(5)
    job = bench.submit(data, key="k")
    held = sorted(bench.held())
    assert bench.submit(data, key="k", schema=BANK).id == job.id
    assert sorted(bench.held()) == held
    with pytest.raises(IdempotencyConflict):
        bench.submit(data + data[-1:], key="k", schema=BANK)
    bench.drain()
    bench.job_service.delete(job.id)
    with pytest.raises(InvalidUpload):
        bench.submit(data, key="k", schema=BANK)


def test_jobs_in_flight_stay_with_their_release_through_a_swap_and_back(
    bench: Any, many_customers: Make, rows_of: Any
) -> None:
    shipped, other = bench.version, published(bench.store, clients(), bank_predictor())
    tables = {TELCO: many_customers(4_000), BANK: bank_csv(3_000)}

    def submit(schema: Any) -> Any:
        bench.version = shipped if schema is TELCO else other
        return bench.submit(tables[schema], schema=schema)

    undisturbed = {}
    for schema in tables:
        job = submit(schema)
        bench.drain()
        undisturbed[schema] = [bench.file(job, kind) for kind in ("results", "errors")]
    jobs = []
    for schema in (TELCO, BANK, TELCO, BANK):  # a swap between any two, with the steps before it half done
        jobs.append((schema, submit(schema)))
        for _ in range(2):
            bench.take()
        bench.queue.steps.reverse()
    bench.drain()
    for schema, job in jobs:
        assert bench.repository.load(job.id).model_version == (shipped if schema is TELCO else other)
        assert [bench.file(job, kind) for kind in ("results", "errors")] == undisturbed[schema]
    results, errors = (rows_of(data) for data in undisturbed[BANK])
    assert {int(row["row"]) for row in results} | {int(row["row"]) for row in errors} == set(range(1, 3_001))
    assert [(row["row"], row["field"]) for row in errors] == [
        (str(number), "Balance") for number in range(1, 3_001, 100)
    ]
    assert {tally.fault_names for tally in bench.metrics.tallies} == {TELCO.fault_names, BANK.fault_names}
