"""A simulation of jobs on any number of workers, compared with measurements of one and of two workers.

One worker plans a job, any free worker scores a chunk, and one worker joins the results. While there are enough cores,
a step takes the same time with many workers as with one. Otherwise, as with two workers beside other programs on a
small machine, all steps slow down alike.
"""

import heapq
import json
import math
import random
import statistics
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from scripts.units import MEASURED


class Job(NamedTuple):
    """A job's arrival and the durations of its steps, in seconds; each of the `chunks` takes `chunk`."""

    arrives: float
    plan: float
    chunks: int
    chunk: float
    finish: float


@dataclass(frozen=True)
class Steps:
    """Seconds of each step for `rows` rows in `chunks` chunks, as measured with one worker."""

    rows: int
    chunks: int
    plan: float
    chunk: float
    finish: float

    def job(self, rows: int, arrives: float = 0.0) -> Job:
        """A job of this many rows, with each step in proportion to them."""
        share = rows / self.rows
        return Job(arrives, self.plan * share, max(1, math.ceil(self.chunks * share)), self.chunk, self.finish * share)


class Shares(NamedTuple):
    """How many cores each step uses while it runs, if there are enough."""

    plan: float = 1.0
    chunk: float = 1.0
    finish: float = 1.0


class Run(NamedTuple):
    """A measured job: its seconds, the cores that other programs left, and the cores that its steps used.

    The shares are computed from the processor time of the same run, because cores that share memory and caches are
    slower together. The API takes the file in, and workers score; joining is copying, which uses hardly any core.
    """

    seconds: float
    cores: float
    shares: Shares


def measured_steps(path: Path = MEASURED) -> Steps:
    """The steps of the job that was measured with one worker."""
    jobs = json.loads(path.read_text())["jobs"]
    alone = jobs["workers"]["1"]
    chunks = int(alone["chunks"])
    return Steps(jobs["rows"], chunks, alone["plan_seconds"], alone["chunks_seconds"] / chunks, alone["finish_seconds"])


def measured_run(workers: int, path: Path = MEASURED) -> Run:
    """The job that was measured with one or with two workers."""
    jobs = json.loads(path.read_text())["jobs"]
    run, alone = jobs["workers"][str(workers)], jobs["workers"]["1"]
    spent = run["cpu_seconds"]
    chunk = (spent["worker"] + spent["queue"]) / alone["chunks_seconds"]
    shares = Shares(spent["api"] / alone["plan_seconds"], chunk, 0.0)
    return Run(run["seconds"], jobs["cores"] - run["others_cores"], shares)


def modelled_seconds(workers: int, path: Path = MEASURED) -> float:
    """The simulated duration, in seconds, of the job that was measured with this many workers."""
    steps, run = measured_steps(path), measured_run(workers, path)
    return simulate([steps.job(steps.rows)], workers, run.cores, run.shares)[0]


def simulate(
    jobs: Iterable[Job],
    workers: int,
    cores: float = math.inf,
    shares: Shares = Shares(),  # noqa: B008 - a constant
) -> list[float]:
    """The seconds from each job's arrival to its end, in the order of arrival; steps wait in one first-in queue.

    All running steps share the `cores`, each using as many as `shares` says; by default there are enough.
    """
    waiting = deque(sorted(jobs))
    ends = [0.0] * len(waiting)
    left = [0] * len(waiting)
    ready: deque[tuple[int, str]] = deque()
    # When steps end, on a clock that runs slower while there are too few cores.
    running: list[tuple[float, int, str]] = []
    clock, work, number, arrived = 0.0, 0.0, 0, list(waiting)
    while waiting or ready or running:
        while waiting and waiting[0].arrives <= clock:
            waiting.popleft()
            ready.append((number, "plan"))
            number += 1
        while ready and len(running) < workers:
            at, step = ready.popleft()
            heapq.heappush(running, (work + getattr(arrived[at], step), at, step))
        pace = _pace(running, cores, shares)
        coming = waiting[0].arrives if waiting else math.inf
        ending = clock + (running[0][0] - work) / pace if running else math.inf
        if coming < ending:
            clock, work = coming, work + (coming - clock) * pace
            continue
        clock, (work, at, step) = ending, heapq.heappop(running)
        _after(arrived[at], at, step, left, ready)
        if step == "finish":
            ends[at] = clock - arrived[at].arrives
    return ends


def _pace(running: list[tuple[float, int, str]], cores: float, shares: Shares) -> float:
    """The speed of the running steps on so many cores, 1 if there are enough."""
    wanted = sum(getattr(shares, step) for _, _, step in running)
    return min(1.0, cores / wanted) if wanted else 1.0


def _after(job: Job, at: int, step: str, left: list[int], ready: deque[tuple[int, str]]) -> None:
    """Queue the steps that a finished step makes possible."""
    if step == "plan":
        left[at] = job.chunks
        ready.extend([(at, "chunk")] * job.chunks)
    elif step == "chunk":
        left[at] -= 1
        if not left[at]:
            ready.append((at, "finish"))


def a_day(steps: Steps, rows: int, rows_a_job: int, workers: int, seed: int = 1) -> tuple[float, float]:
    """The median and the 95th percentile of the seconds that jobs take which arrive at random during a day."""
    chance = random.Random(seed)  # noqa: S311 - a simulation
    jobs = [steps.job(rows_a_job, chance.uniform(0, 86_400)) for _ in range(rows // rows_a_job)]
    taken = simulate(jobs, workers)
    return statistics.median(taken), statistics.quantiles(taken, n=20)[-1]
