"""Putting releases into shadow, ending that, and promoting them: by several at once, and cut off anywhere."""

import json
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from tests import experiments_answer
from tests.failing_store import FailingStore, Killed
from tests.made_up import made_up_predictor, published
from tests.shared.experiments.conftest import Clock, Versions
from tests.telco import TELCO, Customer
from tests.wide import publish_made_up

from churn import release
from churn.errors import NoRelease, ObjectNotFound, UnknownRelease
from churn.experiments import computed, layout
from churn.experiments.computed import Computed
from churn.experiments.errors import ExperimentConflict, UnknownExperiment, UnreadableExperiment
from churn.experiments.evaluation import evaluate
from churn.experiments.experiment import Experiment, Origin
from churn.experiments.promotion import promote
from churn.experiments.reconciliation import reconcile
from churn.experiments.repository import ExperimentRepository
from churn.experiments.shadow import in_shadow
from churn.experiments.starting import holds_shadow, start
from churn.store.interface import ObjectStore


def shadow(store: ObjectStore) -> dict[str, Any] | None:
    try:
        return dict(json.loads(store.get(layout.SHADOW).data)) or None
    except ObjectNotFound:
        return None


def serving(store: ObjectStore) -> str:
    pointer = release.current(store)
    assert pointer is not None
    return pointer.version


def test_a_release_in_shadow_is_named_beside_the_one_in_service(
    store: ObjectStore, versions: Versions, clock: Clock
) -> None:
    experiment = start(store, versions.challenger, "person", clock)
    assert (experiment.champion, experiment.challenger, experiment.status) == (*versions[:2], "running")
    named = shadow(store)
    assert named is not None
    assert (named["experiment"], named["version"]) == (experiment.id, versions.challenger)
    release.load(store, named["version"], named["manifest_sha256"])
    assert serving(store) == versions.champion


@pytest.mark.parametrize("data", [b"{", b"[]", b"{}", b'{"experiment": "exp_1", "version": "1"}'], ids=repr)
def test_an_object_that_names_nothing_whole_is_written_anew(
    store: ObjectStore, versions: Versions, clock: Clock, repository: ExperimentRepository, data: bytes
) -> None:
    assert in_shadow(store) is None
    experiment = start(store, versions.challenger, "person", clock)
    named = in_shadow(store)
    store.put(layout.SHADOW, data, content_type="application/json")
    assert in_shadow(store) is None
    assert reconcile(repository) == experiment
    assert in_shadow(store) == named


def test_the_same_release_is_started_once(store: ObjectStore, versions: Versions, clock: Clock) -> None:
    first = start(store, versions.challenger, "retraining", clock)
    assert start(store, versions.challenger, "retraining", clock) == first


def test_another_release_replaces_the_one_in_shadow(
    store: ObjectStore, versions: Versions, clock: Clock, repository: ExperimentRepository
) -> None:
    first = start(store, versions.challenger, "person", clock)
    second = start(store, versions.other, "person", clock)
    assert [experiment.id for experiment in repository.all()] == [second.id, first.id]
    ended = repository.load(first.id)
    assert (ended.status, ended.reason) == ("ended", f"Replaced by {versions.other} ({second.id}).")
    assert ended.ended_at is not None


@pytest.mark.parametrize("origin", ["person", "former"])
def test_a_training_ends_neither_a_persons_experiment_nor_the_watch_over_a_promotion(
    store: ObjectStore, versions: Versions, clock: Clock, repository: ExperimentRepository, origin: Origin
) -> None:
    first = start(store, versions.challenger, origin, clock)
    clock.moment += timedelta(days=30)
    with pytest.raises(ExperimentConflict, match=f"{first.id} runs.*{versions.other} into shadow"):
        start(store, versions.other, "retraining", clock)
    assert repository.load(first.id).status == "running"
    assert start(store, versions.other, "person", clock).status == "running"


@pytest.mark.parametrize("origin", ["person", "former"])
def test_the_online_challenger_ends_neither_either(
    store: ObjectStore, versions: Versions, clock: Clock, origin: Origin
) -> None:
    start(store, versions.challenger, origin, clock)
    with pytest.raises(ExperimentConflict, match="A person may"):
        start(store, versions.other, "online", clock)


@pytest.mark.parametrize("origin", ["retraining", "online"])
@pytest.mark.parametrize("newer", ["retraining", "online"])
@pytest.mark.parametrize(
    ("state", "outcomes", "gain", "holds"),
    [
        (None, 0, None, True),
        ("alike", 60, None, True),
        ("alike", 3_999, 0.0005, True),
        ("alike", 4_000, 0.0005, False),
        # What speaks for it would be thrown away: a newer one would begin anew, and to be promoted takes more.
        ("alike", 4_000, 0.001, True),
        ("better", 4_000, 0.02, True),
        ("better", 9_999, 0.02, True),
        ("better", 10_000, 0.02, False),
        ("worse", 600, -0.02, False),
    ],
)
def test_a_program_replaces_a_programs_own_once_that_has_had_its_say(
    store: ObjectStore,
    versions: Versions,
    clock: Clock,
    origin: Origin,
    newer: Origin,
    state: str | None,
    outcomes: int,
    gain: float | None,
    *,
    holds: bool,
) -> None:
    first = start(store, versions.challenger, origin, clock)
    if state:
        computed.save(store, first.id, Computed(judged(state, outcomes, gain)))
    assert holds_shadow(store, first) == holds
    if holds:
        with pytest.raises(ExperimentConflict, match="whose challenger has not had its outcomes yet"):
            start(store, versions.other, newer, clock)
    else:
        assert start(store, versions.other, newer, clock).status == "running"


def judged(state: str, outcomes: int, gain: float | None = None) -> dict[str, Any]:
    """Figures with a verdict in this state over so many outcomes."""
    gains = None if gain is None else dict.fromkeys(experiments_answer.FIGURES, (gain, 0.01))
    return {
        "computed_at": "2026-11-30T12:00:00+00:00",
        "disagreement": None,
        "costs": {"champion": None, "challenger": None},
        "verdict": experiments_answer.verdict(state, "So it is.", outcomes=outcomes, gains=gains),
    }


def test_a_program_replaces_what_is_compared_with_a_former_release(
    store: ObjectStore, versions: Versions, clock: Clock
) -> None:
    start(store, versions.challenger, "person", clock)
    release.promote(store, versions.other, release.current(store))
    assert start(store, versions.champion, "retraining", clock).status == "running"


def test_what_cannot_be_compared_is_refused(
    store: ObjectStore, versions: Versions, clock: Clock, customers: list[Customer]
) -> None:
    with pytest.raises(ExperimentConflict, match="is in service"):
        start(store, versions.champion, "person", clock)
    with pytest.raises(UnknownRelease):
        start(store, "20200101_000000", "person", clock)
    other = publish_made_up(store)
    with pytest.raises(ExperimentConflict, match="declares other customers"):
        start(store, other, "person", clock)
    people = customers[:60]
    shut = published(store, people, made_up_predictor(TELCO, people), promoted=False, gates_passed=False)
    with pytest.raises(ExperimentConflict, match="did not pass its gates"):
        start(store, shut, "retraining", clock)
    assert start(store, shut, "person", clock).status == "running"


def test_nothing_is_compared_with_nothing(store: ObjectStore, clock: Clock) -> None:
    with pytest.raises(NoRelease):
        start(store, "20200101_000000", "person", clock)


def test_an_ended_experiment_keeps_its_reason(
    store: ObjectStore, versions: Versions, clock: Clock, repository: ExperimentRepository
) -> None:
    experiment = start(store, versions.challenger, "person", clock)
    repository.close(experiment.id, "Enough.")
    assert repository.close(experiment.id, "Again.").reason == "Enough."
    assert reconcile(repository) is None
    assert shadow(store) is None
    with pytest.raises(ExperimentConflict, match="is over: Enough"):
        promote(store, experiment.id, "It is better.", clock)


@pytest.mark.parametrize("name", ["exp_1", "../secret", "exp_01ARZ3NDEKTSV4RRFFQ69G5FAV"])
def test_an_unknown_experiment_is_named(repository: ExperimentRepository, name: str) -> None:
    with pytest.raises(UnknownExperiment):
        repository.load(name)


def test_a_damaged_record_is_passed_over(
    store: ObjectStore, versions: Versions, clock: Clock, repository: ExperimentRepository
) -> None:
    experiment = start(store, versions.challenger, "person", clock)
    store.put(layout.record(experiment.id), b'{"id": 1}', content_type="application/json")
    assert list(repository.all()) == []
    with pytest.raises(UnreadableExperiment):
        repository.load(experiment.id)


@pytest.mark.parametrize("record", [b"", b'{"status": 3}'], ids=["damaged", "of another shape"])
def test_what_is_in_shadow_stays_named_while_its_record_cannot_be_read(
    store: ObjectStore, versions: Versions, clock: Clock, repository: ExperimentRepository, record: bytes
) -> None:
    experiment = start(store, versions.challenger, "person", clock)
    named = shadow(store)
    store.put(layout.record(experiment.id), record, content_type="application/json")
    assert reconcile(repository) is None
    assert shadow(store) == named


def test_an_origin_and_a_status_of_a_newer_program_are_read_and_left_alone(
    store: ObjectStore, versions: Versions, clock: Clock, repository: ExperimentRepository
) -> None:
    experiment = start(store, versions.challenger, "person", clock)
    named = shadow(store)
    newer = experiment.having(origin="rotation", status="paused")
    store.put(layout.record(experiment.id), newer.to_bytes(), content_type="application/json")
    assert reconcile(repository) is None
    assert shadow(store) == named
    assert list(repository.all()) == [newer]


def test_nothing_is_deleted_which_the_trainer_must_not(
    store: ObjectStore, versions: Versions, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment = start(store, versions.challenger, "person", clock)
    monkeypatch.setattr(type(store), "delete", lambda *_: pytest.fail("deleted"))
    ExperimentRepository(store, clock).close(experiment.id, "Enough.")
    assert reconcile(ExperimentRepository(store, clock)) is None
    assert shadow(store) is None
    assert start(store, versions.other, "retraining", clock).status == "running"


def test_what_a_newer_program_wrote_is_kept(versions: Versions, clock: Clock) -> None:
    record = Experiment(
        id="exp_1", champion=versions[0], challenger=versions[1], origin="person", started_at=clock()
    ).to_bytes()
    read = Experiment.from_bytes(json.dumps(json.loads(record) | {"newer": [1]}).encode(), "")
    assert json.loads(read.having(reason="Why.").to_bytes()) == json.loads(record) | {"newer": [1], "reason": "Why."}


def test_the_former_champion_is_watched_after_a_promotion(
    store: ObjectStore, versions: Versions, clock: Clock, repository: ExperimentRepository
) -> None:
    experiment = start(store, versions.challenger, "person", clock)
    assert promote(store, experiment.id, "It is better.", clock).status == "promoted"
    pointer = release.current(store)
    assert pointer is not None
    assert (pointer.version, pointer.reason) == (versions.challenger, f"It is better. ({experiment.id})")
    watch = reconcile(repository)
    assert watch is not None
    assert (watch.origin, watch.champion, watch.challenger) == ("former", versions.challenger, versions.champion)
    assert promote(store, experiment.id, "Again.", clock).reason == "It is better."


def test_nobody_watches_after_a_rollback_and_what_was_left_is_not_tried_by_a_program_again(
    store: ObjectStore, versions: Versions, clock: Clock, repository: ExperimentRepository
) -> None:
    promote(store, start(store, versions.challenger, "retraining", clock).id, "It is better.", clock)
    watch = reconcile(repository)
    assert watch is not None
    promote(store, watch.id, "It was better after all.", clock)
    assert serving(store) == versions.champion
    assert reconcile(repository) is None
    assert repository.rolled_back() == {versions.challenger}
    with pytest.raises(ExperimentConflict, match="was rolled back from"):
        start(store, versions.challenger, "retraining", clock)


def test_the_newest_is_newest_also_for_whose_clock_is_behind(
    store: ObjectStore, versions: Versions, clock: Clock, repository: ExperimentRepository
) -> None:
    first = start(store, versions.challenger, "person", lambda: clock() + timedelta(days=400))
    second = start(store, versions.other, "person", clock)
    assert [experiment.id for experiment in repository.all()] == [second.id, first.id]
    assert (second.status, repository.load(first.id).status) == ("running", "ended")
    promote(store, second.id, "It is better.", clock)
    watch = reconcile(repository)
    assert watch is not None
    repository.close(watch.id, "A person ended it.")
    assert reconcile(repository) is None


def test_a_watch_that_a_person_ended_is_not_begun_again(
    store: ObjectStore, versions: Versions, clock: Clock, repository: ExperimentRepository
) -> None:
    promote(store, start(store, versions.challenger, "person", clock).id, "It is better.", clock)
    watch = reconcile(repository)
    assert watch is not None
    repository.close(watch.id, "A person ended it.")
    assert reconcile(repository) is None
    assert reconcile(repository) is None


def test_a_champion_that_was_replaced_by_hand_ends_the_experiment(
    store: ObjectStore, versions: Versions, clock: Clock, repository: ExperimentRepository
) -> None:
    experiment = start(store, versions.challenger, "person", clock)
    release.promote(store, versions.other, release.current(store))
    with pytest.raises(ExperimentConflict, match="no longer in service"):
        promote(store, experiment.id, "It is better.", clock)
    assert reconcile(repository) is None
    ended = repository.load(experiment.id)
    assert (ended.status, ended.reason) == ("ended", f"{versions.other} is in service, and no longer {versions[0]}.")


def test_a_challenger_that_was_promoted_by_hand_is_promoted(
    store: ObjectStore, versions: Versions, clock: Clock, repository: ExperimentRepository
) -> None:
    experiment = start(store, versions.challenger, "person", clock)
    release.promote(store, versions.challenger, release.current(store), "promoted by name")
    watch = reconcile(repository)
    found = repository.load(experiment.id)
    assert (found.status, found.reason) == ("promoted", "promoted by name")
    assert watch is not None
    assert watch.challenger == versions.champion


def test_a_challenger_that_was_deleted_fails(
    store: ObjectStore, versions: Versions, clock: Clock, repository: ExperimentRepository
) -> None:
    experiment = start(store, versions.challenger, "person", clock)
    store.delete([release.manifest_key(versions.challenger)])
    with pytest.raises(ExperimentConflict, match="stays out of service"):
        promote(store, experiment.id, "It is better.", clock)
    assert reconcile(repository) is None
    assert repository.load(experiment.id).status == "failed"


def test_experiments_stay_as_they_are_while_the_pointer_cannot_be_read(
    store: ObjectStore, versions: Versions, clock: Clock, repository: ExperimentRepository
) -> None:
    experiment = start(store, versions.challenger, "person", clock)
    store.put(release.POINTER, b"[]", content_type="application/json")
    assert reconcile(repository) == experiment
    assert not evaluate(store, clock, "when_better")
    assert repository.load(experiment.id) == experiment
    repository.close(experiment.id, "Enough.")
    assert reconcile(repository) is None


def test_of_many_who_promote_at_once_all_get_the_same_answer(
    store: ObjectStore, versions: Versions, clock: Clock, repository: ExperimentRepository
) -> None:
    experiment = start(store, versions.challenger, "person", clock)
    barrier, answers = Barrier(6), []

    def attempt() -> None:
        barrier.wait()
        answers.append(promote(store, experiment.id, "It is better.", clock).status)

    threads = [Thread(target=attempt) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == ["promoted"] * 6
    watch = reconcile(repository)
    assert watch is not None
    assert [found.status for found in repository.all()].count("running") == 1


def test_of_many_who_start_at_once_one_runs(
    store: ObjectStore, versions: Versions, clock: Clock, repository: ExperimentRepository
) -> None:
    barrier = Barrier(6)

    def attempt(version: str) -> None:
        barrier.wait()
        start(store, version, "person", clock)

    threads = [Thread(target=attempt, args=[versions[1 + number % 2]]) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    running = reconcile(repository)
    named = shadow(store)
    assert running is not None
    assert named is not None
    assert named["experiment"] == running.id
    assert [found.status for found in repository.all()].count("running") == 1


@pytest.mark.parametrize("writes", range(6))
def test_a_promotion_that_is_cut_off_is_finished_by_the_next_look(
    store: ObjectStore, versions: Versions, clock: Clock, repository: ExperimentRepository, writes: int
) -> None:
    experiment = start(store, versions.challenger, "person", clock)
    cut: Any = FailingStore(store, writes + 1, killed=True)
    try:
        promote(cut, experiment.id, "It is better.", clock)
    except Killed:
        assert writes < 6
    running = reconcile(repository)
    assert running is not None
    if writes == 0:
        assert (running.id, serving(store)) == (experiment.id, versions.champion)
        return
    assert serving(store) == versions.challenger
    found = repository.load(experiment.id)
    assert found.status == "promoted"
    assert found.reason.startswith("It is better.")
    assert (running.origin, running.challenger) == ("former", versions.champion)
    named = shadow(store)
    assert named is not None
    assert named["experiment"] == running.id


@pytest.mark.parametrize("writes", range(4))
def test_a_start_that_is_cut_off_is_finished_or_undone_by_the_next_look(
    store: ObjectStore, versions: Versions, clock: Clock, repository: ExperimentRepository, writes: int
) -> None:
    first = start(store, versions.challenger, "person", clock)
    cut: Any = FailingStore(store, writes + 1, killed=True)
    try:
        start(cut, versions.other, "person", clock)
    except Killed:
        assert writes < 3
    running = reconcile(repository)
    assert running is not None
    assert (running.id == first.id) == (writes == 0)
    assert [found.status for found in repository.all()].count("running") == 1
    named = shadow(store)
    assert named is not None
    assert named["experiment"] == running.id
