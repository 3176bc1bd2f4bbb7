"""The worker's step that keeps the tracked tables in order; it can be cut off anywhere, and be done again."""

import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from time import monotonic

from churn.clock import Clock, now
from churn.errors import PreconditionFailed
from churn.store.interface import ObjectStore
from churn.tracking import daily, erasure
from churn.tracking.layout import INCOMING, OUTCOMES, PREDICTIONS, REFUSED, ROOT
from churn_api.alerts.digest_files import expire
from churn_api.campaigns.cleaning import clean
from churn_api.jobs.release_cache import ReleaseCache
from churn_api.jobs.repository import JobRepository
from churn_api.tracking import incoming
from churn_api.tracking.compaction import UNDER_WAY, Compaction, months
from churn_api.tracking.ingestion import Ingestion
from churn_api.tracking.turn import turn

log = logging.getLogger(__name__)

# Between two looks at everything, and the most that one step takes of a worker's time for what came in, in seconds.
_WHOLE_SECONDS = 3600.0
_INGESTION_SECONDS = 30.0


class Tidying:
    """Takes in what the API handed over, makes one file of many, and deletes months that are older than `days`."""

    def __init__(
        self,
        store: ObjectStore,
        releases: ReleaseCache,
        days: int,
        stopping: Callable[[], bool] = lambda: False,
        clock: Clock = now,
    ) -> None:
        self._store, self._days, self._stopping, self._clock = store, days, stopping, clock
        self._ingestion = Ingestion(store, releases, clock)
        self._compaction = Compaction(store, clock)
        self._next_whole = 0.0

    def tidy(self) -> None:
        """One pass, unless another worker is at it or there is nothing to do. Raises StoreUnavailable."""
        is_whole = monotonic() >= self._next_whole
        if is_whole or self._is_called_for():
            with turn(self._store, self._clock) as is_own, suppress(PreconditionFailed):
                if is_own:
                    self._pass(whole=is_whole)

    def _is_called_for(self) -> bool:
        """Whether something came in, or somebody died while he made one file of many: their rows are there twice.

        One request tells both, as the one key comes next to the others, and each request is paid for every minute.
        """
        return any(
            entry.key.startswith((INCOMING, UNDER_WAY)) for entry in self._store.list(ROOT, after=INCOMING, limit=1)
        )

    def _pass(self, *, whole: bool) -> None:
        self._compaction.recover()
        if whole:
            self._expire()
        end = monotonic() + _INGESTION_SECONDS
        folders = self._ingestion.ingest(lambda: self._stopping() or monotonic() > end)
        for folder in months(self._store) if whole else sorted(folders):
            if not self._stopping():
                self._compaction.compact(folder)
        if whole:
            self._next_whole = monotonic() + _WHOLE_SECONDS

    def _expire(self) -> None:
        """Delete the months that lie wholly before the first day that is kept, and what could never be taken in."""
        oldest = self._clock() - timedelta(days=self._days)
        first = f"month={oldest:%Y-%m}"
        for root in (PREDICTIONS, OUTCOMES, REFUSED):
            for name in list(self._store.folders(root)):
                if name.startswith("month=") and name < first:
                    log.info("%s%s is older than %d days, and is deleted.", root, name, self._days)
                    self._store.delete([entry.key for entry in self._store.list(f"{root}{name}/")])
        self._store.delete(daily.expired(self._store, oldest.date()))
        erasure.forget(self._store, self._clock())
        expire(self._store, oldest)
        clean(JobRepository(self._store, self._clock))
        left = (entry.key for entry in self._store.list(INCOMING))
        self._store.delete([key for key in left if (moment := incoming.moment_of(key)) and moment < oldest])
