"""The steps of a job that workers do: start, chunks, finish. Each may run any number of times, and be cut off anywhere.

Whatever a step writes is determined by the input, so doing it twice changes nothing; what has been done is read from
the store, never from a message.
"""

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace

from churn.errors import (
    ChurnError,
    ObjectNotFound,
    PreconditionFailed,
    ReleaseRefused,
    StoreUnavailable,
    UnknownRelease,
)
from churn.job_states import CANCELLING, FINALIZING, IN_PROGRESS, QUEUED, VALIDATING
from churn_api.jobs import paths, tracking
from churn_api.jobs.chunk_pipeline import ChunkPipeline
from churn_api.jobs.chunk_pipeline import length as span_length
from churn_api.jobs.errors import UnknownJob, UnreadableObject
from churn_api.jobs.ids import CAMPAIGN, OUTCOMES
from churn_api.jobs.job import Job, Progress
from churn_api.jobs.job_metrics import JobMetrics
from churn_api.jobs.joining import join
from churn_api.jobs.leases import KeepsFailing, Lease, begin
from churn_api.jobs.lifecycle import Lifecycle
from churn_api.jobs.options import JobOptions
from churn_api.jobs.plan import NewerPlan, Plan
from churn_api.jobs.planner import Planner
from churn_api.jobs.queue import Queue
from churn_api.jobs.release_cache import ReleaseCache
from churn_api.jobs.repository import JobRepository

log = logging.getLogger(__name__)


class Steps:
    """What a worker does with jobs."""

    def __init__(
        self,
        repository: JobRepository,
        queue: Queue,
        releases: ReleaseCache,
        metrics: JobMetrics,
        stopping: Callable[[], bool] = lambda: False,
        *,
        tracked: bool = True,
        planner: Planner | None = None,
    ) -> None:
        """What is left of a span when the worker is `stopping` is for another one.

        Whether the predictions of customers with an id are kept is `tracked`. Campaigns wait for a worker that has a
        `planner`.
        """
        self._repository = repository
        self._store = repository.store
        self._queue = queue
        self._releases = releases
        self._metrics = metrics
        self._stopping = stopping
        self._tracked = tracked
        self._planner = planner
        self._ending = Lifecycle(repository, queue, metrics)
        self._spans = ChunkPipeline(repository, releases, metrics, tracked=tracked)

    def start(self, job_id: str) -> None:
        """Check what the job is pinned to and hand out its chunks."""
        with suppress(UnknownJob):
            job = self._enter(job_id, self._validating)
            if job.status == CANCELLING:
                self._ending.settle(job_id)
            elif job.status == VALIDATING:
                self._hand_out(job)

    def _enter(self, job_id: str, step: Callable[[Job], Job]) -> Job:
        """Bring a job into its next state; whoever does counts it."""
        job, made = self._repository.change(job_id, step)
        if made:
            self._metrics.count_job(job.status)
        return job

    def _validating(self, job: Job) -> Job:
        if job.status != QUEUED:
            return job
        return replace(job, status=VALIDATING, started_at=self._repository.moment())

    def _hand_out(self, job: Job) -> None:
        try:
            self._plan(job)
            if self._store.head(paths.upload(job.id)).size != job.size:
                raise ObjectNotFound(paths.upload(job.id))
            span = span_length(job.chunks, fast=self._is_fast(job))
        except NewerPlan:
            _leave_to_newer("start", job)
            return
        except (ObjectNotFound, UnknownRelease, ReleaseRefused, UnreadableObject) as error:
            self._ending.fail(job.id, error.message)
            return
        job = self._enter(
            job.id, lambda now: replace(now, status=IN_PROGRESS, span=span) if now.status == VALIDATING else now
        )
        if job.status == IN_PROGRESS:
            for number in range(0, job.chunks, job.span):
                self._queue.send("chunk", job.id, number, job.chunks)
            if not job.chunks:
                self._queue.send("finish", job.id)

    def _is_fast(self, job: Job) -> bool:
        """Whether reading and writing a chunk matter beside its rows, unlike under a model that is not additive."""
        return job.kind == OUTCOMES or self._releases.get(job.model_version).predictor.scorer.additive

    def _plan(self, job: Job) -> Plan:
        key = paths.plan(job.id)
        data = self._store.get(key).data
        try:
            return Plan.from_bytes(data)
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            raise UnreadableObject(key) from error

    def settle(self, job_id: str) -> None:
        """Bring the cancelling of a job to its end."""
        with suppress(UnknownJob):
            self._ending.settle(job_id)

    def chunk(self, job_id: str, number: int) -> None:
        """Score or take in the span of a chunk, unless it is done or another worker is doing it.

        Between its chunks, smaller jobs that wait come first.
        """
        with suppress(UnknownJob):
            job = self._repository.load(job_id)
            if job.status == CANCELLING:
                self._ending.settle(job_id)
            elif job.status == IN_PROGRESS:
                done = self._repository.done(job_id)
                if missing := [other for other in job.span_of(number) if other not in done]:
                    self._attempt(job, f"{job.span_of(number)[0]:06d}", missing)

    def finish(self, job_id: str) -> None:
        """Join the chunks' parts, unless some are still missing or it has been done."""
        with suppress(UnknownJob):
            job = self._repository.load(job_id)
            if job.finished:
                self._ending.clear(job)  # of what another worker may have written after its end
            elif job.status in (IN_PROGRESS, FINALIZING) and len(self._repository.done(job_id)) == job.chunks:
                job = self._enter(job_id, _finalizing)
                if job.status == FINALIZING:
                    self._attempt(job, "finish", [])

    def _attempt(self, job: Job, step: str, missing: list[int]) -> None:
        try:
            lease = begin(self._store, job.id, step)
        except KeepsFailing as error:
            self._ending.fail(job.id, error.message)
            return
        if lease is not None:
            try:
                with lease.renewed():
                    left = self._score(job, missing) if missing else self._join(job)
                if left:
                    self._send_back(job, lease, left)
            except StoreUnavailable:
                # Tried again by whoever called; by others too, if it is one object alone that cannot be had.
                with suppress(StoreUnavailable, PreconditionFailed):
                    lease.release()
                raise
            except UnknownJob:
                raise  # deleted meanwhile, as good callers do once they have the results
            except NewerPlan:
                _leave_to_newer(step, job)
                with suppress(PreconditionFailed):
                    lease.release()
            except Exception as error:  # whatever a row can do to the code must not leave the job unfinished
                log.exception("Step %s of %s failed", step, job.id)
                reason = error.message if isinstance(error, ChurnError) else type(error).__name__
                self._send_back(job, lease, missing, reason)

    def _send_back(self, job: Job, lease: Lease, left: list[int], failure: str | None = None) -> None:
        """Free a step and send what is left of it again."""
        with suppress(PreconditionFailed):
            lease.release(failure)
            if left:
                self._queue.send("chunk", job.id, left[0], job.chunks)
            else:
                self._queue.send("finish", job.id)

    def _score(self, job: Job, numbers: list[int]) -> list[int]:
        """Score chunks; returns those that are left because a smaller job waits, or the worker stops."""
        try:
            done = set(self._spans.score(job, self._plan(job), numbers, lambda: self._gives_way(job)))
            in_progress = self._after_span(job.id)
            return [number for number in numbers if number not in done] if in_progress else []
        except UnknownJob:  # deleted meanwhile: nobody else knows of what has just been written
            self._ending.clear_parts(job.id)
            raise

    def _gives_way(self, job: Job) -> bool:
        return self._stopping() or self._queue.smaller_waits(job.chunks)

    def _after_span(self, job_id: str) -> bool:
        """Act on what may have happened meanwhile: the last chunk was done, or the job was cancelled.

        Returns whether the job is still in progress.
        """
        job = self._repository.load(job_id)
        if job.finished:
            self._ending.clear_parts(job_id)
        elif job.status == CANCELLING:
            self._ending.settle(job_id)
        elif len(self._repository.done(job_id)) == job.chunks:
            self._queue.send("finish", job_id)
        return job.status == IN_PROGRESS

    def _join(self, job: Job) -> list[int]:
        done = self._repository.done(job.id)
        if len(done) != job.chunks:
            return []  # somebody else has joined them already, and tidied up
        if job.kind == CAMPAIGN:
            self._plan_campaign(job, done)
        else:
            join(self._store, job.id, done, JobOptions.from_record(job.options))
            if self._tracked or job.kind == OUTCOMES:
                tracking.keep(self._store, job, done)
        self._ending.complete(job.id, done)
        return []

    def _plan_campaign(self, job: Job, done: Mapping[int, Progress]) -> None:
        if self._planner is None:
            raise NewerPlan
        try:
            self._planner.plan(job, done)
        except UnknownJob:  # deleted meanwhile: nobody else knows of what has just been written
            self._ending.clear_parts(job.id)
            raise


def _leave_to_newer(step: str, job: Job) -> None:
    """Upgrades replace workers first, but not all at once: the sweep sends the step again until a newer one has it."""
    log.warning("Step %s of %s is left to a newer worker.", step, job.id)


def _finalizing(job: Job) -> Job:
    return replace(job, status=FINALIZING) if job.status == IN_PROGRESS else job
