"""The release in service is followed between two requests, and a bad one is refused."""

import shutil
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from churn import release
from churn.errors import NoRelease, ReleaseRefused, StoreUnavailable, UnknownRelease
from churn.store.interface import ObjectStore
from churn_api.releases.watcher import FIRST_PAUSE, Releases
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
    store.delete([release.manifest_key(version)])
    releases.refresh()
    with pytest.raises(UnknownRelease):
        _ = releases.serving


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_pointer_that_came_before_its_files_is_followed_when_they_are_there(
    store: ObjectStore, publish: Publish, refusals: Refusals
) -> None:
    """As in a backup that is copied back: models/current.json comes before models/releases/."""
    clock = Clock()
    releases = Releases(store, refusals, clock)
    version = publish(store)
    name = f"{release.folder(version)}model.json"
    model = store.get(name).data
    store.delete([name])
    releases.refresh()
    assert not releases.ready
    store.put(name, model, content_type="application/json")
    clock.now += FIRST_PAUSE
    releases.refresh()
    assert (releases.version, refusals.count) == (version, 1)


def test_a_refused_release_is_loaded_again_after_ever_longer_pauses(
    store: ObjectStore, publish: Publish, refusals: Refusals, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, loaded = Clock(), []
    whole_load = release.load
    monkeypatch.setattr(release, "load", lambda *given: loaded.append(clock.now) or whole_load(*given))
    releases = Releases(store, refusals, clock)
    publish(store, examples=b'[{"customer": {}, "churn_probability": 0.5}]')
    for _ in range(1200):
        releases.refresh()
        clock.now += 1
    pauses = [after - before for before, after in pairwise(loaded)]
    assert pauses == [2, 4, 8, 16, 32, 64, 128, 256, 300, 300]
    assert refusals.count == 1


def test_a_store_that_blinks_does_not_hide_why_a_release_was_refused(
    releases: Releases, store: ObjectStore, publish: Publish, tmp_path: Path
) -> None:
    publish(store, examples=b'[{"customer": {}, "churn_probability": 0.5}]')
    releases.refresh()
    shutil.move(tmp_path / "store", tmp_path / "away")
    releases.refresh()
    shutil.move(tmp_path / "away", tmp_path / "store")
    releases.refresh()
    with pytest.raises(ReleaseRefused, match="worked example"):
        _ = releases.serving


@pytest.mark.parametrize(("cause", "remedy"), [("refused", "roll back"), ("away", "try again")])
def test_a_caller_is_told_neither_bucket_nor_address_nor_what_is_in_a_release(
    settings: ApiSettings,
    make_app: Callable[[ApiSettings], Flask],
    store: ObjectStore,
    publish: Publish,
    tmp_path: Path,
    cause: str,
    remedy: str,
) -> None:
    store.delete([release.POINTER])
    if cause == "refused":
        publish(store, examples=b'[{"customer": {}, "churn_probability": 0.5}]')
    app = make_app(settings)
    if cause == "away":
        shutil.rmtree(tmp_path / "store")
        releases = app.extensions["churn"].releases
        releases._serving = releases._seen = None  # as in a process that starts now
        releases.refresh()
    answer = app.test_client().get("/health/ready")
    assert answer.status_code == 503
    assert remedy in answer.json["error"]
    assert not any(word in answer.text for word in (str(tmp_path), "CHURN_", "AWS_", "worked example"))


def test_no_customer_is_downloaded_with_a_release(
    settings: ApiSettings, make_app: Callable[[ApiSettings], Flask], store: ObjectStore, publish: Publish
) -> None:
    version = publish(store)
    client = make_app(settings).test_client()
    listed = release.manifest(store, version).files
    statuses = {name: client.get(f"/releases/{version}/files/{name}").status_code for name in listed}
    served = {name for name, status in statuses.items() if status == 200}
    assert served == {name for name in listed if name.endswith((".png", ".html")) or name == "card.json"}
    assert {"background.json", "examples.json", "model.json"} <= {name for name in listed if statuses[name] == 404}


def test_a_card_is_kept_by_no_shared_cache(
    settings: ApiSettings, make_app: Callable[[ApiSettings], Flask], store: ObjectStore, publish: Publish
) -> None:
    version = publish(store)
    answer = make_app(settings).test_client().get(f"/releases/{version}/files/card.html")
    assert answer.headers["Cache-Control"] == "private, max-age=86400, immutable"


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


def test_the_first_release_is_not_waited_for_as_long_as_the_next_one(
    settings: ApiSettings, make_app: Callable[[ApiSettings], Flask], store: ObjectStore, eventually: Callable[..., Any]
) -> None:
    service = make_app(settings.model_copy(update={"release_poll_seconds": 60.0})).extensions["churn"]
    service.releases._serving = service.releases._seen = None  # as before there was one
    service.watch()
    eventually(lambda: service.releases.ready)
    service.end()


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
