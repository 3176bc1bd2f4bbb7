"""Accepting jobs: nothing is accepted that is not in the store, and a key makes one job however often it comes."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec

from churn.job_states import QUEUED
from churn.tables.row_schema import RowSchema
from churn_api.jobs import ids, paths
from churn_api.jobs.acceptance import Acceptance, Accepted, check_key, expiry
from churn_api.jobs.csv.upload_check import UploadCheck, within
from churn_api.jobs.ids import JOB, Kind
from churn_api.jobs.job import Job
from churn_api.jobs.job_metrics import JobMetrics
from churn_api.jobs.options import DEFAULTS, JobOptions
from churn_api.jobs.plan import CHUNK_BYTES, PLAIN, WITH_OPTIONS
from churn_api.jobs.queue import Queue
from churn_api.jobs.repository import JSON, JobRepository

MAX_FILENAME_LENGTH = 255


@dataclass(frozen=True, slots=True)
class Limits:
    """The size of an upload in MB, the life of a job in days, whether its end is announced, and the size of a chunk."""

    upload_mb: int
    ttl_days: int
    announced: bool = False
    chunk_bytes: int = CHUNK_BYTES


class Submissions:
    """Accepts uploads as jobs."""

    def __init__(self, repository: JobRepository, queue: Queue, metrics: JobMetrics, limits: Limits) -> None:
        self._repository = repository
        self._limits = limits
        self._acceptance = Acceptance(repository, queue, metrics)

    def accept(
        self,
        blocks: Iterable[bytes],
        filename: str | None,
        key: str | None,
        model_version: str,
        schema: RowSchema,
        *,
        kind: Kind = JOB,
        caller: str | None = None,
        options: JobOptions = DEFAULTS,
        query: Mapping[str, Sequence[str]] | None = None,
    ) -> Accepted:
        """Store an upload, plan its chunks and make it a job; nothing of a refused upload is kept.

        What was sent before with its Idempotency-Key is compared, and read no more: other customers may be in service
        by now, and it would be refused.

        `model_version` is the release that scores customers, "" for other kinds. `key` is the Idempotency-Key, which
        belongs to the API key named `caller`; `query` is what the options were read
        from. Once the claim of an Idempotency-Key has been sent to the store, nothing of the job is deleted here: the
        claim may have been stored although its answer was lost, and then the next attempt finishes the job that it
        names. A job that nobody finishes expires.

        Raises InvalidUpload, UploadTooLarge, ValidationError (the key), IdempotencyConflict and StoreUnavailable.
        """
        check_key(key)
        claim = paths.claim(key, caller, kind) if key is not None else None
        chosen = options.digested(query or {})
        earlier = self._acceptance.earlier(claim, lambda: self._digest(blocks, chosen))
        if earlier is not None:
            return earlier
        job = self._new(kind, filename, claim, options, model_version)
        return self._acceptance.create(job, lambda new: self._store_upload(new, schema, blocks, chosen))

    def _digest(self, blocks: Iterable[bytes], chosen: bytes) -> str:
        digest = hashlib.sha256()
        for block in within(blocks, self._limits.upload_mb):
            digest.update(block)
        digest.update(chosen)
        return digest.hexdigest()

    def _new(self, kind: Kind, filename: str | None, claim: str | None, options: JobOptions, model_version: str) -> Job:
        moment = self._repository.clock()
        expires = expiry(moment, self._limits.ttl_days)
        return Job(
            id=ids.new_id(moment, kind),
            status=QUEUED,
            filename=_shown(filename),
            created_at=moment.isoformat(),
            expires_at=expires.isoformat(),
            model_version=model_version,
            total=0,
            chunks=0,
            size=0,
            sha256="",
            claim=claim,
            notified=kind != JOB or not self._limits.announced,
            options=msgspec.to_builtins(options),
        )

    def _store_upload(self, job: Job, schema: RowSchema, blocks: Iterable[bytes], chosen: bytes) -> Job:
        check = UploadCheck(schema, self._limits.upload_mb, self._limits.chunk_bytes)
        # Only a key asks for the digest, which takes as long as all the rest.
        digest = hashlib.sha256()
        passing = _digested(blocks, digest) if job.claim else blocks
        store = self._repository.store
        store.write(paths.upload(job.id), check.passing(passing), content_type="text/csv")
        plan = check.plan()
        written = WITH_OPTIONS if job.options else PLAIN
        store.put(paths.plan(job.id), plan.to_bytes(written), content_type=JSON)
        digest.update(chosen)
        return replace(
            job,
            total=plan.rows,
            chunks=len(plan.chunks),
            size=check.size,
            sha256=digest.hexdigest() if job.claim else "",
            ignored_columns=check.ignored_columns,
            notes=check.notes,
        )


def _digested(blocks: Iterable[bytes], digest: "hashlib._Hash") -> Iterator[bytes]:
    for block in blocks:
        digest.update(block)
        yield block


def _shown(filename: str | None) -> str | None:
    """The last part of a file name, fit to be shown."""
    name = (filename or "").replace("\\", "/").rpartition("/")[2]
    return "".join(character for character in name if character.isprintable())[:MAX_FILENAME_LENGTH] or None
