"""Idempotency-Keys: which job a key belongs to, decided by compare-and-swap on one object, the key's claim.

A claim contains its job's record. So a request that was stopped before it wrote the record does not block the key: the
next request with the same content finishes it.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from churn.errors import ObjectNotFound, PreconditionFailed
from churn.job_states import EXPIRED, QUEUED, VALIDATING
from churn.store.interface import Object
from churn_api.jobs import ids, paths
from churn_api.jobs.errors import IdempotencyConflict, JobConflict, UnknownJob, UnreadableObject
from churn_api.jobs.job import Job
from churn_api.jobs.repository import JSON, JobRepository

# How often a key may change hands while it is being looked at.
_TRIES = 5

# A job that expires sooner might be deleted while a request finishes accepting it.
_TIME_TO_FINISH = timedelta(minutes=10)


class IdempotencyKeys:
    """Finds the job that owns a key, or makes one. `begin` accepts a job that was claimed but never accepted."""

    def __init__(self, repository: JobRepository, begin: Callable[[Job], None]) -> None:
        self._repository = repository
        self._store = repository.store
        self._begin = begin

    def find(self, claim: str) -> Job | None:
        """The job, as it is now, that an earlier request with the key has made; None unless it is there to be had."""
        with suppress(ObjectNotFound):
            first = self._claimant(claim, self._store.get(claim))
            known = self._known(first.id) if first is not None else None
            return known if known is not None and self._is_alive(known) else None
        return None

    def take(self, claim: str, job: Job) -> Job:
        """The job that the key belongs to: this one, unless an earlier one exists or can still be finished.

        Raises IdempotencyConflict if it belongs to a job with another digest, and JobConflict if other requests keep
        changing the claim.
        """
        for _ in range(_TRIES):
            with suppress(PreconditionFailed):
                self._store.put(claim, job.to_bytes(), content_type=JSON, if_absent=True)
                return job
            with suppress(ObjectNotFound, PreconditionFailed):  # changed this moment: look again
                return self._owner(claim, self._store.get(claim), job)
        raise JobConflict("Other requests use this Idempotency-Key at this very moment; try again in a second.")

    def _owner(self, claim: str, held: Object, job: Job) -> Job:
        first = self._claimant(claim, held)
        if first is not None:
            # The record is read before the claim is written again. A job's claim is deleted first, so a deleted job,
            # which has no record, has no claim that could be written again.
            known = self._known(first.id)
            if known is None and self._can_be_accepted(first):
                compare(first, job.sha256)
                self._store.put(claim, held.data, content_type=JSON, if_match=held.etag)
                self._begin(first)
                return self._known(first.id) or first
            if known is not None and self._is_alive(known):
                compare(first, job.sha256)
                return known
        self._store.put(claim, job.to_bytes(), content_type=JSON, if_match=held.etag)
        return job

    def _claimant(self, claim: str, held: Object) -> Job | None:
        with suppress(UnreadableObject):
            first = Job.from_bytes(held.data, claim)
            return first if ids.is_id(first.id) else None
        return None

    def _known(self, job_id: str) -> Job | None:
        """The job as it is now; None if it has no record. One whose record cannot be read counts as expired."""
        try:
            return self._repository.load(job_id)
        except UnknownJob:
            return None
        except UnreadableObject:
            return self._repository.look(job_id).end(EXPIRED, self._repository.moment())

    def _can_be_accepted(self, first: Job) -> bool:
        return first.expires - self._repository.clock() > _TIME_TO_FINISH and self._has_input(first)

    def _is_alive(self, known: Job) -> bool:
        """Whether a job has not expired, and is finished or can be."""
        return known.status != EXPIRED and (known.status not in (QUEUED, VALIDATING) or self._has_input(known))

    def _has_input(self, job: Job) -> bool:
        try:
            self._store.head(paths.plan(job.id))
            return self._store.head(paths.upload(job.id)).size == job.size
        except ObjectNotFound:
            return False


def compare(first: Job, digest: str) -> None:
    """Raises IdempotencyConflict unless the job is of what has this digest."""
    if first.sha256 != digest:
        raise IdempotencyConflict
