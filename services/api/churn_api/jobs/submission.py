"""Accepting jobs: nothing is accepted that is not in the store, and a key makes one job however often it comes."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import NamedTuple

from churn.errors import FieldError, ObjectNotFound, PreconditionFailed, StoreUnavailable, ValidationError
from churn_api.jobs import keys
from churn_api.jobs.errors import IdempotencyConflict, UnknownJob
from churn_api.jobs.intake import Intake
from churn_api.jobs.ledger import JSON, Ledger
from churn_api.jobs.meter import Meter
from churn_api.jobs.plan import CHUNK_BYTES
from churn_api.jobs.queue import Queue
from churn_api.jobs.record import QUEUED, Job

MAX_KEY_LENGTH = 255
MAX_FILENAME_LENGTH = 255

# How often a key may turn out to belong to a job that has just been deleted.
_CLAIMS_TRIED = 5


@dataclass(frozen=True, slots=True)
class Limits:
    """The size of an upload in MB, the life of a job in days, whether its end is announced, and the size of a chunk."""

    upload_mb: int
    ttl_days: int
    announced: bool = False
    chunk_bytes: int = CHUNK_BYTES


class Accepted(NamedTuple):
    """The job, and whether it was there before."""

    job: Job
    replayed: bool


class Submissions:
    """Where jobs come in."""

    def __init__(self, ledger: Ledger, queue: Queue, meter: Meter, limits: Limits) -> None:
        self._ledger = ledger
        self._queue = queue
        self._meter = meter
        self._limits = limits

    def accept(self, blocks: Iterable[bytes], filename: str | None, key: str | None, model_version: str) -> Accepted:
        """Store and plan an upload and make it a job. Nothing stays of what is refused.

        Raises InvalidUpload, UploadTooLarge, ValidationError (the key), IdempotencyConflict, StoreUnavailable."""
        _check_key(key)
        moment = self._ledger.clock()
        expires = moment.replace(microsecond=0) + timedelta(days=self._limits.ttl_days)
        job_id = keys.new_id(moment)
        self._ledger.reserve(job_id, expires)
        job = Job(
            id=job_id,
            status=QUEUED,
            filename=_shown(filename),
            created_at=moment.isoformat(),
            expires_at=expires.isoformat(),
            model_version=model_version,
            total=0,
            chunks=0,
            size=0,
            sha256="",
            notified=not self._limits.announced,
        )
        try:
            job = self._store_upload(job, blocks) if key is None else self._store_keyed(job, blocks)
            accepted = Accepted(job, replayed=False) if key is None else self._claimed(job, key)
        except BaseException:
            with suppress(StoreUnavailable):  # what went wrong first is what the caller must hear
                self._ledger.clear(job_id, expires)
            raise
        if accepted.replayed:
            self._ledger.clear(job_id, expires)
            return accepted
        self._ledger.add(accepted.job)
        self._meter.count_job(QUEUED)
        self._queue.send("start", job_id)
        return accepted

    def _store_upload(self, job: Job, blocks: Iterable[bytes]) -> Job:
        intake = Intake(self._limits.upload_mb, self._limits.chunk_bytes)
        store = self._ledger.store
        store.write(keys.upload(job.id), intake.passing(blocks), content_type="text/csv")
        plan = intake.plan()
        store.put(keys.plan(job.id), plan.to_bytes(), content_type=JSON)
        return replace(job, total=plan.rows, chunks=len(plan.chunks), size=intake.size)

    def _store_keyed(self, job: Job, blocks: Iterable[bytes]) -> Job:
        """The same with the content's digest, which only a key asks for, and which takes as long as all the rest."""
        digest = hashlib.sha256()

        def digested() -> Iterator[bytes]:
            for block in blocks:
                digest.update(block)
                yield block

        return replace(self._store_upload(job, digested()), sha256=digest.hexdigest())

    def _claimed(self, job: Job, key: str) -> Accepted:
        """The job that the key belongs to: this one, if nobody was before."""
        job = replace(job, claim=keys.claim(key))
        for _ in range(_CLAIMS_TRIED):
            try:
                body = json.dumps(asdict(job)).encode()
                self._ledger.store.put(keys.claim(key), body, content_type=JSON, if_absent=True)
            except PreconditionFailed:
                with suppress(ObjectNotFound):  # deleted this moment: the key is free again
                    return Accepted(self._first(key, job.sha256), replayed=True)
            else:
                return Accepted(job, replayed=False)
        raise IdempotencyConflict

    def _first(self, key: str, sha256: str) -> Job:
        """The job that claimed the key. The claim holds its record, so that a claimant who was stopped before he could
        write it does not block the key."""
        stored = self._ledger.store.get(keys.claim(key))
        first = Job.from_bytes(stored.data)
        if first.sha256 != sha256:
            raise IdempotencyConflict
        try:
            return self._ledger.load(first.id)
        except UnknownJob:
            self._ledger.add(first)
            self._queue.send("start", first.id)
            return self._ledger.load(first.id)


def _check_key(key: str | None) -> None:
    if key is not None and not (1 <= len(key) <= MAX_KEY_LENGTH and key.isascii() and key.isprintable()):
        message = f"Idempotency-Key must be 1 to {MAX_KEY_LENGTH} printable ASCII characters."
        raise ValidationError([FieldError("Idempotency-Key", "not_allowed", message)])


def _shown(filename: str | None) -> str | None:
    """The last part of a file name, fit to be shown."""
    name = (filename or "").replace("\\", "/").rpartition("/")[2]
    return "".join(character for character in name if character.isprintable())[:MAX_FILENAME_LENGTH] or None
