"""The release in service, watched: a new pointer is followed between two requests, a bad release is refused."""

import logging
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from threading import Event, Thread
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

# How many answers a process keeps, in about 2 MB: more than a call centre asks for again within minutes.
REMEMBERED = 1_000
# A refused release may be complete a moment later, for instance when a backup is copied back and its pointer comes
# first. It is loaded again after so many seconds, then after twice as many, up to the longest pause.
FIRST_PAUSE, LONGEST_PAUSE = 2.0, 300.0
# Seconds between two looks for a release while there is none.
FIRST_RELEASE_SECONDS = 1.0
# Seconds after which a store that has not answered which release is current counts as failing.
LATE = 3.0


@dataclass(frozen=True, slots=True)
class Serving:
    """A release in service, with what is replaced together with it.

    `about` is what answers say of the model. `recent` has the latest predictions by question; it is not safe for
    several threads, so the cache has a lock.
    """

    release: Release
    pointer: Pointer
    about: ModelAnswer
    recent: LRUCache[Hashable, Prediction] = field(default_factory=lambda: LRUCache(REMEMBERED))

    @property
    def manifest(self) -> Manifest:
        """The manifest of the release."""
        return self.release.manifest


class Releases:
    """The release that this process serves. `refresh` follows the store's pointer; everything else only reads."""

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
        """Whether the store answered the last question, and no question has been open for LATE seconds."""
        asked = self._asked
        return self._store_answered and (asked is None or monotonic() - asked < LATE)

    @property
    def serving(self) -> Serving:
        """The release to answer with. Raises the error, with its remedy, that keeps a release from serving."""
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
        """The schema of the release in service, if any."""
        return self._serving.release.schema if self._serving else None

    @property
    def ready(self) -> bool:
        """Whether a release is in service."""
        return self._serving is not None

    def refresh(self) -> None:
        """Load the release that the pointer names, if it is new; if that fails, the one in service stays."""
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
            # If a release was refused, that is the reason why this process cannot serve, not the store.
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


def watch(releases: Releases, refresh: Callable[[], None], seconds: float, ended: Event) -> None:
    """Start a thread that calls `refresh`, which looks for a new release, every so many seconds until `ended` is set.

    While there is no release it looks more often, so that the first one soon serves.
    """

    def pause() -> float:
        return seconds if releases.ready else min(seconds, FIRST_RELEASE_SECONDS)

    def run() -> None:
        while not ended.wait(pause()):
            try:
                refresh()
            except Exception:  # if the thread ended, an old release would stay in service for ever
                log.exception("The watch failed; it goes on.")

    Thread(target=run, name="watch", daemon=True).start()


def _about(manifest: Manifest) -> ModelAnswer:
    """What every answer says about its model."""
    test: dict[str, Any] = manifest.metrics.get("test", {})
    return ModelAnswer(
        manifest.model_name,
        manifest.version,
        test.get("accuracy"),
        test.get("roc_auc"),
        manifest.timestamp.isoformat(),
    )
