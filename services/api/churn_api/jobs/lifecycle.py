"""How jobs end: completed, failed, cancelled or expired; counted once, announced, and tidied up after."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from churn.campaigns import layout
from churn.job_states import CANCELLED, CANCELLING, COMPLETED, EXPIRED, FAILED, FINALIZING
from churn_api.jobs import day_sums, paths, tracking
from churn_api.jobs.errors import UnknownJob, UnreadableObject
from churn_api.jobs.ids import CAMPAIGN, JOB
from churn_api.jobs.job import Job, Progress
from churn_api.jobs.job_metrics import JobMetrics
from churn_api.jobs.queue import Queue
from churn_api.jobs.repository import Expiry, JobRepository, total

log = logging.getLogger(__name__)


class Lifecycle:
    """Ends jobs; whoever changes the record counts, so that each end is counted once."""

    def __init__(self, repository: JobRepository, queue: Queue, metrics: JobMetrics) -> None:
        self._repository = repository
        self._queue = queue
        self._metrics = metrics

    def complete(self, job_id: str, done: Mapping[int, Progress]) -> None:
        """From finalizing to completed; a job that is being cancelled is cancelled."""
        whole = total(done.values())
        self._end(job_id, FINALIZING, COMPLETED, whole, None)
        self.settle(job_id)

    def settle(self, job_id: str) -> None:
        """From cancelling to cancelled."""
        self._end(job_id, CANCELLING, CANCELLED, total(self._repository.done(job_id).values()), None)

    def fail(self, job_id: str, reason: str) -> None:
        """End a job that cannot be finished."""
        self._end(job_id, None, FAILED, total(self._repository.done(job_id).values()), reason)

    def _end(self, job_id: str, origin: str | None, status: str, progress: Progress, error: str | None) -> None:
        def step(job: Job) -> Job:
            if job.finished or (origin is not None and job.status != origin):
                return job
            cancelled = job.status == CANCELLING
            reason = None if cancelled else error
            ended = job.end(CANCELLED if cancelled else status, self._repository.moment(), reason)
            return replace(ended, completed=progress.completed, failed=progress.failed)

        job, made = self._repository.change(job_id, step)
        if made:
            log.info("Job %s: %d rows done, %d refused. %s", job.status, job.completed, job.failed, job.error or "")
            self._metrics.count_job(job.status, _seconds(job))
            if not job.notified:
                self._queue.send("notify", job_id)
        if job.finished:
            self.clear(job)
            if job.notified:
                self._repository.retire(job_id)

    def expire(self, expiry: Expiry) -> None:
        """Delete everything of a job, or of an upload that never became one.

        The process that records that the job has expired also counts it.
        """
        try:
            job, made = self._repository.expire(expiry.job_id)
        except (UnknownJob, UnreadableObject):
            self._repository.discard(*expiry, self._repository.claim_of(expiry))
            return
        if made:
            self._metrics.count_job(EXPIRED)
        if job.finished_at == job.expires_at:  # it never came to an end, but maybe to the copying of what is tracked
            self.clear_parts(job.id)
            self._drop(job)
        self._repository.remove(job)

    def clear(self, job: Job) -> None:
        """Delete what only the work on a finished job needed, and what would stay of it if it were completed.

        The parts go first, of which nobody can then copy anything. Of a completed job the sums are kept before.
        """
        if job.status == COMPLETED and job.kind == JOB:
            day_sums.publish(self._repository.store, job.id)
        self.clear_parts(job.id)
        if job.status in (CANCELLED, FAILED):
            self._drop(job)

    def _drop(self, job: Job) -> None:
        """Keep nothing of what the job has left elsewhere, unless it is a campaign that is planned all the same."""
        store = self._repository.store
        if job.kind != CAMPAIGN:
            tracking.drop(store, job)
        elif not any(store.list(layout.record(job.id), limit=1)):
            store.delete([entry.key for entry in store.list(layout.folder(job.id))])

    def clear_parts(self, job_id: str) -> None:
        """Delete what only the work needed."""
        folder = paths.folder(job_id)
        for part in ("chunks/", "attempts/", "done/"):
            self._repository.store.delete(entry.key for entry in self._repository.store.list(folder + part))


def _seconds(job: Job) -> float:
    """From acceptance to the end."""
    ended = datetime.fromisoformat(job.finished_at or job.created_at)
    return (ended - datetime.fromisoformat(job.created_at)).total_seconds()
