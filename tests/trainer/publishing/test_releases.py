"""Looking after releases."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from tests.telco import TELCO

from churn import release
from churn.errors import PreconditionFailed, ReleaseRefused, StoreUnavailable, UnknownRelease
from churn.experiments.promotion import promote
from churn.experiments.reconciliation import reconcile
from churn.experiments.repository import ExperimentRepository
from churn.experiments.starting import start
from churn.release import Pointer
from churn_trainer.errors import NothingOlder
from churn_trainer.gates import reference
from churn_trainer.publishing import layout, pruning, releases, resume, states
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
    many.put(release.manifest_key(VERSIONS[2]), b"{", content_type="application/json")
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


def test_rolling_back_goes_to_what_served_before_and_never_to_a_challenger_that_did_not(many, settings):
    # Trained between the two that served, and in shadow since, or judged worse.
    waits = [states.PUBLISHED, states.HELD_BACK]
    for version in VERSIONS[1:5]:
        for name in waits:
            states.note(many, version, name, "it went into shadow")
    release.promote(many, VERSIONS[0], release.current(many))
    release.promote(many, VERSIONS[6], release.current(many))
    assert releases.rollback(many, settings, None).version == VERSIONS[0]


def test_rolling_back_goes_to_the_champion_of_a_promoted_experiment_however_old_its_challenger_is(many, settings):
    found = experiment(many)
    promote(many, found.id, "It is better.", lambda: datetime.now(UTC))
    assert releases.rollback(many, settings, None).version == VERSIONS[6]
    # What was gone back from is worse, also where it is the newest of the older ones.
    for version in (*VERSIONS[2:6], VERSIONS[0]):
        states.note(many, version, states.HELD_BACK, "another trainer was quicker")
    reconcile(ExperimentRepository(many))
    with pytest.raises(NothingOlder):
        releases.rollback(many, settings, None)


def test_a_challenger_that_a_worker_promoted_has_served(many, settings):
    for version in VERSIONS[:6]:
        states.note(many, version, states.HELD_BACK, "it went into shadow")
    found = experiment(many)
    promote(many, found.id, "It is better.", lambda: datetime.now(UTC))
    release.promote(many, VERSIONS[5], release.current(many))
    release.promote(many, VERSIONS[6], release.current(many))
    assert releases.rollback(many, settings, None).version == VERSIONS[1]


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
    doomed = pruning.prune(many, 2)
    assert doomed == [VERSIONS[4], VERSIONS[3], VERSIONS[0]]
    # The newest two; the current; the one in service before it; the next older one.
    assert list(release.versions(many)) == [VERSIONS[1], VERSIONS[2], VERSIONS[5], VERSIONS[6]]


def test_the_reference_is_never_pruned(many):
    reference.write(many, Pointer(VERSIONS[0], "ab" * 32, "2026-11-23T14:05:00+00:00", ""), "There was no reference.")
    assert VERSIONS[0] not in pruning.prune(many, 1)
    assert VERSIONS[0] in release.versions(many)


def test_nothing_of_a_pruned_release_stays(many):
    pruning.prune(many, 2)
    assert not [entry.key for entry in many.list("models/") if VERSIONS[0] in entry.key]


@pytest.mark.parametrize("status", ["queued", "validating", "in_progress", "finalizing", "cancelling"])
def test_what_a_live_job_is_pinned_to_is_never_pruned(many, status):
    job(many, "job_1", status=status, model_version=VERSIONS[1])
    assert VERSIONS[1] not in pruning.prune(many, 1)
    assert release.load(many, VERSIONS[1]).version == VERSIONS[1]


@pytest.mark.parametrize("status", ["completed", "cancelled", "failed", "expired"])
def test_a_finished_job_needs_its_release_no_longer(many, status):
    job(many, "job_1", status=status, model_version=VERSIONS[1])
    assert VERSIONS[1] in pruning.prune(many, 1)


def test_a_folder_without_a_job_is_no_obstacle(many):
    many.put("jobs/job_2/input.csv", b"", content_type="text/csv")
    assert pruning.prune(many, 1)


@pytest.mark.parametrize("record", [b"{", b"[]", b"", b"\xff"])
def test_a_damaged_job_is_no_obstacle(many, record):
    many.put("jobs/job_1/job.json", record, content_type="application/json")
    job(many, "job_2", status="queued", model_version=VERSIONS[1])
    doomed = pruning.prune(many, 1)
    assert VERSIONS[0] in doomed
    assert VERSIONS[1] not in doomed


def test_while_nobody_knows_what_is_in_service_nothing_is_pruned(many):
    many.put(release.POINTER, b"{", content_type="application/json")
    with pytest.raises(ReleaseRefused):
        pruning.prune(many, 1)
    assert len(list(release.versions(many))) == 7


def claimed(store, moment):
    version = release.claim(store, moment)
    store.put(f"{release.folder(version)}model.json", b"{}", content_type="application/json")
    for key in (layout.model(version), f"{layout.processed(version)}X_val.csv", *layout.reports(version)):
        store.put(key, b"", content_type="application/octet-stream")
    return version


def test_what_a_run_that_broke_off_left_is_pruned(many):
    version = claimed(many, datetime.now(UTC) - timedelta(days=1, minutes=1))
    assert version in pruning.prune(many, 10)
    assert not [entry.key for entry in many.list("") if version in entry.key]


def test_what_a_run_is_still_writing_is_left_alone(many):
    version = claimed(many, datetime.now(UTC) - timedelta(hours=23))
    many.put(f"{release.ROOT}notes/readme.txt", b"", content_type="text/plain")
    assert pruning.prune(many, 10) == []
    assert [entry.key for entry in many.list("") if version in entry.key]


def test_the_manifest_of_a_pruned_release_goes_first(many, monkeypatch):
    deleted = []
    monkeypatch.setattr(type(many), "delete", lambda _, keys: deleted.append(list(keys)))
    pruning.prune(many, 6)
    assert deleted[0] == [release.manifest_key(VERSIONS[0])]


def test_a_damaged_pointer_is_replaced_by_whoever_names_a_release(many, settings):
    many.put(release.POINTER, b"{", content_type="application/json")
    assert releases.promote(many, settings, VERSIONS[1]).version == VERSIONS[1]
    assert in_service(many) == VERSIONS[1]


def test_with_few_releases_there_is_nothing_to_prune(many):
    assert pruning.prune(many, 10) == []


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


def experiment(store):
    """An experiment with the second release beside the newest, which is in service."""
    return start(store, VERSIONS[1], "person", lambda: datetime.now(UTC))


def learned_online(store, version):
    """Publish a copy of the first release as one of the online challenger."""
    about = release.manifest(store, VERSIONS[0])
    fixed = {"format", "version", "schema_hash", "columns", "files"}
    told = {name: value for name, value in about.model_dump().items() if name not in fixed}
    files = {name: store.get(release.folder(VERSIONS[0]) + name).data for name in about.files}
    release.publish(store, version, told | {"origin": "online"}, files, TELCO)


def test_those_of_the_online_challenger_push_no_other_out(many):
    online = [f"20260108_00000{second}" for second in range(4)]
    for version in online:
        learned_online(many, version)
    release.promote(many, online[0], release.current(many))
    pruning.prune(many, 2)
    assert list(release.versions(many)) == [*VERSIONS[-2:], online[0], *online[2:]]


def test_rolling_back_skips_an_online_challenger_that_never_served(many, settings):
    learned_online(many, "20260106_120000")
    assert releases.rollback(many, settings, None).version == VERSIONS[4]


def test_those_of_the_experiment_that_runs_are_not_pruned(many):
    found = experiment(many)
    assert VERSIONS[1] not in pruning.prune(many, 1)
    ExperimentRepository(many).close(found.id, "Enough.")
    assert VERSIONS[1] in pruning.prune(many, 1)


def test_a_promotion_by_another_program_is_told_with_its_reason_and_the_next_start_does_the_rest(many, settings):
    found = experiment(many)
    promote(many, found.id, "It is better.", lambda: datetime.now(UTC))
    listed = {each.version: each for each in releases.listed(many)}
    assert listed[VERSIONS[1]].in_service
    told = (states.RELEASED, f"It is better. ({found.id})")
    assert listed[VERSIONS[1]].state[:2] == told
    assert listed[VERSIONS[-1]].state[:2] == (states.REPLACED, f"{VERSIONS[1]} is in service")
    resume.finish(many, settings)
    assert states.last(many, VERSIONS[1])[:2] == told
    assert json.loads(many.get(layout.CONFIG).data)["current_version"] == VERSIONS[1]

    watch = reconcile(ExperimentRepository(many))
    assert watch.challenger == VERSIONS[-1]
    promote(many, watch.id, "It was better after all.", lambda: datetime.now(UTC))
    resume.finish(many, settings)
    assert states.last(many, VERSIONS[-1])[:2] == (states.RELEASED, f"It was better after all. ({watch.id})")
    assert states.last(many, VERSIONS[1])[:2] == (states.REPLACED, f"{VERSIONS[-1]} is in service")


def test_a_rollback_by_command_counts_as_going_back(many, settings):
    found = experiment(many)
    promote(many, found.id, "It is better.", lambda: datetime.now(UTC))
    releases.rollback(many, settings, VERSIONS[-1])
    repository = ExperimentRepository(many)
    assert [each.status for each in repository.all()] == ["promoted", "promoted"]
    assert repository.rolled_back() == {VERSIONS[1]}
    assert reconcile(repository) is None


def test_an_experiment_whose_champion_is_replaced_by_command_ends_with_it(many, settings):
    found = experiment(many)
    releases.promote(many, settings, VERSIONS[2])
    ended = ExperimentRepository(many).load(found.id)
    assert ended.status == "ended"
    assert ended.reason == f"{VERSIONS[2]} is in service, and no longer {VERSIONS[-1]}."
