"""The jobs in the store: adding, finding, listing, changing and removing them."""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from functools import partial
from itertools import islice, takewhile
from typing import NamedTuple

from churn.clock import Clock, now
from churn.errors import ObjectNotFound, PreconditionFailed
from churn.job_states import EXPIRED
from churn.overlap import overlapped
from churn.store import compare_and_swap
from churn.store.compare_and_swap import JSON as JSON
from churn.store.compare_and_swap import Change
from churn.store.interface import Entry, ObjectStore
from churn_api.jobs import ids, paths
from churn_api.jobs.errors import UnknownJob, UnreadableObject
from churn_api.jobs.ids import JOB, Kind
from churn_api.jobs.job import Job, Progress, unreadable
from churn_api.jobs.stored_json import decoded

EMPTY = "application/octet-stream"

# How many records of a page are read at a time. A page of a hundred takes a dozen round trips, and other requests still
# get connections to the store.
_READ_AT_ONCE = 8

# How many finished jobs are kept in memory, so that a page need not read them again; they no longer change.
_REMEMBERED = 2_000

# The name of a mark; a newer version of the worker may add to it.
_MARK = re.compile(r"(\d+)-(\d+)-(\d+)(?:-.*)?").fullmatch


class Expiry(NamedTuple):
    """An entry in the order of expiry: a job or an upload, and the moment at which it expires."""

    job_id: str
    moment: datetime


class JobRepository:
    """The jobs of a store.

    Every change of a record is a compare-and-swap, so that concurrent writers lose no update. The remains of a job that
    was never accepted, or not completely removed, are deleted when it expires: its entry in the order of expiry is
    written first, leads to everything else, and is deleted last.
    """

    def __init__(self, store: ObjectStore, clock: Clock = now) -> None:
        self.store = store
        self.clock = clock
        self._finished: dict[str, Job] = {}

    def moment(self) -> str:
        """The current moment as records have it (ISO 8601)."""
        return self.clock().isoformat()

    def add(self, job: Job) -> bool:
        """Write a job's entries and then its record, with which the job is accepted and will be finished.

        Returns False if the record exists already.
        """
        for key in (paths.active(job.id), paths.newest(job.id)):
            self.store.put(key, b"", content_type=EMPTY)
        try:
            self.store.put(paths.record(job.id), job.to_bytes(), content_type=JSON, if_absent=True)
        except PreconditionFailed:  # someone who repeats the same request has done it already
            return False
        return True

    def load(self, job_id: str) -> Job:
        """The job as it is now, expired if its time is over. Raises UnknownJob and UnreadableObject."""
        return self._as_now(self._stored(job_id)[0])

    def look(self, job_id: str) -> Job:
        """The job as callers see it: one whose record cannot be read has failed. Raises UnknownJob."""
        try:
            return self.load(job_id)
        except UnreadableObject as error:
            return self._unreadable(job_id, error)

    def _unreadable(self, job_id: str, error: UnreadableObject) -> Job:
        known = next((entry for entry in self._expiries() if entry.job_id == job_id), Expiry(job_id, self.clock()))
        return unreadable(job_id, known.moment, self.claim_of(known), error.message)

    def _stored(self, job_id: str) -> tuple[Job, str]:
        if not ids.is_id(job_id):
            raise UnknownJob(job_id)
        key = paths.record(job_id)
        try:
            stored = self.store.get(key)
        except ObjectNotFound as error:
            raise UnknownJob(job_id) from error
        return Job.from_bytes(stored.data, key), stored.etag

    def _as_now(self, job: Job) -> Job:
        if self.clock() >= job.expires and job.status != EXPIRED:
            return _expired(job)
        return job

    def change(self, job_id: str, step: Callable[[Job], Job]) -> Change[Job]:
        """Apply `step` to the current record, again if it changes meanwhile; the same object means no change.

        Raises UnknownJob, UnreadableObject, and whatever `step` raises.
        """
        return self._swap(job_id, self._as_now, step)

    def expire(self, job_id: str) -> Change[Job]:
        """Record that a job has expired; of several processes that find it expired, one succeeds.

        Raises UnknownJob and UnreadableObject.
        """
        return self._swap(job_id, lambda job: job, lambda job: job if job.status == EXPIRED else _expired(job))

    def _swap(self, job_id: str, seen: Callable[[Job], Job], step: Callable[[Job], Job]) -> Change[Job]:
        def read() -> tuple[Job, str]:
            stored, etag = self._stored(job_id)
            return seen(stored), etag

        return compare_and_swap.change(self.store, paths.record(job_id), read, step, Job.to_bytes)

    def reserve(self, job_id: str, expires: datetime, claim: str | None) -> None:
        """Record when everything of a job will be deleted, before anything else of it is written."""
        body = json.dumps({"claim": claim}).encode()
        self.store.put(paths.expiry(job_id, expires), body, content_type=JSON)

    def done(self, job_id: str) -> dict[int, Progress]:
        """The numbers of rows in each finished chunk, by the chunk's number."""
        names = (entry.key.rpartition("/")[2] for entry in self.store.list(paths.done(job_id)))
        marks = (mark.groups() for mark in map(_MARK, names) if mark)
        return {int(number): Progress(int(completed), int(failed)) for number, completed, failed in marks}

    def mark_done(self, job_id: str, number: int, progress: Progress) -> bool:
        """Mark a chunk as finished; returns False if it was marked already."""
        key = f"{paths.done(job_id)}{number:06d}-{progress.completed}-{progress.failed}"
        try:
            self.store.put(key, b"", content_type=EMPTY, if_absent=True)
        except PreconditionFailed:
            return False
        return True

    def progress(self, job: Job) -> Progress:
        """The rows that are done so far; while the job runs, those of its finished chunks, so it never decreases."""
        if job.finished or job.started_at is None:
            return Progress(job.completed, job.failed)
        return total(self.done(job.id).values())

    def page(self, limit: int, after: str | None, kind: Kind = JOB) -> tuple[list[tuple[Job, Progress]], bool]:
        """Up to `limit` jobs of a kind with their progress, newest first, after `after`; and whether there are more.

        A job costs a request unless it was finished when it was last seen, and a list as well while it runs.
        """
        start = paths.newest(after) if after else ""
        entries = self.store.list(paths.NEWEST[kind], after=start)
        found: list[tuple[Job, Progress]] = []
        while wanted := list(islice(entries, limit - len(found))):
            calls = (partial(self._shown, paths.of_newest(entry.key, kind)) for entry in wanted)
            found += [shown for shown in overlapped(calls, _READ_AT_ONCE) if shown is not None]
        return found, next(entries, None) is not None

    def _shown(self, job_id: str) -> tuple[Job, Progress] | None:
        """A job of a page; None for one that is just being accepted or deleted."""
        try:
            job = self._as_now(self._finished[job_id]) if job_id in self._finished else self.load(job_id)
            shown = job, self.progress(job)
        except UnreadableObject as error:
            return self._unreadable(job_id, error), Progress(0, 0)
        except UnknownJob:
            return None
        if job.finished:
            if len(self._finished) >= _REMEMBERED:
                self._finished.clear()
            self._finished[job_id] = job
        return shown

    def active(self) -> Iterator[Entry]:
        """The entries of jobs that are not finished, the oldest first.

        Those of kinds that only a newer program knows are not among them: its workers see to them.
        """
        entries = self.store.list(paths.ACTIVE)
        return (entry for entry in entries if ids.is_id(entry.key.removeprefix(paths.ACTIVE)))

    def retire(self, job_id: str) -> None:
        """Remove a finished job from those that the sweep looks at."""
        self.store.delete([paths.active(job_id)])

    def remove(self, job: Job) -> None:
        """Delete every object of a job."""
        self.discard(job.id, job.expires, job.claim)

    def discard(self, job_id: str, expires: datetime, claim: str | None) -> None:
        """Delete every object of a job, or of an upload that never became one.

        The claim is deleted first: a claim whose job has no record means a job that was never accepted, and could bring
        a deleted one back. Then the record is deleted, so that workers stop working on the job.
        """
        self._release(claim, job_id)
        self.store.delete([paths.newest(job_id), paths.active(job_id), paths.record(job_id)])
        self._finished.pop(job_id, None)
        self.clear(job_id, expires)

    def _release(self, claim: str | None, job_id: str) -> None:
        """Free an Idempotency-Key, unless it belongs to another job by now."""
        if claim and claim.startswith(paths.CLAIMS):
            with suppress(ObjectNotFound):
                if self._claimant(claim) in (job_id, None):
                    self.store.delete([claim])

    def _claimant(self, claim: str) -> object:
        """The id of the job that made a claim; None if the claim cannot be read."""
        try:
            return decoded(self.store.get(claim).data, claim).get("id")
        except UnreadableObject:
            return None

    def clear(self, job_id: str, expires: datetime) -> None:
        """Delete everything in a job's folder.

        The entry in the order of expiry is deleted last, so that an interrupted removal is done again.
        """
        self.store.delete(entry.key for entry in self.store.list(paths.folder(job_id)))
        self.store.delete([paths.expiry(job_id, expires)])

    def expired(self) -> Iterator[Expiry]:
        """The jobs and abandoned uploads that have expired, the oldest first."""
        moment = self.clock()
        return takewhile(lambda entry: entry.moment <= moment, self._expiries())

    def _expiries(self) -> Iterator[Expiry]:
        found = (paths.of_expiry(entry.key) for entry in self.store.list(paths.EXPIRY))
        return (Expiry(*entry) for entry in found if entry is not None)

    def claim_of(self, expiry: Expiry) -> str | None:
        """The claim that an entry in the order of expiry names, if any."""
        key = paths.expiry(*expiry)
        with suppress(ObjectNotFound, UnreadableObject):
            claim = decoded(self.store.get(key).data, key).get("claim")
            return claim if isinstance(claim, str) else None
        return None


def total(parts: Iterable[Progress]) -> Progress:
    """The sum of the rows of several chunks."""
    counts = list(parts)
    return Progress(sum(count.completed for count in counts), sum(count.failed for count in counts))


def _expired(job: Job) -> Job:
    return job.end(EXPIRED, job.finished_at or job.expires_at, job.error)
