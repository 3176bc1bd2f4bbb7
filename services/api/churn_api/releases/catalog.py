"""What the store holds of releases, read at most every few seconds however often it is asked for."""

from collections.abc import Callable
from functools import lru_cache
from threading import Lock
from time import monotonic

from churn import release as releases
from churn.errors import InvalidKey, ReleaseRefused, UnknownRelease
from churn.release import Manifest
from churn.store.interface import ObjectStore
from churn_api.answers import ReleaseAnswer, ReleasesAnswer
from churn_api.errors import NotFound

# Seconds that a list may be old; longer than it takes to make one, shorter than anybody notices.
FRESH_SECONDS = 5.0
MANIFESTS = 256


class Catalog:
    """All releases of a store. Manifests never change, so each is read once."""

    def __init__(self, store: ObjectStore, clock: Callable[[], float] = monotonic) -> None:
        self._store = store
        self._clock = clock
        self._manifest = lru_cache(MANIFESTS)(self._read_manifest)
        self._lock = Lock()
        self._list = ReleasesAnswer([])
        self._listed_at = float("-inf")

    def releases(self) -> ReleasesAnswer:
        """Every readable release, newest first. Raises StoreUnavailable."""
        with self._lock:
            if self._clock() - self._listed_at > FRESH_SECONDS:
                self._list = self._read_list()
                self._listed_at = self._clock()
            return self._list

    def file(self, version: str, name: str) -> tuple[bytes, str]:
        """A picture or the card of a release, and its media type. Raises UnknownRelease and NotFound.

        Other files of the manifest are not served, because some of them contain whole customers.
        """
        if name not in self._manifest(version).files or not _is_for_people(name):
            raise NotFound(f"Release {version} has no file {name[:80]!r}.")
        return self._store.get(releases.folder(version) + name).data, releases.content_type(name)

    def _read_list(self) -> ReleasesAnswer:
        pointer = releases.current(self._store)
        answers = []
        for version in sorted(releases.versions(self._store), reverse=True):
            try:
                manifest = self._manifest(version)
            except ReleaseRefused:
                continue  # written by a program that means something else by a manifest
            released_at = pointer.released_at if pointer and pointer.version == version else None
            answers.append(
                ReleaseAnswer(
                    version,
                    manifest.model_name,
                    manifest.timestamp.isoformat(),
                    released_at,
                    released_at is not None,
                    manifest.metrics,
                )
            )
        return ReleasesAnswer(answers)

    def _read_manifest(self, version: str) -> Manifest:
        try:
            return releases.manifest(self._store, version)
        except InvalidKey as error:
            raise UnknownRelease(version[:40]) from error


def _is_for_people(name: str) -> bool:
    return name.endswith(".png") or name.partition(".")[0] == "card"
