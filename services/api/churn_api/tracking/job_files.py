"""Erasing customers from the files of jobs."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from datetime import timedelta

from churn.errors import ChurnError, ObjectNotFound, StoreUnavailable
from churn.tracking.erasure import Erasure
from churn_api.jobs import ids, paths
from churn_api.jobs.csv.output import defused
from churn_api.jobs.csv.result_files import CUSTOMER_ID, ERROR_COLUMNS
from churn_api.jobs.errors import UnknownJob
from churn_api.jobs.plan import NewerPlan, Plan
from churn_api.jobs.release_cache import ReleaseCache
from churn_api.jobs.repository import JobRepository
from churn_api.tracking.csv_rows import drop_rows, may_hold

# An upload that has not become a job by then never will: its submission was cut off.
_ABANDONED = timedelta(hours=1)

_KINDS = tuple(name for kind in ("results", "errors") for name in (kind, paths.raw(kind)))
_PLACE = ERROR_COLUMNS.index(CUSTOMER_ID)


class JobFiles:
    """The uploads and files of all jobs in a store."""

    def __init__(self, repository: JobRepository, releases: ReleaseCache) -> None:
        self._repository, self._store, self._releases = repository, repository.store, releases

    def held_back(self, erasures: Sequence[Erasure]) -> set[str]:
        """The ids that stand in uploads of jobs which were accepted before their erasure, and are not over yet.

        What such a job makes of them cannot be erased before its end. A campaign has the customers of an older job.
        """
        held: set[str] = set()
        for job_id in self._ids():
            created, is_copy = ids.created(job_id), ids.kind_of(job_id) == ids.CAMPAIGN
            names = {each.customer_id for each in erasures if is_copy or created <= each.moment} - held
            if names and not self._is_over(job_id):
                held |= {name for name in names if may_hold(self._store, paths.upload(job_id), name)}
        return held

    def erase(self, names: Collection[str]) -> None:
        """Drop the rows of these customers from the files of all jobs that are over."""
        for job_id in self._ids():
            if self._is_over(job_id):
                was_there = self._has_record(job_id)
                self._erase_from(job_id, names)
                if was_there and not self._has_record(job_id):
                    # Deleted meanwhile: nobody else knows of what was just written.
                    self._store.delete([entry.key for entry in self._store.list(paths.folder(job_id))])

    def _erase_from(self, job_id: str, names: Collection[str]) -> None:
        # A worker that was slow may have left parts behind, which nobody needs.
        self._store.delete([entry.key for entry in self._store.list(paths.chunks(job_id))])
        written = {*names, *map(defused, names)}
        for kind in _KINDS:
            drop_rows(self._store, paths.file(job_id, kind), _PLACE, written)
        self._erase_upload(job_id, names)

    def _has_record(self, job_id: str) -> bool:
        return any(self._store.list(paths.record(job_id), limit=1))

    def _ids(self) -> Iterator[str]:
        return (name for name in self._store.folders("jobs/") if ids.is_id(name))

    def _is_over(self, job_id: str) -> bool:
        """Whether nobody works on a job any more, or will; also of an upload that never became one."""
        try:
            return self._repository.look(job_id).finished
        except UnknownJob:
            with suppress(ObjectNotFound):
                uploaded = self._store.head(paths.upload(job_id)).modified
                return self._repository.clock() - uploaded > _ABANDONED
            return True

    def _erase_upload(self, job_id: str, names: Collection[str]) -> None:
        key = paths.upload(job_id)
        try:
            place = self._place(job_id)
        except StoreUnavailable:
            raise
        except (ChurnError, NewerPlan, ValueError, TypeError, LookupError):
            # Nobody can tell its columns, and nobody needs it.
            if any(may_hold(self._store, key, name) for name in names):
                self._store.delete([key])
            return
        if place is not None:
            drop_rows(self._store, key, place, names)

    def _place(self, job_id: str) -> int | None:
        """The place of the id among the columns of an upload; None if it has none."""
        columns = Plan.from_bytes(self._store.get(paths.plan(job_id)).data).columns
        names = {CUSTOMER_ID}
        if CUSTOMER_ID not in columns:
            names.add(self._releases.get(self._repository.load(job_id).model_version).schema.id)
        return next((place for place, name in enumerate(columns) if name in names), None)
