"""How much memory is held."""

import mmap
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from churn_trainer import memory

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")


def take(size: int) -> int:
    """Memory that is the system's own: what the process keeps for later would not show."""
    with mmap.mmap(-1, size) as held:
        held[::4096] = bytes(len(range(0, size, 4096)))
        return len(held)


@linux
def test_work_that_takes_memory_is_seen_to():
    result, risen = memory.peak_of(lambda: take(50_000_000))
    assert result == 50_000_000
    assert 40_000_000 < risen < 80_000_000


@linux
def test_what_was_taken_and_given_back_before_does_not_count():
    take(60_000_000)
    assert memory.peak_of(lambda: None)[1] < 10_000_000


@linux
def test_the_peak_of_the_process_outlasts_a_measurement():
    take(80_000_000)
    before = memory.peak()
    memory.peak_of(lambda: None)
    assert memory.peak() >= before


def test_without_a_kernel_that_tells_nothing_is_claimed(monkeypatch, tmp_path):
    for name in ("_STATUS", "_CLEAR"):
        monkeypatch.setattr(memory, name, tmp_path / "missing" / name)
    monkeypatch.setattr(memory, "_GROUPS", ((tmp_path / "missing", tmp_path / "missing"),))
    assert memory.peak_of(lambda: 7) == (7, 0)
    assert memory.container_peak() is None


@pytest.mark.parametrize(
    ("limit", "told"),
    [("1073741824", 123_456), ("max", None), ("9223372036854771712", None)],
    ids=["limited", "v2", "v1"],
)
def test_the_accounting_is_the_containers_where_there_is_a_limit(monkeypatch, tmp_path, limit, told):
    (tmp_path / "peak").write_text("123456\n")
    (tmp_path / "limit").write_text(f"{limit}\n")
    places = ((tmp_path / "missing", tmp_path / "limit"), (tmp_path / "peak", tmp_path / "limit"))
    monkeypatch.setattr(memory, "_GROUPS", places)
    assert memory.container_peak() == told


@linux
def test_the_files_of_what_was_imported_are_given_back(monkeypatch):
    given_back = []
    monkeypatch.setattr(
        os, "posix_fadvise", lambda file, *_: given_back.append(Path(f"/proc/self/fd/{file}").readlink())
    )
    memory.give_back_files()
    assert {".so", ".pyc"} <= {path.suffix for path in given_back}
    assert np.ones(3).sum() == 3
