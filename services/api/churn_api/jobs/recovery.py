"""The sweep: finds what the queue has lost and what its worker has left behind, and sends it again.

A step in the queue is a hint: it may be lost, come late, or come twice. What is still to be done of a job, and since
when nothing has been, is read from the store, by whose clock alone it is judged. Any number of sweepers may run: of all
who find that something is lost, one writes it down by compare-and-swap and sends it.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from churn.errors import ObjectNotFound, PreconditionFailed, StoreUnavailable
from churn.job_states import CANCELLING, FINALIZING, IN_PROGRESS, QUEUED, VALIDATING
from churn.store.interface import Entry
from churn_api.jobs import paths
from churn_api.jobs.errors import UnknownJob
from churn_api.jobs.job import Job
from churn_api.jobs.job_metrics import JobMetrics
from churn_api.jobs.leases import LEASE_SECONDS, Attempt, declare_lost
from churn_api.jobs.lifecycle import Lifecycle
from churn_api.jobs.notifications import is_due
from churn_api.jobs.queue import Queue, Step
from churn_api.jobs.repository import JSON, JobRepository

log = logging.getLogger(__name__)

# An entry of the index without a record: its submission was stopped half way.
_ABANDONED = timedelta(hours=1)

# What happened so recently may be on its way from the hands of one process into those of another.
GRACE = timedelta(seconds=10)

# What nobody has begun for so long is taken for lost, however many other steps wait.
_FORGOTTEN = timedelta(minutes=5)

_Open = tuple[Step, int | None]


class _Moment(NamedTuple):
    """The moment of a sweep by the store's clock, since when the store has answered, and whether the queue is empty."""

    now: datetime
    up_since: datetime
    idle: bool


class Sweeper:
    """Looks through the jobs that are not finished."""

    def __init__(self, repository: JobRepository, queue: Queue, metrics: JobMetrics, grace: timedelta = GRACE) -> None:
        self._repository = repository
        self._store = repository.store
        self._queue = queue
        self._metrics = metrics
        self._ending = Lifecycle(repository, queue, metrics)
        self._grace = grace
        self._up_since: datetime | None = None

    def sweep(self) -> None:
        """One pass. Raises StoreUnavailable."""
        try:
            self._pass()
        except StoreUnavailable:
            self._up_since = None
            raise

    def _pass(self) -> None:
        jobs = list(self._repository.active())
        self._metrics.set_active(len(jobs))
        if jobs:
            moment = self._moment()
            for entry in jobs:
                with self._apart(entry.key):
                    self._look_at(entry, moment)
        for expiry in self._repository.expired():
            with self._apart(expiry.job_id):
                self._ending.expire(expiry)

    def _moment(self) -> _Moment:
        self._store.put(paths.SWEEP, b"{}", content_type=JSON)
        now = self._store.head(paths.SWEEP).modified
        self._up_since = self._up_since or now
        return _Moment(now, self._up_since, self._queue.is_idle())

    @contextmanager
    def _apart(self, name: str) -> Iterator[None]:
        """Keep what is wrong with one job from stopping what is done for the others."""
        try:
            yield
        except StoreUnavailable:
            raise  # nobody could be served
        except Exception:  # whatever it is: the sweep is the last who could do anything for the other jobs
            log.exception("The sweep passes over %s", name)

    def _look_at(self, entry: Entry, moment: _Moment) -> None:
        job_id = entry.key.removeprefix(paths.ACTIVE)
        try:
            job = self._repository.load(job_id)
        except UnknownJob:
            if moment.now - entry.modified > _ABANDONED:
                self._repository.retire(job_id)
            return
        with suppress(UnknownJob, PreconditionFailed):  # changed meanwhile: the next pass sees it
            self._tend(job, entry, moment)

    def _tend(self, job: Job, active: Entry, moment: _Moment) -> None:
        if job.finished:
            self._see_off(job)
        elif job.status == CANCELLING:
            self._ending.settle(job.id)
        elif job.status in (QUEUED, VALIDATING):
            self._send_forgotten(job, [("start", None)], active, [], moment)
        elif job.status in (IN_PROGRESS, FINALIZING):
            attempts = list(self._store.list(paths.attempts(job.id)))
            self._send_forgotten(job, self._free_steps(job, attempts, moment), active, attempts, moment)

    def _see_off(self, job: Job) -> None:
        """A finished job whose end was cut off, or which is still to be announced."""
        if job.notified:
            self._ending.clear(job)
            self._repository.retire(job.id)
        elif is_due(self._repository, job):
            self._ending.clear(job)
            self._queue.send("notify", job.id)

    def _free_steps(self, job: Job, attempts: Sequence[Entry], moment: _Moment) -> list[_Open]:
        """The steps of a job that no worker is doing, which wait in the queue or have been lost.

        Those whose worker is gone have certainly been lost, and are sent at once.
        """
        done = self._repository.done(job.id)
        missing = sorted({job.span_of(number)[0] for number in range(job.chunks) if number not in done})
        steps: list[_Open] = [("chunk", number) for number in missing] or [("finish", None)]
        begun = {entry.key: entry for entry in attempts}
        free = []
        for step, number in steps:
            entry = begun.get(paths.attempt(job.id, step if number is None else f"{number:06d}"))
            if entry is None or self._is_free(job, (step, number), entry, moment):
                free.append((step, number))
        return free

    def _is_free(self, job: Job, step: _Open, entry: Entry, moment: _Moment) -> bool:
        try:
            stored = self._store.get(entry.key)
        except ObjectNotFound:
            return False  # tidied up this moment, since the job has ended
        held = Attempt.from_bytes(stored.data, entry.key)
        # While the store was away nobody could renew a lease.
        renewed = max(entry.modified, moment.up_since)
        is_over = moment.now - renewed > timedelta(seconds=LEASE_SECONDS)
        if not held.lost and (held.is_dead() or is_over) and declare_lost(self._store, entry.key, stored):
            self._resend(job, step)
        return held.lost

    def _send_forgotten(
        self, job: Job, free: Sequence[_Open], active: Entry, attempts: Sequence[Entry], moment: _Moment
    ) -> None:
        """Send steps that nobody is at once more, if nothing has been done of the job for a while.

        Where no step waits in the queue, they have been lost. Where some do, it may be these: they are given time, and
        the more the longer the job has waited already, so that a queue which is hours long is not filled with what it
        holds.
        """
        sent = datetime.fromisoformat(job.sent_at) if job.sent_at else active.modified
        patience = self._grace if moment.idle else max(_FORGOTTEN, sent - active.modified)
        still = moment.now - max(sent, *(entry.modified for entry in (active, *attempts)))
        if free and still > patience and self._mark_sent(job, moment):
            for step in free:
                self._resend(job, step)

    def _mark_sent(self, job: Job, moment: _Moment) -> bool:
        """Write down that steps are sent again; of all sweepers who find that they must be, one does."""
        marked = replace(job, sent_at=moment.now.isoformat())
        return self._repository.change(job.id, lambda now: marked if now == job else now).made

    def _resend(self, job: Job, step: _Open) -> None:
        name, number = step
        log.warning("Step %s %s of %s was lost; it is sent again.", name, "" if number is None else number, job.id)
        self._queue.send(name, job.id, number, job.chunks if name == "chunk" else 0)
