"""The releases that jobs are pinned to, loaded once."""

from collections import OrderedDict

from churn.release import Release, load
from churn.store.interface import ObjectStore

# Jobs before and after a new release; a worker seldom needs more at a time.
_KEPT = 2


class ReleaseCache:
    """The last few releases that were asked for; for one thread."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._held: OrderedDict[str, Release] = OrderedDict()

    def get(self, version: str) -> Release:
        """Raises UnknownRelease, ReleaseRefused, StoreUnavailable."""
        if version not in self._held:
            self._held[version] = load(self._store, version)
        self._held.move_to_end(version)
        while len(self._held) > _KEPT:
            self._held.popitem(last=False)
        return self._held[version]
