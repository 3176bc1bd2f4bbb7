"""The jobs in the store: added, found, listed, changed and removed."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import NamedTuple

from churn.errors import ObjectNotFound, PreconditionFailed
from churn.store import Entry, ObjectStore
from churn_api.jobs import keys
from churn_api.jobs.errors import UnknownJob
from churn_api.jobs.record import EXPIRED, Job, Progress

JSON = "application/json"
EMPTY = "application/octet-stream"

# A record has few writers at a time; losing this often in a row means something else is wrong.
_CHANGES_TRIED = 50


def now() -> datetime:
    return datetime.now(UTC)


class Change(NamedTuple):
    """A job after a change; `made` is False where there was nothing to change."""

    job: Job
    made: bool


class Ledger:
    """Every change of a job's record is a compare-and-swap, so that no update is lost, whoever else writes."""

    def __init__(self, store: ObjectStore, clock: Callable[[], datetime] = now) -> None:
        self.store = store
        self.clock = clock

    def moment(self) -> str:
        return self.clock().isoformat()

    def add(self, job: Job) -> None:
        """Make a job known. The record comes last: from then on the job is accepted and will be finished."""
        for key in (keys.active(job.id), keys.newest(job.id)):
            self.store.put(key, b"", content_type=EMPTY)
        with suppress(PreconditionFailed):  # someone who repeats the same request has done it already
            self.store.put(keys.record(job.id), job.to_bytes(), content_type=JSON, if_absent=True)

    def load(self, job_id: str) -> Job:
        """Raises UnknownJob."""
        return self._stored(job_id)[0]

    def _stored(self, job_id: str) -> tuple[Job, str]:
        if not keys.is_id(job_id):
            raise UnknownJob(job_id)
        try:
            stored = self.store.get(keys.record(job_id))
        except ObjectNotFound as error:
            raise UnknownJob(job_id) from error
        job = Job.from_bytes(stored.data)
        if self.clock() >= job.expires and job.status != EXPIRED:
            job = job.end(EXPIRED, job.finished_at or job.expires_at, job.error)
        return job, stored.etag

    def change(self, job_id: str, step: Callable[[Job], Job]) -> Change:
        """Apply `step` to the record as it is now, again if it changes meanwhile; the same object means no change.

        Raises UnknownJob, and whatever `step` raises."""
        for _ in range(_CHANGES_TRIED):
            job, etag = self._stored(job_id)
            changed = step(job)
            if changed is job:
                return Change(job, made=False)
            with suppress(PreconditionFailed):
                self.store.put(keys.record(job_id), changed.to_bytes(), content_type=JSON, if_match=etag)
                return Change(changed, made=True)
        raise PreconditionFailed(keys.record(job_id))

    def reserve(self, job_id: str, expires: datetime) -> None:
        """Note when everything of a job will be deleted, before anything of it is written."""
        self.store.put(keys.expiry(job_id, expires), b"", content_type=EMPTY)

    def done(self, job_id: str) -> dict[int, Progress]:
        """The finished chunks with their rows."""
        names = (entry.key.rpartition("/")[2].split("-") for entry in self.store.list(keys.done(job_id)))
        return {int(number): Progress(int(completed), int(failed)) for number, completed, failed in names}

    def mark_done(self, job_id: str, number: int, progress: Progress) -> bool:
        """Mark a chunk as finished; whether this was the first to do so."""
        key = f"{keys.done(job_id)}{number:06d}-{progress.completed}-{progress.failed}"
        try:
            self.store.put(key, b"", content_type=EMPTY, if_absent=True)
        except PreconditionFailed:
            return False
        return True

    def progress(self, job: Job) -> Progress:
        """Rows dealt with so far: counted from the finished chunks while there are any, so it never goes back."""
        if job.finished or job.started_at is None:
            return Progress(job.completed, job.failed)
        return total(self.done(job.id).values())

    def page(self, limit: int, after: str | None) -> tuple[list[Job], bool]:
        """Up to `limit` jobs, newest first, from the one after `after`; and whether there are more."""
        start = keys.newest(after) if after else ""
        jobs: list[Job] = []
        for entry in self.store.list(keys.NEWEST, after=start):
            if len(jobs) == limit:
                return jobs, True
            with suppress(UnknownJob):  # being accepted or deleted at this moment
                jobs.append(self.load(keys.of_newest(entry.key)))
        return jobs, False

    def active(self) -> Iterator[Entry]:
        return self.store.list(keys.ACTIVE)

    def retire(self, job_id: str) -> None:
        """Take a finished job off the list of those that the sweep looks at."""
        self.store.delete([keys.active(job_id)])

    def remove(self, job: Job) -> None:
        """Delete every object of a job; the record first, so that whoever still works on it stops."""
        self.store.delete([job.claim] if job.claim else [])
        self.store.delete([keys.newest(job.id), keys.active(job.id), keys.record(job.id)])
        self.clear(job.id, job.expires)

    def clear(self, job_id: str, expires: datetime) -> None:
        """Delete what stands in a job's folder; its place in the order of expiry last, so that a remover who is
        stopped half way has a successor."""
        self.store.delete(entry.key for entry in self.store.list(keys.folder(job_id)))
        self.store.delete([keys.expiry(job_id, expires)])

    def expired(self) -> Iterator[tuple[str, datetime]]:
        """The jobs and abandoned uploads whose time is over, with that time."""
        for entry in self.store.list(keys.EXPIRY):
            job_id, moment = keys.of_expiry(entry.key)
            if moment > self.clock():
                return
            yield job_id, moment


def total(parts: Iterable[Progress]) -> Progress:
    """The sum over chunks."""
    held = list(parts)
    return Progress(sum(part.completed for part in held), sum(part.failed for part in held))
