"""Idempotency-Keys: which job a key belongs to, decided by compare-and-swap on one object, the key's claim.

A claim holds its job's record, so that a claimant who was stopped before he could write it does not block the key:
whoever comes next with the same content finishes what he began.
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

# What expires sooner may be deleted while somebody finishes accepting it.
_TIME_TO_FINISH = timedelta(minutes=10)


class IdempotencyKeys:
    """Finds or makes a key's owner. `begin` makes a job known that was claimed and never accepted."""

    def __init__(self, repository: JobRepository, begin: Callable[[Job], None]) -> None:
        self._repository = repository
        self._store = repository.store
        self._begin = begin

    def take(self, claim: str, job: Job) -> Job:
        """The job that the key belongs to: this one, if nobody was before, or none that can still be finished.

        Raises IdempotencyConflict where it belongs to a job with another digest."""
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
            # Looked for before the claim is written again: a job is deleted claim first, so that a deleted one without
            # a record has no claim left that could be rewritten.
            known = self._known(first.id)
            if known is None and self._can_be_accepted(first):
                _compare(first, job)
                self._store.put(claim, held.data, content_type=JSON, if_match=held.etag)
                self._begin(first)
                return self._known(first.id) or first
            if known is not None and self._is_alive(known):
                _compare(first, job)
                return known
        self._store.put(claim, job.to_bytes(), content_type=JSON, if_match=held.etag)
        return job

    def _claimant(self, claim: str, held: Object) -> Job | None:
        with suppress(UnreadableObject):
            first = Job.from_bytes(held.data, claim)
            return first if ids.is_id(first.id) else None
        return None

    def _known(self, job_id: str) -> Job | None:
        """The job as it is now, None if it has no record; one whose record cannot be read has expired for its key."""
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


def _compare(first: Job, job: Job) -> None:
    if first.sha256 != job.sha256:
        raise IdempotencyConflict
