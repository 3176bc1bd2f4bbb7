"""A file through the real stack: upload, store, queue, workers."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import requests

from scripts.stack import ROOT, Stack, own_environment, started

# Prints the memory in use and the droppable part of it, by version 2 or version 1 of control groups.
_SAMPLER = """
cd /sys/fs/cgroup
[ -e memory.current ] || cd memory
while sleep 0.1; do
    cat memory.current memory.usage_in_bytes 2>/dev/null
    sed -n 's/^inactive_file //p' memory.stat
done
"""


class Times(NamedTuple):
    """The seconds of the upload, and those from its start to the end of the job."""

    upload: float
    whole: float


class ScoringStack(Stack):
    """A stack that scores files, with as many workers as it is asked for."""

    def workers(self, count: int) -> None:
        """Scale to this number of workers and wait until they are ready."""
        self.compose("up", "--detach", "--wait", "--no-recreate", "--scale", f"worker={count}", "worker")

    def score(self, table: Path) -> Times:
        """Submit a table, wait for the job's end, and delete the job; exits if any row was refused."""
        start = time.perf_counter()
        with table.open("rb") as file:
            answer = requests.post(f"{self.api}/jobs", data=file, headers={"Content-Type": "text/csv"}, timeout=600)
        answer.raise_for_status()
        upload = time.perf_counter() - start
        job: dict[str, Any] = answer.json()
        while not job["finished_at"]:
            # Often enough to see the end in time, but not so often that polling takes much processor time.
            time.sleep(0.05)
            job = requests.get(self.api + job["links"]["self"], timeout=60).json()
        whole = time.perf_counter() - start
        if job["status"] != "completed" or job["request_counts"]["failed"]:
            raise SystemExit(f"The job did not complete as it should: {job}")
        requests.delete(self.api + job["links"]["self"], timeout=60).raise_for_status()
        return Times(upload, whole)

    def peaks(self, table: Path) -> dict[str, float]:
        """The most memory, in MiB, that the API and a worker use during one more job, sampled ten times a second.

        Cached files, which the kernel can drop at any time, are not counted.
        """
        with ExitStack() as context:
            watched = {service: context.enter_context(self._watched(service)) for service in ("api", "worker")}
            self.score(table)
        return {service: _highest(samples) for service, samples in watched.items()}

    @contextmanager
    def _watched(self, service: str) -> Iterator[list[str]]:
        """Sample a service's memory during the block; the list is filled at its end."""
        samples: list[str] = []
        command = ["docker", "compose", "exec", "-T", service, "timeout", "600", "sh", "-c", _SAMPLER]
        with subprocess.Popen(
            command, cwd=self.folder, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as sampler:
            yield samples
            sampler.terminate()
            samples += sampler.communicate()[0].splitlines()


def _highest(samples: list[str]) -> float:
    """The highest memory in MiB of pairs of lines: bytes in use, and the bytes of it that are droppable files.

    The last pair may be cut off.
    """
    used, droppable = (map(int, samples[which::2]) for which in (0, 1))
    return max(all_of_it - files for all_of_it, files in zip(used, droppable, strict=False)) / 2**20


@contextmanager
def running() -> Iterator[ScoringStack]:
    """A stack for files of up to 2 GB, over a model that was trained as quickly as possible."""
    settings = {"CHURN_MAX_UPLOAD_MB": "2000", "CHURN_CV_REPEATS": "1", "CHURN_CV_FOLDS": "2"}
    with started(ScoringStack(ROOT, own_environment("bench", settings))) as stack:
        yield stack
