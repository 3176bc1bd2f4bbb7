"""Accepting jobs of all kinds: nothing is accepted that is not in the store, and a key makes one job."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import NamedTuple

from churn.errors import FieldError, StoreUnavailable, ValidationError
from churn.job_states import QUEUED
from churn_api.jobs.errors import JobConflict
from churn_api.jobs.idempotency import IdempotencyKeys, compare
from churn_api.jobs.job import Job
from churn_api.jobs.job_metrics import JobMetrics
from churn_api.jobs.queue import Queue
from churn_api.jobs.repository import JobRepository

MAX_KEY_LENGTH = 255


class Accepted(NamedTuple):
    """The job, and whether an earlier request had created it."""

    job: Job
    replayed: bool


class Acceptance:
    """Makes jobs of what was asked for, in an order that any crash leaves clean."""

    def __init__(self, repository: JobRepository, queue: Queue, metrics: JobMetrics) -> None:
        self._repository = repository
        self._queue = queue
        self._metrics = metrics
        self._claims = IdempotencyKeys(repository, self._begin)

    def earlier(self, claim: str | None, digest: Callable[[], str]) -> Accepted | None:
        """The job that an earlier request with this claim has made, if there was one.

        Raises IdempotencyConflict if that asked for something else than what has this digest.
        """
        if claim is None or (found := self._claims.find(claim)) is None:
            return None
        compare(found, digest())
        return Accepted(found, replayed=True)

    def create(self, job: Job, store: Callable[[Job], Job]) -> Accepted:
        """Begin a job once `store` has stored its input, unless another request with its claim was faster.

        Raises IdempotencyConflict, JobConflict, and whatever `store` raises; nothing is left of the job then.
        """
        self._repository.reserve(job.id, job.expires, job.claim)
        try:
            job = store(job)
        except BaseException:
            self._discard(job)
            raise
        owner = job if job.claim is None else self._owner(job.claim, job)
        if owner.id != job.id:
            self._discard(job)
            return Accepted(owner, replayed=True)
        self._begin(job)
        return Accepted(job, replayed=False)

    def _owner(self, claim: str, job: Job) -> Job:
        try:
            return self._claims.take(claim, job)
        except JobConflict:  # the store has said that the claim is another's
            self._discard(job)
            raise

    def _begin(self, job: Job) -> None:
        if self._repository.add(job):
            self._metrics.count_job(QUEUED)
        self._queue.send("start", job.id)

    def _discard(self, job: Job) -> None:
        """Delete an input that nobody else can know of."""
        with suppress(StoreUnavailable):  # what went wrong first is what the caller must hear; it expires
            self._repository.clear(job.id, job.expires)


def check_key(key: str | None) -> None:
    """Raises ValidationError for what is no Idempotency-Key."""
    if key is not None and not (1 <= len(key) <= MAX_KEY_LENGTH and key.isascii() and key.isprintable()):
        message = f"Idempotency-Key must be 1 to {MAX_KEY_LENGTH} printable ASCII characters."
        raise ValidationError([FieldError("Idempotency-Key", "not_allowed", message)])


def expiry(moment: datetime, days: int) -> datetime:
    """When a job that is created at this moment expires."""
    return moment.replace(microsecond=0) + timedelta(days=days)
