"""Two hundred broken files: each is refused with a clear error, or all of its rows are accounted for."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.broken_files import MUTATIONS, Mutate

from churn.errors import ChurnError


@pytest.mark.parametrize("mutate", MUTATIONS, ids=lambda mutate: mutate.__name__)
def test_twenty_broken_files_end_clearly(
    bench: Any, many_customers: Callable[[int], bytes], rows_of: Any, mutate: Mutate, tmp_path: Path
) -> None:
    data = many_customers(40)
    for seed in range(20):
        job = submitted(bench, mutate(random.Random(seed), data))
        if job is None:
            continue
        bench.drain()
        shown = bench.job_service.get(job.id)
        assert shown["status"] == "completed", shown
        results, errors = rows_of(bench.file(job, "results")), rows_of(bench.file(job, "errors"))
        accepted, refused = [int(row["row"]) for row in results], {int(row["row"]) for row in errors}
        assert sorted([*accepted, *refused]) == list(range(1, shown["request_counts"]["total"] + 1))
        for row in (*results, *errors):
            assert not any(cell.startswith(("=", "+", "@", "\t")) for cell in row.values())
        bench.job_service.delete(job.id)
    assert bench.held() == []
    assert list((tmp_path / "store" / ".churn-store" / "writing").iterdir()) == []


def submitted(bench: Any, data: bytes) -> Any:
    """The job, or None for a file that is refused, which must be the caller's fault and be told in a sentence."""
    try:
        return bench.submit(data)
    except ChurnError as error:
        refusal = error
    assert 400 <= refusal.status < 500
    assert len(refusal.message) < 300
    return None
