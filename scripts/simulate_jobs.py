"""A model of jobs on any number of workers, checked against what was measured with one and with two.

A job is planned by one worker, its chunks are scored by whoever is free, one worker joins the results. While there are
cores for all of them, a step takes as long among many as with one. When there are not, as with two workers beside other
programs on one small machine, all steps slow down alike: the processors are shared.
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
    """When it comes, in seconds, and what its steps take."""

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
        """A job of this many rows: each step in proportion to them."""
        share = rows / self.rows
        return Job(arrives, self.plan * share, max(1, math.ceil(self.chunks * share)), self.chunk, self.finish * share)


class Shares(NamedTuple):
    """How many cores each step takes while it runs and none is missing."""

    plan: float = 1.0
    chunk: float = 1.0
    finish: float = 1.0


class Run(NamedTuple):
    """A job that was measured: its seconds, the cores that others on the machine left, and what its steps took of them.

    The shares are by the processors' seconds of this very run: cores that share memory and caches are slower together.
    Taking the file in is the API's work, scoring the workers', and joining is copying, which takes next to nothing."""

    seconds: float
    cores: float
    shares: Shares


def measured_steps(path: Path = MEASURED) -> Steps:
    jobs = json.loads(path.read_text())["jobs"]
    one = jobs["workers"]["1"]
    chunks = int(one["chunks"])
    return Steps(jobs["rows"], chunks, one["plan_seconds"], one["chunks_seconds"] / chunks, one["finish_seconds"])


def measured_run(workers: int, path: Path = MEASURED) -> Run:
    jobs = json.loads(path.read_text())["jobs"]
    run, alone = jobs["workers"][str(workers)], jobs["workers"]["1"]
    spent = run["cpu_seconds"]
    chunk = (spent["worker"] + spent["queue"]) / alone["chunks_seconds"]
    shares = Shares(spent["api"] / alone["plan_seconds"], chunk, 0.0)
    return Run(run["seconds"], jobs["cores"] - run["others_cores"], shares)


def modelled_seconds(workers: int, path: Path = MEASURED) -> float:
    """What the model says of the run that was measured with this many workers."""
    steps, run = measured_steps(path), measured_run(workers, path)
    return simulate([steps.job(steps.rows)], workers, run.cores, run.shares)[0]


def simulate(
    jobs: Iterable[Job],
    workers: int,
    cores: float = math.inf,
    shares: Shares = Shares(),  # noqa: B008 - a constant
) -> list[float]:
    """Seconds from a job's arrival to its end, in the order of arrival; steps wait in one queue, first come first.

    `cores` are shared by all running steps, each of which would take its share; by default there are enough."""
    waiting = deque(sorted(jobs))
    ends = [0.0] * len(waiting)
    left = [0] * len(waiting)
    ready: deque[tuple[int, str]] = deque()
    # When steps end, on a clock that goes slower while the cores do not suffice.
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
    """How much of their speed running steps have on so many cores."""
    wanted = sum(getattr(shares, step) for _, _, step in running)
    return min(1.0, cores / wanted) if wanted else 1.0


def _after(job: Job, at: int, step: str, left: list[int], ready: deque[tuple[int, str]]) -> None:
    """Queue what a finished step makes possible."""
    if step == "plan":
        left[at] = job.chunks
        ready.extend([(at, "chunk")] * job.chunks)
    elif step == "chunk":
        left[at] -= 1
        if not left[at]:
            ready.append((at, "finish"))


def a_day(steps: Steps, rows: int, rows_a_job: int, workers: int, seed: int = 1) -> tuple[float, float]:
    """The median and the 95th percentile of seconds that jobs take which come at random through a day."""
    chance = random.Random(seed)  # noqa: S311 - a simulation
    jobs = [steps.job(rows_a_job, chance.uniform(0, 86_400)) for _ in range(rows // rows_a_job)]
    taken = simulate(jobs, workers)
    return statistics.median(taken), statistics.quantiles(taken, n=20)[-1]
