"""The release in service, watched: a new pointer is followed between two requests, a bad release is refused."""

import logging
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from cachetools import LRUCache

from churn import release as store_release
from churn.errors import ChurnError, NoRelease, ReleaseRefused, UnknownRelease
from churn.model.predictor import Prediction
from churn.release import Manifest, Pointer, Release
from churn.schema import Schema
from churn.store.interface import ObjectStore
from churn_api.answers import ModelAnswer

log = logging.getLogger(__name__)

# Answers that a process remembers: 2 MB or so, and more than one call centre asks for twice within minutes.
REMEMBERED = 1_000
# A release that was refused may be whole a moment later, as when a backup is copied back and its pointer comes first.
# It is looked at again after so many seconds, then after twice as many, up to the longest pause.
FIRST_PAUSE, LONGEST_PAUSE = 2.0, 300.0
# Seconds after which a store that does not say which release is current is told of as failing.
LATE = 3.0


@dataclass(frozen=True, slots=True)
class Serving:
    """A release in service, with all that goes when it goes: what answers say of it, and the last predictions.

    `recent` holds them by their question; it is not safe for several threads, so the cache has a lock."""

    release: Release
    pointer: Pointer
    about: ModelAnswer
    recent: LRUCache[Hashable, Prediction] = field(default_factory=lambda: LRUCache(REMEMBERED))

    @property
    def manifest(self) -> Manifest:
        return self.release.manifest


class Releases:
    """What this process serves. `refresh` follows the pointer; everything else only reads."""

    def __init__(
        self, store: ObjectStore, on_refused: Callable[[], None], clock: Callable[[], float] = monotonic
    ) -> None:
        self._store = store
        self._on_refused = on_refused
        self._clock = clock
        self._serving: Serving | None = None
        self._seen: Pointer | None = None
        self._again_at, self._pause = float("inf"), FIRST_PAUSE
        self._problem: ChurnError = NoRelease()
        self._store_answered = False
        self._asked: float | None = None

    @property
    def store_answers(self) -> bool:
        """Whether the store answered when it was last asked, and does not keep us waiting now."""
        asked = self._asked
        return self._store_answered and (asked is None or monotonic() - asked < LATE)

    @property
    def serving(self) -> Serving:
        """The release to answer with. Raises what keeps one from serving, with its remedy."""
        serving = self._serving
        if serving is None:
            raise self._problem
        return serving

    @property
    def version(self) -> str | None:
        """The version in service, if any."""
        return self._serving.release.version if self._serving else None

    @property
    def schema(self) -> Schema | None:
        """What the release in service declares a customer to be, if there is one."""
        return self._serving.release.schema if self._serving else None

    @property
    def ready(self) -> bool:
        return self._serving is not None

    def refresh(self) -> None:
        """Follow the pointer. Whatever goes wrong, the release in service goes on serving."""
        try:
            pointer = self._current()
            if pointer is None:
                self._problem = NoRelease()
            elif pointer != self._seen or self._clock() >= self._again_at:
                self._take(pointer)
            self._store_answered = True
        except (ReleaseRefused, UnknownRelease) as error:
            self._store_answered = True
            self._refuse(error)
        except ChurnError as error:
            if self._store_answered:
                log.warning("%s", error.message)
            self._store_answered = False
            # A release that was refused is what keeps this process from serving, whether the store answers or not.
            if self._seen is None:
                self._problem = error

    def _current(self) -> Pointer | None:
        self._asked = monotonic()
        try:
            return store_release.current(self._store)
        finally:
            self._asked = None

    def _take(self, pointer: Pointer) -> None:
        try:
            release = store_release.load(self._store, pointer.version, pointer.manifest_sha256)
        except (ReleaseRefused, UnknownRelease):
            self._pause = min(2 * self._pause, LONGEST_PAUSE) if pointer == self._seen else FIRST_PAUSE
            self._seen, self._again_at = pointer, self._clock() + self._pause
            raise
        self._serving = Serving(release, pointer, _about(release.manifest))
        self._seen, self._again_at = pointer, float("inf")
        log.info("Release %s is in service.", release.version, extra={"release": release.version})

    def _refuse(self, error: ChurnError) -> None:
        """Log and count a refusal once, however often the same pointer is looked at."""
        if error.message != self._problem.message:
            log.error("%s", error.message)
            self._on_refused()
        self._problem = error


def _about(manifest: Manifest) -> ModelAnswer:
    """What every prediction says of its model."""
    test: dict[str, Any] = manifest.metrics.get("test", {})
    return ModelAnswer(
        manifest.model_name,
        manifest.version,
        test.get("accuracy"),
        test.get("roc_auc"),
        manifest.timestamp.isoformat(),
    )
