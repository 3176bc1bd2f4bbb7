"""What the soak prints and judges."""

import pytest

from scripts import soak


def tally(megabytes: float, *faults: str) -> soak.Tally:
    memory = dict.fromkeys(soak.SERVING, megabytes)
    samples = [(15.0 * number, memory) for number in range(9)]
    return soak.Tally({"predict": [0.01] * 100}, list(faults), samples, hostile=3)


def test_a_flat_run_without_a_fault_is_fine(capsys):
    assert soak.report(tally(100))
    printed = capsys.readouterr().out
    assert "predict      100 asked, p50    10.0 ms, p99    10.0 ms" in printed
    assert "together 500 MiB at most, 0 requests failed; 3 hostile ones" in printed
    assert "+0.0 MiB an hour" in printed


def test_more_than_a_gigabyte_is_not(capsys):
    assert not soak.report(tally(205))


def test_a_request_that_failed_is_not_and_is_named(capsys):
    assert not soak.report(tally(100, "predict: 502"))
    assert "predict: 502" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "megabytes"), [("512KiB", 0.5), ("4.5MiB", 4.5), ("1.5GiB", 1536), ("0B", 0)], ids=str
)
def test_memory_is_read_as_docker_writes_it(text, megabytes):
    assert soak.mebibytes(text) == megabytes
