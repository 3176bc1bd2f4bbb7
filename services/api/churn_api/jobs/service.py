"""What callers can do with jobs once they are accepted: look, list, cancel, fetch, delete."""

from collections.abc import Callable
from dataclasses import replace
from typing import Generic, Literal, TypeVar

from churn.job_states import CANCELLING, COMPLETED, EXPIRED, FINALIZING
from churn_api.jobs import answers, paths
from churn_api.jobs.errors import JobConflict, UnknownJob, UnreadableObject
from churn_api.jobs.ids import OUTCOMES, Kind, kind_of
from churn_api.jobs.job import Job, Progress
from churn_api.jobs.job_metrics import JobMetrics
from churn_api.jobs.queue import Queue
from churn_api.jobs.repository import JobRepository
from churn_api.stored_file import StoredFile, first_of

T = TypeVar("T")


class JobService(Generic[T]):
    """Answers for the jobs of one kind; `describe` is how callers see one."""

    def __init__(
        self,
        repository: JobRepository,
        queue: Queue,
        metrics: JobMetrics,
        kind: Kind,
        describe: Callable[[Job, Progress], T],
    ) -> None:
        self._kind = kind
        self._describe = describe
        self._repository = repository
        self._store = repository.store
        self._queue = queue
        self._metrics = metrics

    def show(self, job: Job) -> T:
        """The job with its progress, as callers see it."""
        return self._describe(job, self._repository.progress(job))

    def get(self, job_id: str) -> T:
        """Raises UnknownJob."""
        return self.show(self._look(job_id))

    def _look(self, job_id: str) -> Job:
        self._check_kind(job_id)
        return self._repository.look(job_id)

    def _check_kind(self, job_id: str) -> None:
        if kind_of(job_id) != self._kind:
            raise UnknownJob(job_id, self._kind)

    def page(self, limit: int, after: str | None) -> answers.Page[T]:
        """Up to `limit` jobs, newest first, from the one after the job `after`."""
        found, more = self._repository.page(limit, after, self._kind)
        data = [self._describe(job, progress) for job, progress in found]
        return {"data": data, "has_more": more, "last_id": found[-1][0].id if found else None}

    def cancel(self, job_id: str) -> T:
        """Ask for a job to be cancelled, which its workers notice within a chunk. Raises UnknownJob, JobConflict."""

        def step(job: Job) -> Job:
            if job.finished:
                raise JobConflict(f"{_named(job)} is {job.status} already; there is nothing to cancel.")
            if job.kind == OUTCOMES and job.status == FINALIZING:  # some of its rows may count already
                raise JobConflict(f"{_named(job)} is {job.status}: its rows are taken in; it cannot be cancelled.")
            return job if job.status == CANCELLING else replace(job, status=CANCELLING)

        self._check_kind(job_id)
        try:
            job, made = self._repository.change(job_id, step)
        except UnreadableObject:
            step(self._repository.look(job_id))
            raise
        if made:
            self._metrics.count_job(CANCELLING)
            self._queue.send("settle", job_id)
        return self.show(job)

    def delete(self, job_id: str) -> None:
        """Delete a finished job with all its files. Raises UnknownJob, JobConflict."""
        job = self._look(job_id)
        if not job.finished:
            raise JobConflict(f"{_named(job)} is {job.status}; cancel it before deleting it.")
        self._repository.remove(job)

    def download(self, job_id: str, kind: Literal["results", "errors"], *, raw: bool = False) -> StoredFile:
        """The results or the errors of a completed job.

        With `raw`, every id is unchanged, although a spreadsheet might run it. Raises UnknownJob and JobConflict.
        """
        job = self._look(job_id)
        if job.status == EXPIRED:
            raise UnknownJob(job_id)
        if not job.finished:
            raise JobConflict(f"{_named(job)} is {job.status}; its {kind} are there when it is completed.")
        if job.status != COMPLETED:
            raise JobConflict(f"{_named(job)} was {job.status} and has no {kind}.")
        # There is a file of its own for raw ids only where one of them was changed.
        names = (paths.raw(kind), kind) if raw else (kind,)
        keys = (paths.file(job_id, name) for name in names)
        return first_of(self._store, keys, job.filename, UnknownJob(job_id))


def _named(job: Job) -> str:
    """A job as the subject of a sentence, by what its caller knows it as."""
    return f"{'Table of outcomes' if job.kind == OUTCOMES else 'Job'} {job.id}"
