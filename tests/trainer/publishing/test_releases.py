"""Looking after releases."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from tests.telco import TELCO

from churn import release
from churn.errors import PreconditionFailed, ReleaseRefused, StoreUnavailable, UnknownRelease
from churn.release import Pointer
from churn_trainer.errors import NothingOlder
from churn_trainer.gates import reference
from churn_trainer.publishing import layout, releases, resume, states
from churn_trainer.publishing.fingerprint import fingerprint

VERSIONS = tuple(f"2026010{day}_000000" for day in range(1, 8))


@pytest.fixture
def many(store, whole_run):
    """Seven releases, oldest first, the newest in service: copies of the real one under other names."""
    about = release.manifest(whole_run.store, whole_run.version)
    fixed = {"format", "version", "schema_hash", "columns", "files"}
    told = {name: value for name, value in about.model_dump().items() if name not in fixed}
    files = {name: whole_run.store.get(release.folder(whole_run.version) + name).data for name in about.files}
    for version in VERSIONS:
        release.publish(store, version, told | {"gates_passed": version != VERSIONS[5]}, files, TELCO)
        store.put(f"models/trained/micro_best_model_{version}.pkl", b"", content_type="application/octet-stream")
    for version in VERSIONS[-2:]:
        release.promote(store, version, release.current(store))
    return store


def in_service(store):
    pointer = release.current(store)
    assert pointer is not None
    return pointer.version


def job(store, name, **told):
    store.put(f"jobs/{name}/job.json", json.dumps(told).encode(), content_type="application/json")


def test_releases_are_listed_the_newest_first_with_the_one_in_service(many):
    found = releases.listed(many)
    assert [one.version for one in found] == list(reversed(VERSIONS))
    assert [one.in_service for one in found] == [True, *[False] * 6]
    assert [one.manifest is not None and one.manifest.version for one in found] == list(reversed(VERSIONS))


def test_a_release_that_cannot_be_read_is_listed_with_the_reason(many):
    many.put(f"{release.folder(VERSIONS[2])}manifest.json", b"{", content_type="application/json")
    bad = releases.listed(many)[4]
    assert (bad.version, bad.manifest, bad.in_service) == (VERSIONS[2], None, False)
    assert "its manifest is malformed" in bad.refusal


def test_a_named_version_is_promoted_and_the_configuration_kept_true(many, settings):
    releases.promote(many, settings, VERSIONS[2])
    assert in_service(many) == VERSIONS[2]
    config = json.loads(many.get(layout.CONFIG).data)
    assert config["current_version"] == VERSIONS[2]
    assert config["keys"]["model"].endswith(f"{VERSIONS[2]}.pkl")


def test_an_unknown_version_is_not_promoted(many, settings):
    with pytest.raises(UnknownRelease):
        releases.promote(many, settings, "20990101_000000")
    assert in_service(many) == VERSIONS[-1]


def test_the_pointer_does_not_move_for_somebody_who_saw_an_older_one(many, settings):
    seen = release.current(many)
    releases.promote(many, settings, VERSIONS[0])
    with pytest.raises(PreconditionFailed):
        releases.move(many, settings, VERSIONS[1], seen, "")
    assert in_service(many) == VERSIONS[0]
    assert json.loads(many.get(layout.CONFIG).data)["current_version"] == VERSIONS[0]


def test_rolling_back_skips_what_a_gate_held_back(many, settings):
    assert releases.rollback(many, settings, None).version == VERSIONS[4]


def test_rolling_back_skips_what_cannot_serve(many, settings):
    many.delete([f"{release.folder(VERSIONS[4])}model.json"])
    assert releases.rollback(many, settings, None).version == VERSIONS[3]


def test_rolling_back_twice_goes_back_two(many, settings):
    releases.rollback(many, settings, None)
    assert releases.rollback(many, settings, None).version == VERSIONS[3]


def test_rolling_back_to_a_named_version_is_possible_in_both_directions(many, settings):
    releases.rollback(many, settings, VERSIONS[0])
    assert releases.rollback(many, settings, VERSIONS[6]).version == VERSIONS[6]


def test_there_is_nothing_older_than_the_oldest(many, settings):
    releases.promote(many, settings, VERSIONS[0])
    with pytest.raises(NothingOlder):
        releases.rollback(many, settings, None)
    assert in_service(many) == VERSIONS[0]


def test_without_any_release_there_is_nothing_to_roll_back_to(store, settings):
    with pytest.raises(NothingOlder):
        releases.rollback(store, settings, None)


def test_pruning_keeps_the_newest_and_the_one_in_service_and_the_one_before_it(many, settings):
    releases.promote(many, settings, VERSIONS[2])
    doomed = releases.prune(many, 2)
    assert doomed == [VERSIONS[4], VERSIONS[3], VERSIONS[0]]
    # The newest two; the current; the one in service before it; the next older one.
    assert list(release.versions(many)) == [VERSIONS[1], VERSIONS[2], VERSIONS[5], VERSIONS[6]]


def test_the_reference_is_never_pruned(many):
    reference.write(many, Pointer(VERSIONS[0], "ab" * 32, "2026-11-23T14:05:00+00:00", ""), "There was no reference.")
    assert VERSIONS[0] not in releases.prune(many, 1)
    assert VERSIONS[0] in release.versions(many)


def test_nothing_of_a_pruned_release_stays(many):
    releases.prune(many, 2)
    assert not [entry.key for entry in many.list("models/") if VERSIONS[0] in entry.key]


@pytest.mark.parametrize("status", ["queued", "validating", "in_progress", "finalizing", "cancelling"])
def test_what_a_live_job_is_pinned_to_is_never_pruned(many, status):
    job(many, "job_1", status=status, model_version=VERSIONS[1])
    assert VERSIONS[1] not in releases.prune(many, 1)
    assert release.load(many, VERSIONS[1]).version == VERSIONS[1]


@pytest.mark.parametrize("status", ["completed", "cancelled", "failed", "expired"])
def test_a_finished_job_needs_its_release_no_longer(many, status):
    job(many, "job_1", status=status, model_version=VERSIONS[1])
    assert VERSIONS[1] in releases.prune(many, 1)


def test_a_folder_without_a_job_is_no_obstacle(many):
    many.put("jobs/job_2/input.csv", b"", content_type="text/csv")
    assert releases.prune(many, 1)


@pytest.mark.parametrize("record", [b"{", b"[]", b"", b"\xff"])
def test_a_damaged_job_is_no_obstacle(many, record):
    many.put("jobs/job_1/job.json", record, content_type="application/json")
    job(many, "job_2", status="queued", model_version=VERSIONS[1])
    doomed = releases.prune(many, 1)
    assert VERSIONS[0] in doomed
    assert VERSIONS[1] not in doomed


def test_while_nobody_knows_what_is_in_service_nothing_is_pruned(many):
    many.put(release.POINTER, b"{", content_type="application/json")
    with pytest.raises(ReleaseRefused):
        releases.prune(many, 1)
    assert len(list(release.versions(many))) == 7


def claimed(store, moment):
    version = release.claim(store, moment)
    store.put(f"{release.folder(version)}model.json", b"{}", content_type="application/json")
    for key in (layout.model(version), f"{layout.processed(version)}X_val.csv", *layout.reports(version)):
        store.put(key, b"", content_type="application/octet-stream")
    return version


def test_what_a_run_that_broke_off_left_is_pruned(many):
    version = claimed(many, datetime.now(UTC) - timedelta(days=1, minutes=1))
    assert version in releases.prune(many, 10)
    assert not [entry.key for entry in many.list("") if version in entry.key]


def test_what_a_run_is_still_writing_is_left_alone(many):
    version = claimed(many, datetime.now(UTC) - timedelta(hours=23))
    many.put(f"{release.ROOT}notes/readme.txt", b"", content_type="text/plain")
    assert releases.prune(many, 10) == []
    assert [entry.key for entry in many.list("") if version in entry.key]


def test_the_manifest_of_a_pruned_release_goes_first(many, monkeypatch):
    deleted = []
    monkeypatch.setattr(type(many), "delete", lambda _, keys: deleted.append(list(keys)))
    releases.prune(many, 6)
    assert deleted[0] == [f"{release.folder(VERSIONS[0])}manifest.json"]


def test_a_damaged_pointer_is_replaced_by_whoever_names_a_release(many, settings):
    many.put(release.POINTER, b"{", content_type="application/json")
    assert releases.promote(many, settings, VERSIONS[1]).version == VERSIONS[1]
    assert in_service(many) == VERSIONS[1]


def test_with_few_releases_there_is_nothing_to_prune(many):
    assert releases.prune(many, 10) == []


def test_a_release_of_the_same_ingredients_is_found_again(many, whole_run, settings):
    print_of = fingerprint(whole_run.trained.source.sha256, settings, TELCO)
    assert print_of == whole_run.trained.fingerprint
    found = resume.known(many, print_of)
    assert found is not None
    assert (found.version, found.lacks_service) == (VERSIONS[-1], False)
    assert resume.known(many, "other") is None


@pytest.mark.parametrize("pointer", [None, b"{"], ids=["missing", "damaged"])
def test_while_nothing_is_in_service_the_newest_that_may_serve_is_to_be_released(many, whole_run, pointer):
    many.delete([release.POINTER])
    if pointer:
        many.put(release.POINTER, pointer, content_type="application/json")
    found = resume.known(many, whole_run.trained.fingerprint)
    assert found is not None
    assert (found.version, found.lacks_service) == (VERSIONS[6], True)
    many.delete([f"{release.folder(VERSIONS[6])}model.json"])
    found = resume.known(many, whole_run.trained.fingerprint)
    # The last but one did not pass its gates.
    assert found is not None
    assert (found.version, found.lacks_service) == (VERSIONS[4], True)


def states_of(store):
    return {found.version: found.state.name for found in releases.listed(store)}


def test_of_releases_without_written_states_pointer_and_gates_tell_them(many, settings):
    many.delete([entry.key for entry in many.list("models/") if entry.key.endswith(states.NAME)])
    assert states_of(many) == {
        **dict.fromkeys(VERSIONS[:5], "replaced"),
        VERSIONS[5]: "held back",
        VERSIONS[6]: "released",
    }
    releases.move(many, settings, VERSIONS[2], releases.replaceable(many), "a reason")
    many.delete([entry.key for entry in many.list("models/") if entry.key.endswith(states.NAME)])
    assert states_of(many)[VERSIONS[4]] == "published"


def test_moving_the_pointer_is_written_beside_both_releases(many, settings):
    releases.move(many, settings, VERSIONS[2], releases.replaceable(many), "a reason")
    assert states.history(many, VERSIONS[2])[-1][:2] == ("released", "a reason")
    assert states.history(many, VERSIONS[6])[-1][:2] == ("replaced", f"{VERSIONS[2]} is in service")
    releases.rollback(many, settings, None)
    assert states.history(many, VERSIONS[1])[-1][:2] == ("released", f"rolled back from {VERSIONS[2]}")


def test_a_store_that_fails_once_the_pointer_has_moved_makes_nobody_move_it_again(many, settings, monkeypatch):
    monkeypatch.setattr(layout, "write", fail)
    assert releases.rollback(many, settings, None).version == VERSIONS[4]
    assert in_service(many) == VERSIONS[4]


def fail(*_):
    raise StoreUnavailable("s3://churn", "it does not answer")


def test_the_configuration_names_bucket_region_and_endpoint(store, settings, monkeypatch):
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://minio:9000")
    pointer = release.Pointer(VERSIONS[0], "", "2026-01-01T00:00:00+00:00", "")
    layout.write_config(store, settings.model_copy(update={"store_url": "s3://churn"}), pointer)
    config = json.loads(store.get(layout.CONFIG).data)
    assert (config["bucket"], config["region"], config["endpoint_url"]) == (
        "churn",
        "eu-central-1",
        "http://minio:9000",
    )
