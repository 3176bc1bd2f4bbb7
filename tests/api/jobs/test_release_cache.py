"""The releases that jobs are pinned to: loaded once, and only the last few kept."""

from collections.abc import Callable

import pytest

from churn.errors import UnknownRelease
from churn.store.interface import ObjectStore
from churn_api.jobs import release_cache
from churn_api.jobs.release_cache import ReleaseCache


def test_the_last_two_releases_that_were_asked_for_are_kept(
    store: ObjectStore, publish: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    versions = [publish(store, shift=shift) for shift in (0.0, 0.1, 0.2)]
    read: list[str] = []
    load = release_cache.load

    def watched(store: ObjectStore, version: str) -> object:
        read.append(version)
        return load(store, version)

    monkeypatch.setattr(release_cache, "load", watched)
    releases = ReleaseCache(store)
    for number in (0, 1, 0, 1, 0, 2, 0, 1):
        assert releases.get(versions[number]).manifest.version == versions[number]
    # The one that was asked for longest ago makes way: for the third release the second, and for that the third.
    assert read == [versions[number] for number in (0, 1, 2, 1)]


def test_a_release_that_is_not_there_is_asked_for_again(store: ObjectStore, publish: Callable[..., str]) -> None:
    releases = ReleaseCache(store)
    for _ in range(2):
        with pytest.raises(UnknownRelease):
            releases.get("20261125_120000")
    assert releases.get(publish(store)).manifest.version
