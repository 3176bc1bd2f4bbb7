"""The release in service is followed between two requests, and a bad one is refused."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from churn import release
from churn.errors import NoRelease, ReleaseRefused, StoreUnavailable, UnknownRelease
from churn.store import ObjectStore
from churn_api.releases import Releases
from churn_api.settings import ApiSettings

Publish = Callable[..., str]
PointTo = Callable[[ObjectStore, str], None]


class Refusals:
    """Counts the refusals."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> None:
        self.count += 1


@pytest.fixture
def refusals() -> Refusals:
    return Refusals()


@pytest.fixture
def releases(store: ObjectStore, refusals: Refusals) -> Releases:
    return Releases(store, refusals)


def test_without_a_release_there_is_nothing_to_serve(releases: Releases) -> None:
    releases.refresh()
    assert not releases.ready
    assert releases.version is None
    with pytest.raises(NoRelease):
        _ = releases.serving


def test_a_first_release_is_picked_up(releases: Releases, store: ObjectStore, publish: Publish) -> None:
    releases.refresh()
    version = publish(store)
    releases.refresh()
    assert releases.version == version
    assert releases.serving.costs.complete > 0


def test_a_newer_release_and_a_rollback_are_followed(
    releases: Releases, store: ObjectStore, publish: Publish, point_to: PointTo
) -> None:
    older, newer = publish(store), publish(store, shift=1.0)
    releases.refresh()
    assert releases.version == newer
    point_to(store, older)
    releases.refresh()
    assert releases.version == older


def test_what_was_remembered_goes_with_its_release(
    settings: ApiSettings, make_app: Callable[[ApiSettings], Flask], store: ObjectStore, publish: Publish, whole: Any
) -> None:
    app = make_app(settings)
    client = app.test_client()
    before = [client.post("/predict", json=whole).get_json() for _ in range(2)][1]
    publish(store, shift=1.0)
    app.extensions["churn"].refresh()
    after = client.post("/predict", json=whole).get_json()
    assert (before["cached"], after["cached"]) == (True, False)
    assert after["churn_probability"] > before["churn_probability"]
    assert after["model_info"]["version"] != before["model_info"]["version"]


def test_the_same_pointer_is_loaded_once(releases: Releases, store: ObjectStore, publish: Publish) -> None:
    publish(store)
    releases.refresh()
    serving = releases.serving
    releases.refresh()
    assert releases.serving is serving


@pytest.mark.parametrize("broken", ["examples", "missing", "pointer"])
def test_a_broken_release_is_refused_once_and_the_old_one_serves_on(
    releases: Releases, refusals: Refusals, store: ObjectStore, publish: Publish, point_to: PointTo, broken: str
) -> None:
    good = publish(store)
    releases.refresh()
    if broken == "examples":
        publish(store, examples=b'[{"customer": {}, "churn_probability": 0.5}]')
    elif broken == "missing":
        version = publish(store, promoted=False)
        store.delete([f"{release.folder(version)}model.json"])
        point_to(store, version)
    else:
        store.put(release.POINTER, b"{", content_type="application/json")
    for _ in range(3):
        releases.refresh()
    assert releases.version == good
    assert refusals.count == 1
    assert releases.store_answers


def test_a_broken_first_release_is_named_as_what_is_missing(
    releases: Releases, store: ObjectStore, publish: Publish
) -> None:
    publish(store, examples=b'[{"customer": {}, "churn_probability": 0.5}]')
    releases.refresh()
    with pytest.raises(ReleaseRefused, match="worked example"):
        _ = releases.serving


def test_after_a_refusal_a_good_release_is_taken_and_the_next_bad_one_counted(
    releases: Releases, refusals: Refusals, store: ObjectStore, publish: Publish
) -> None:
    for _ in range(2):
        publish(store, examples=b'[{"customer": {}, "churn_probability": 0.5}]')
        releases.refresh()
        good = publish(store)
        releases.refresh()
        assert releases.version == good
    assert refusals.count == 2


def test_a_pointer_to_nothing_is_refused(releases: Releases, store: ObjectStore, publish: Publish) -> None:
    version = publish(store)
    store.delete([f"{release.folder(version)}manifest.json"])
    releases.refresh()
    with pytest.raises(UnknownRelease):
        _ = releases.serving


def test_with_the_store_away_the_release_serves_on(
    releases: Releases, store: ObjectStore, publish: Publish, tmp_path: Path
) -> None:
    version = publish(store)
    releases.refresh()
    shutil.move(tmp_path / "store", tmp_path / "away")
    releases.refresh()
    assert (releases.version, releases.store_answers) == (version, False)
    shutil.move(tmp_path / "away", tmp_path / "store")
    releases.refresh()
    assert releases.store_answers


def test_a_store_that_is_away_at_the_start_is_named(releases: Releases, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "store")
    releases.refresh()
    with pytest.raises(StoreUnavailable):
        _ = releases.serving


def test_the_watch_follows_by_itself_and_ends(
    settings: ApiSettings,
    make_app: Callable[[ApiSettings], Flask],
    store: ObjectStore,
    publish: Publish,
    eventually: Callable[..., Any],
) -> None:
    service = make_app(settings.model_copy(update={"release_poll_seconds": 0.02})).extensions["churn"]
    service.watch()
    newer = publish(store, shift=1.0)
    eventually(lambda: service.releases.version == newer)
    service.end()
    time.sleep(0.1)
    publish(store)
    time.sleep(0.1)
    assert service.releases.version == newer


def test_a_watch_goes_on_after_a_failure(
    settings: ApiSettings,
    make_app: Callable[[ApiSettings], Flask],
    store: ObjectStore,
    publish: Publish,
    eventually: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    service = make_app(settings.model_copy(update={"release_poll_seconds": 0.02})).extensions["churn"]
    calls: list[int] = []
    refresh = service.checks.refresh

    def fail_first() -> None:
        calls.append(1)
        if len(calls) == 1:
            raise OSError("once")
        refresh()

    monkeypatch.setattr(service.checks, "refresh", fail_first)
    service.watch()
    newer = publish(store, shift=1.0)
    eventually(lambda: service.releases.version == newer and len(calls) > 1)
    service.end()
