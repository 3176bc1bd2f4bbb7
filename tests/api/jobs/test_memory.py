"""What a worker needs at most: a whole file at fault takes no more memory than its container has."""

import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.api.jobs.test_worker import Stack

from churn_api.app import create_app
from churn_api.settings import ApiSettings
from churn_trainer.data import sample


@pytest.fixture(scope="module")
def stack(root: Path, start_redis: Callable[..., str], publish: Callable[..., str]) -> Iterator[Stack]:
    """The API and workers with chunks as large as they are in service."""
    with tempfile.TemporaryDirectory(prefix="jobs-") as folder:
        stack = Stack(root, Path(folder), start_redis())
        publish(stack.store)
        stack.app = create_app(ApiSettings(store_url=stack.store_url, queue_url=stack.queue_url))
        yield stack
        stack.kill_workers()


def shifted(copies: int) -> bytes:
    """A table whose columns are shifted by one, as any export gets wrong now and then: each row has fifteen faults.
    The first is whole, or the upload would be refused at once."""
    head, *rows = sample.csv_bytes().splitlines()
    lines = [row.partition(b",")[2] + b"," for row in rows]
    return b"\n".join([head, rows[0], *lines * copies])


def anonymous(group: int) -> int:
    """Bytes that the processes of a group hold, what they share counted once, without files that can be dropped."""
    total = 0
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if int((folder / "stat").read_text().rpartition(")")[2].split()[2]) == group:
                rollup = dict(line.split()[:2] for line in (folder / "smaps_rollup").read_text().splitlines()[1:])
                total += int(rollup["Pss_Anon:"]) << 10
    return total


class Peak(threading.Thread):
    """Watches how much the processes of a group hold until it is stopped."""

    def __init__(self, group: int) -> None:
        super().__init__()
        self._group = group
        self._over = threading.Event()
        self.bytes = 0

    def run(self) -> None:
        while not self._over.wait(0.02):
            self.bytes = max(self.bytes, anonymous(self._group))

    def stop(self) -> int:
        self._over.set()
        self.join()
        return self.bytes


def limit(root: Path) -> tuple[int, dict[str, str]]:
    """The bytes that the worker's container has, and the settings of memory that it is started with."""
    worker = yaml.safe_load((root / "compose.yaml").read_text())["services"]["worker"]
    assert worker["mem_limit"].endswith("m")
    settings = {name: value for name, value in worker["environment"].items() if name.startswith("MALLOC_")}
    return int(worker["mem_limit"].removesuffix("m")) << 20, settings | {"MALLOC_ARENA_MAX": "2"}


def test_a_file_whose_columns_are_shifted_stays_within_the_workers_memory(
    stack: Stack, root: Path, rows_of: Any
) -> None:
    allowed, settings = limit(root)
    worker = stack.start_worker(**settings)
    peak = Peak(worker.pid)
    peak.start()
    data = shifted(20)
    job = stack.wait(stack.submit(data), seconds=240)
    held = peak.stop()
    total = job["request_counts"]["total"]
    assert (job["status"], job["request_counts"]["failed"], total) == ("completed", total - 1, data.count(b"\n"))
    # Three tenths are left for the pages of files and the kernel's own part.
    assert held < 0.7 * allowed, held >> 20
    _, errors = stack.files(job["id"])
    assert len({line.partition(b",")[0] for line in errors.splitlines()[1:]}) == total - 1
    assert len(errors) < 3 * len(data)
