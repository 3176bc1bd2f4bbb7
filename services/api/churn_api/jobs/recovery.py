"""The sweep: finds what the queue has lost and what its worker has left behind, and sends it again.

Any number of sweepers may run. What they send too often is done once, since steps are idempotent; a lease is declared
lost by compare-and-swap, so by one of them.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta

from churn.errors import ObjectNotFound, PreconditionFailed, StoreUnavailable
from churn.job_states import CANCELLING, FINALIZING, IN_PROGRESS, QUEUED, VALIDATING
from churn.store.interface import Entry
from churn_api.jobs import paths
from churn_api.jobs.errors import UnknownJob
from churn_api.jobs.job import Job
from churn_api.jobs.job_metrics import JobMetrics
from churn_api.jobs.leases import LEASE_SECONDS, Attempt, declare_lost
from churn_api.jobs.lifecycle import Lifecycle
from churn_api.jobs.lost_steps import FORGOTTEN, GRACE, Watch
from churn_api.jobs.notifications import is_due
from churn_api.jobs.queue import Queue, Step
from churn_api.jobs.repository import JSON, JobRepository

log = logging.getLogger(__name__)

# An entry of the index without a record: its submission was stopped half way.
_ABANDONED = timedelta(hours=1)

_Open = tuple[Step, int | None]


class Sweeper:
    """Looks through the jobs that are not finished."""

    def __init__(
        self,
        repository: JobRepository,
        queue: Queue,
        metrics: JobMetrics,
        grace: timedelta = GRACE,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._repository = repository
        self._store = repository.store
        self._queue = queue
        self._metrics = metrics
        self._ending = Lifecycle(repository, queue, metrics)
        self._watch = Watch(repository.clock, grace)
        self._monotonic = monotonic
        self._store_up_since: float | None = None

    def sweep(self) -> None:
        """One pass. Raises StoreUnavailable."""
        try:
            self._pass()
        except StoreUnavailable:
            self._store_up_since = None
            raise

    def _pass(self) -> None:
        jobs = list(self._repository.active())
        self._metrics.set_active(len(jobs))
        if jobs:
            moment = self._store_moment()
            idle = self._queue.is_idle()
            for entry in jobs:
                with self._apart(entry.key):
                    self._look_at(entry, moment, idle)
        self._watch.keep(entry.key.removeprefix(paths.ACTIVE) for entry in jobs)
        if self._store_up_since is None:
            self._store_up_since = self._monotonic()
        for expiry in self._repository.expired():
            with self._apart(expiry.job_id):
                self._ending.expire(expiry)

    def _store_moment(self) -> datetime:
        """The store's own time, against which it dates its objects."""
        self._store.put(paths.SWEEP, b"{}", content_type=JSON)
        return self._store.head(paths.SWEEP).modified

    @contextmanager
    def _apart(self, name: str) -> Iterator[None]:
        """Keep what is wrong with one job from stopping what is done for the others."""
        try:
            yield
        except StoreUnavailable:
            raise  # nobody could be served
        except Exception:  # whatever it is: the sweep is the last who could do anything for the other jobs
            log.exception("The sweep passes over %s", name)

    def _look_at(self, entry: Entry, moment: datetime, idle: bool) -> None:
        job_id = entry.key.removeprefix(paths.ACTIVE)
        try:
            job = self._repository.load(job_id)
        except UnknownJob:
            if moment - entry.modified > _ABANDONED:
                self._repository.retire(job_id)
            return
        with suppress(UnknownJob, PreconditionFailed):  # changed meanwhile: the next pass sees it
            self._tend(job, moment, idle)

    def _tend(self, job: Job, moment: datetime, idle: bool) -> None:
        if job.finished:
            self._see_off(job)
        elif job.status == CANCELLING:
            self._ending.settle(job.id)
        elif job.status in (IN_PROGRESS, FINALIZING):
            self._tend_chunks(job, moment, idle)
        elif job.status in (QUEUED, VALIDATING) and self._watch.is_stuck(job, (), idle):
            self._send_again(job, [("start", None)])

    def _see_off(self, job: Job) -> None:
        """A finished job whose end was cut off, or which is still to be announced."""
        if job.notified:
            self._ending.clear_parts(job.id)
            self._repository.retire(job.id)
        elif is_due(self._repository, job) and not self._is_sent(job) and self._mark_sent(job):
            self._queue.send("notify", job.id)

    def _is_sent(self, job: Job) -> bool:
        """Whether an announcement has been sent to the queue since it is due, and not so long ago that it is lost."""
        if job.sent_at is None:
            return False
        sent, due = (datetime.fromisoformat(moment) for moment in (job.sent_at, job.announce_at or job.sent_at))
        return sent >= due and abs(self._repository.clock() - sent) <= FORGOTTEN

    def _mark_sent(self, job: Job) -> bool:
        """Write down that a step is sent again; of all sweepers who find that it must be, one does."""
        moment = self._repository.moment()
        seen = job.status, job.sent_at
        return self._repository.change(
            job.id, lambda now: replace(now, sent_at=moment) if (now.status, now.sent_at) == seen else now
        ).made

    def _tend_chunks(self, job: Job, moment: datetime, idle: bool) -> None:
        done = self._repository.done(job.id)
        attempts = {entry.key: entry for entry in self._store.list(paths.attempts(job.id))}
        stuck = self._watch.is_stuck(job, (len(done), *(entry.etag for entry in attempts.values())), idle)
        missing = sorted({job.span_of(number)[0] for number in range(job.chunks) if number not in done})
        steps: list[_Open] = [("chunk", number) for number in missing] or [("finish", None)]
        free = []
        for step, number in steps:
            entry = attempts.get(paths.attempt(job.id, step if number is None else f"{number:06d}"))
            if entry is None or self._is_free(entry):
                free.append((step, number))
            elif self._is_lost(entry, moment):
                self._resend(job, step, number)
        if free and stuck:
            self._send_again(job, free)

    def _is_free(self, entry: Entry) -> bool:
        """Whether nobody is at a step any more, and its message waits or has been lost."""
        with suppress(ObjectNotFound):
            return Attempt.from_bytes(self._store.get(entry.key).data, entry.key).lost
        return False

    def _is_lost(self, entry: Entry, moment: datetime) -> bool:
        """Whether who was at a step is gone; of all sweepers who see it, one is told."""
        with suppress(ObjectNotFound):
            held = Attempt.from_bytes(self._store.get(entry.key).data, entry.key)
            if held.is_dead() or self._is_over(entry, moment):
                return declare_lost(self._store, entry.key)
        return False

    def _is_over(self, entry: Entry, moment: datetime) -> bool:
        """Whether nobody renews a lease. While the store was away nobody could."""
        up = self._store_up_since is not None and self._monotonic() - self._store_up_since > LEASE_SECONDS
        return up and moment - entry.modified > timedelta(seconds=LEASE_SECONDS)

    def _send_again(self, job: Job, steps: list[_Open]) -> None:
        if self._mark_sent(job):
            for step, number in steps:
                self._resend(job, step, number)

    def _resend(self, job: Job, step: Step, number: int | None) -> None:
        log.warning("Step %s %s of %s was lost; it is sent again.", step, "" if number is None else number, job.id)
        self._queue.send(step, job.id, number, job.chunks if step == "chunk" else 0)
