"""The scoring job that a campaign is made of."""

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from churn import release
from churn.customer.echo import echo
from churn.customer.likeness import Likeness, fold
from churn.errors import FieldError, ObjectNotFound, ReleaseRefused, UnknownRelease
from churn.job_states import COMPLETED
from churn.schema import Schema
from churn_api.campaigns.errors import CampaignConflict
from churn_api.jobs import ids, paths
from churn_api.jobs.errors import UnknownJob, UnreadableObject
from churn_api.jobs.job import Job
from churn_api.jobs.plan import NewerPlan, Plan
from churn_api.jobs.repository import JobRepository

# Releases whose schemas are kept.
_SCHEMAS = 16


@dataclass(frozen=True, slots=True)
class ScoredJob:
    """A completed job whose customers have ids, with its plan and what its release says of a customer."""

    job: Job
    plan: Plan
    schema: Schema


class Sources:
    """Finds the jobs that campaigns can be made of."""

    def __init__(self, jobs: JobRepository) -> None:
        self._jobs, self._store = jobs, jobs.store
        self._schema_of: Callable[[str], Schema] = lru_cache(_SCHEMAS)(self._read_schema)

    def find(self, job_id: str) -> ScoredJob:
        """Raises CampaignConflict for a job that no campaign can be made of, with the remedy."""
        job = self._completed(job_id)
        try:
            schema = self._schema_of(job.model_version)
            plan = Plan.from_bytes(self._store.get(paths.plan(job_id)).data)
        except (UnknownRelease, ReleaseRefused) as error:
            raise CampaignConflict(f"{error.message} Score the file again, and plan with the new job.") from error
        except (ObjectNotFound, NewerPlan, ValueError, TypeError, LookupError, AttributeError) as error:
            raise CampaignConflict(
                f"The file of job {job_id} cannot be read any more; score it again, and plan with the new job."
            ) from error
        if schema.id not in plan.columns:
            raise CampaignConflict(
                f"The file of job {job_id} has no column {schema.id}: nobody could be contacted, or compared with "
                "those who are held out. Score a file with ids."
            )
        if schema.label_window_months is None:
            raise CampaignConflict(
                f"{schema.name!r} does not declare label_window_months, within which a customer leaves: nobody could "
                "say when a campaign has ended. Add it to the declaration, and train again."
            )
        return ScoredJob(job, plan, schema)

    def _completed(self, job_id: str) -> Job:
        try:
            if not ids.is_id(job_id) or ids.kind_of(job_id) != ids.JOB:
                raise UnknownJob(job_id, ids.JOB)
            job = self._jobs.load(job_id)
        except (UnknownJob, UnreadableObject) as error:
            raise CampaignConflict(f"{error.message} Score the file first: POST /jobs.") from error
        if job.status != COMPLETED:
            remedy = "score the file again" if job.finished else "wait until it is completed"
            raise CampaignConflict(f"Job {job_id} is {job.status}; {remedy}.")
        return job

    def _read_schema(self, version: str) -> Schema:
        return release.schema_of(self._store, release.manifest(self._store, version))

    def challenger(self, source: ScoredJob, version: str) -> FieldError | None:
        """What is wrong with a release that is to score the file for a second list, if anything is."""
        where = "plan.challenger.release"
        if version == source.job.model_version:
            message = f"{where} is {echo(version)}, which has scored the file; name another release, or other offers."
            return FieldError(where, "not_allowed", message)
        try:
            own, other = (release.manifest(self._store, each) for each in (source.job.model_version, version))
        except (UnknownRelease, ReleaseRefused) as error:
            return FieldError(where, "not_allowed", f"{where} cannot be used: {error.message}")
        if own.schema_hash != other.schema_hash:
            message = (
                f"{where} is {echo(version)}, which declares other customers, or another outcome, than "
                f"{source.job.model_version}, which has scored the file."
            )
            return FieldError(where, "not_allowed", message)
        return None

    def column(self, source: ScoredJob, name: str) -> tuple[int | None, FieldError | None]:
        """The place of a column of the file by its name, from 0, or what is wrong with the name."""
        start = source.plan.chunks[0].start if source.plan.chunks else source.job.size
        head = self._store.fetch(paths.upload(source.job.id), start=0, end=start).decode("utf-8-sig", "replace")
        names = next((row for row in csv.reader(io.StringIO(head, newline="")) if any(map(str.strip, row))), [])
        folded = [fold(each) for each in names]
        if folded.count(fold(name)) == 1:
            return folded.index(fold(name)), None
        nearest = Likeness({each: () for each in names if each.strip()}).of(name)
        remedy = f"did you mean {echo(nearest)}?" if nearest else "name one of its columns, or give an amount."
        message = f"plan.value.column is no column of the file, or two; got {echo(name)}: {remedy}"
        return None, FieldError("plan.value.column", "not_allowed", message)
