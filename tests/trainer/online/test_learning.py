"""Learning from each outcome: once, late ones too, from the release in service, and into shadow alone."""

import json
from datetime import timedelta

import numpy as np
import pytest
from tests import experiments_answer
from tests.failing_store import FailingStore, Killed
from tests.made_up import made_up_predictor, published
from tests.telco import TELCO
from tests.trainer.online.conftest import BEGUN, FIRST, WINDOW, known_on
from tests.trainer.permitted_store import PermittedStore
from tests.trainer.tracked_world import report

from churn import release
from churn.clock import now
from churn.experiments import computed, starting
from churn.experiments.repository import ExperimentRepository
from churn.split import TEST_SHARE, id_hash, places, spares_test_part
from churn.tracking.reference import TENTHS, score_name
from churn_trainer.data.split import scheme
from churn_trainer.online import publishing
from churn_trainer.online.learner import Learner
from churn_trainer.online.state import KEY, reset


def shadow(store):
    return json.loads(store.get("models/shadow.json").data)["version"]


def log_losses(state):
    return state.of_challenger.figures()["log_loss"], state.of_champion.figures()["log_loss"]


def test_it_learns_what_became_known_once_and_not_before(world):
    for number in range(2):
        report(world.store, world.predicted(number), WINDOW)
    assert world.learns(known_on(0) - timedelta(days=3)) == []
    assert world.state.learned == 0
    world.learns(known_on(0))
    assert world.state.learned == 700
    weights = world.state.weights
    assert world.learns(known_on(0) + timedelta(days=1)) == []
    assert (world.state.learned, world.state.weights) == (700, weights)
    world.learns(known_on(1))
    assert world.state.learned == 1_400


def test_late_outcomes_are_learned_when_they_come_and_nothing_with_them_again(world):
    scored = world.predicted(0)
    report(world.store, scored, WINDOW, slice(0, 600))
    world.learns(known_on(0))
    assert world.state.learned == 600
    # The last hundred were received with the others, by a file's own words, but a month later by the file.
    late = scored._replace(day=FIRST)
    report(world.store, late, WINDOW, slice(600, 700), received=known_on(1))
    # Sent again, too: an outcome that is told twice is learned once.
    report(world.store, late, WINDOW, slice(0, 200), received=known_on(1) + timedelta(hours=1))
    world.learns(known_on(2))
    assert world.state.learned == 700


def test_a_month_of_which_little_is_known_waits_and_is_then_learned_whole(world):
    scored = world.predicted(0)
    report(world.store, scored, WINDOW, slice(0, 300))
    world.learns(known_on(0))
    assert world.state.learned == 0
    report(world.store, scored, WINDOW, slice(300, 700), received=known_on(1))
    world.learns(known_on(2))
    assert world.state.learned == 700


@pytest.mark.parametrize(("hours", "learned"), [(-1, 0), (1, 700)], ids=["before it was trained", "after"])
def test_what_the_champion_may_have_seen_is_not_learned(world, hours, learned):
    report(world.store, world.predicted(-WINDOW - 1), WINDOW, received=BEGUN + timedelta(hours=hours))
    world.learns(known_on(0))
    assert world.state.learned == learned


def test_customers_of_the_test_part_are_left_to_judge_it(world):
    scored = world.predicted(0, fitted=False)
    report(world.store, scored, WINDOW)
    world.learns(known_on(0))
    fitted = sum(places(np.array([id_hash(name)])) >= TEST_SHARE for name in scored.ids)
    assert world.state.learned == fitted < 600
    assert spares_test_part(release.manifest(world.store, shadow(world.store)).model_extra["split"])


def test_beside_a_release_that_was_split_by_rows_it_says_of_no_customer_that_it_spares_him(world):
    champion = release.manifest(world.store, world.version).model_copy(
        update={"split": scheme(world.prepared.table) | {"key": "row"}}
    )
    report(world.store, world.predicted(0), WINDOW)
    world.learns(known_on(0))
    assert "split" not in publishing._manifest(champion, world.state, BEGUN)


def test_why_and_on_which_past_its_champion_was_trained_is_not_said_of_it(world):
    report(world.store, world.predicted(0), WINDOW)
    world.learns(known_on(0))
    champion = release.manifest(world.store, world.version)
    trained = {"rows": 1_500, "trigger": {"request": "2025-12-31", "reasons": []}, "window": {"months": 6}}
    said = publishing._manifest(champion.model_copy(update={"data": trained}), world.state, BEGUN)["data"]
    assert said["rows"] == 1_500
    assert not {"trigger", "window"} & said.keys()


def test_it_publishes_itself_into_shadow_with_the_figures_of_its_way(world):
    report(world.store, world.predicted(0, turned=True), WINDOW)
    said = world.learns(known_on(0))
    version = shadow(world.store)
    assert said[0].startswith("The online challenger has learned 700 outcomes, 700 in all")
    assert said[1] == f"{version} is published; it went into shadow beside {world.version}."
    assert release.current(world.store).version == world.version
    found = release.load(world.store, version)
    about = found.manifest
    new, old = log_losses(world.state)
    assert about.metrics["test"]["log_loss"] == new < old == about.metrics["prequential"]["champion"]["log_loss"]
    assert about.metrics["prequential"]["outcomes"] == about.data["online"]["learned"] == 700
    assert about.model_extra["origin"] == "online"
    assert about.data["until"] == world.state.until.date().isoformat()
    card = Learner(release.load(world.store, world.version), world.state.weights).scorer()
    assert found.predictor.scorer.weights == card.weights
    scores = found.reference.fields[score_name(TELCO)]
    assert scores.rows == pytest.approx(700, abs=len(TENTHS))
    (experiment,) = ExperimentRepository(world.store).all()
    assert (experiment.origin, experiment.champion, experiment.challenger) == ("online", world.version, version)


def test_a_later_release_waits_until_the_one_in_shadow_has_had_its_outcomes(world):
    for number in range(3):
        report(world.store, world.predicted(number, 500), WINDOW)
        world.learns(known_on(number))
        if number == 1:
            (running,) = ExperimentRepository(world.store).running()
            verdict = experiments_answer.verdict("alike", "So it is.", outcomes=4_000, gains=None)
            figures = experiments_answer.experiment(computed_at=now().isoformat(), verdict=verdict)
            costs = {"champion": None, "challenger": None}
            computed.save(world.store, running.id, computed.Computed(figures | {"costs": costs}))
    versions = list(release.versions(world.store))
    assert versions[0] == world.version
    assert len(versions) == 1 + 3
    assert [found.challenger for found in ExperimentRepository(world.store).all()] == [versions[3], versions[1]]
    assert shadow(world.store) == versions[3]
    assert world.state.learned == world.state.published == 1_500


def test_a_few_who_stand_for_many_do_not_carry_it_away(world):
    scored = world.predicted(0)
    report(world.store, scored, WINDOW, slice(0, 300))
    report(world.store, scored, WINDOW, slice(300, 302), campaign="spring", arm="hold_out")
    report(world.store, scored, WINDOW, slice(302, 700), campaign="spring", arm="treat")
    world.learns(known_on(0))
    assert world.state.learned == 302
    # Two count for 200 each: (300 + 400)² / (300 + 2 × 200²).
    assert world.state.of_challenger.weight == pytest.approx(6.1, abs=0.1)
    table = world.prepared.table.customers
    champion = release.load(world.store, world.version)
    new, old = Learner(champion, world.state.weights).scorer().probabilities(table), world.card.probabilities(table)
    assert np.mean(old * np.log(old / new) + (1 - old) * np.log((1 - old) / (1 - new))) < 0.001


def test_another_release_in_shadow_is_left_alone(world, prepared):
    people = [tuple(row) for row in zip(*(column[:60].tolist() for column in prepared.table.customers), strict=True)]
    other = published(world.store, people, made_up_predictor(TELCO, people), promoted=False)
    running = starting.start(world.store, other, "person", now)
    report(world.store, world.predicted(0), WINDOW)
    said = world.learns(known_on(0))
    assert f"is published; {running.id} runs, which a person began. A person may put" in said[1]
    assert shadow(world.store) == other
    assert world.state.published == 700


def test_a_challenger_that_falls_behind_does_not_go_into_shadow(world, monkeypatch):
    monkeypatch.setattr(publishing, "_MARGIN", -1.0)
    report(world.store, world.predicted(0), WINDOW)
    said = world.learns(known_on(0))
    assert "did not pass its gates" in said[1]
    assert list(ExperimentRepository(world.store).all()) == []


def test_when_another_release_serves_it_begins_there(world):
    report(world.store, world.predicted(0), WINDOW)
    report(world.store, world.predicted(1, 400), WINDOW)
    world.learns(known_on(0))
    promoted = shadow(world.store)
    release.promote(world.store, promoted, release.current(world.store))
    # It is the challenger's own: what this has learned is not learned again.
    world.learns(known_on(1))
    assert (world.state.champion, world.state.learned) == (promoted, 400)


def test_reset_begins_anew(world):
    report(world.store, world.predicted(0, 400), WINDOW)
    world.learns(known_on(0))
    weights = world.state.weights
    reset(world.store)
    world.learns(known_on(0))
    assert (world.state.learned, world.state.weights) == (400, weights)


def test_nothing_of_a_customer_is_in_the_state(world):
    scored = world.predicted(0)
    report(world.store, scored, WINDOW)
    world.learns(known_on(0))
    held = json.loads(world.store.get(KEY).data)
    assert set(held["taken"]) == {f"month={FIRST:%Y-%m}"}
    assert not any(name in world.store.get(KEY).data.decode() for name in scored.ids)
    assert len(held["weights"][0]) == len(TELCO.features.names)


def test_killed_between_any_two_writes_nothing_is_learned_twice_or_lost(world):
    report(world.store, world.predicted(0), WINDOW)
    whole = FailingStore(world.store)
    world.learns(known_on(0), whole)
    wanted = world.state
    assert whole.writes.count(KEY) == 2
    for failing in range(1, len(whole.writes) + 1):
        forget(world)
        with pytest.raises(Killed):
            world.learns(known_on(0), FailingStore(world.store, failing, killed=True))
        world.learns(known_on(0) + timedelta(minutes=1))
        assert world.state == wanted
        version = shadow(world.store)
        assert release.load(world.store, version).manifest.data["online"]["learned"] == 700
        found = [each for each in release.versions(world.store) if each != world.version]
        assert found == [version]
        running = [each for each in ExperimentRepository(world.store).all() if each.status == "running"]
        assert [each.challenger for each in running] == [version]


def forget(world):
    """Delete all that the challenger has written."""
    reset(world.store)
    world.store.delete(["models/shadow.json", *(entry.key for entry in world.store.list("experiments/"))])
    for version in world.store.folders(release.ROOT):
        if version != world.version:
            world.store.delete([entry.key for entry in world.store.list(release.folder(version))])


def test_of_two_at_once_one_counts(world):
    report(world.store, world.predicted(0), WINDOW)
    other = FailingStore(world.store)
    put = other.put

    class Slow:
        """The store, in which somebody else writes the state just before."""

        def __getattr__(self, name):
            return getattr(world.store, name)

        def put(self, key, data, **options):
            if key == KEY and options.get("if_absent"):
                put(KEY, data, **options)
            return put(key, data, **options)

    assert world.learns(known_on(0), Slow())[-1] == "Another trainer has learned from the same outcomes meanwhile."
    assert world.state.learned == 700
    # The next look publishes what the quicker one has learned.
    world.learns(known_on(0))
    assert world.state.published == 700


@pytest.mark.parametrize(("turned", "margin"), [(True, 0.0), (False, 0.002)], ids=["it turns over", "it stays"])
def test_where_the_ranking_changes_it_is_better_within_a_thousand_and_else_as_good(world, turned, margin):
    """The log loss of each outcome, predicted before it was learned."""
    for number in range(5 if not turned else 2):
        report(world.store, world.predicted(number, 500, turned=turned), WINDOW)
        world.learns(known_on(number))
        new, old = log_losses(world.state)
        assert new < old + margin
    assert world.state.learned == (1_000 if turned else 2_500)


def test_the_rights_of_the_trainers_role_are_enough(world):
    """It may read no job and delete nothing; what it leaves of an experiment that is over, a worker tidies."""
    world.store.put("jobs/job_1/job.json", b'{"status": "running"}', content_type="application/json")
    permitted = PermittedStore(world.store)
    for number in range(2):
        report(world.store, world.predicted(number, 500), WINDOW)
        world.learns(known_on(number), permitted)
        assert (world.state.published, world.state.releasing) == (500 * (number + 1), None)
    reset(permitted)
    world.learns(known_on(1), permitted)
    assert world.state.published == 1_000


def test_an_experiment_whose_champion_was_replaced_is_ended_without_deleting(world, prepared):
    people = [tuple(row) for row in zip(*(column[:60].tolist() for column in prepared.table.customers), strict=True)]
    predictor = made_up_predictor(TELCO, people)
    other, next_champion = (published(world.store, people, predictor, promoted=False) for _ in range(2))
    starting.start(world.store, other, "person", now)
    release.promote(world.store, next_champion, release.current(world.store))
    report(world.store, world.predicted(24), WINDOW)
    said = world.learns(known_on(24), PermittedStore(world.store))
    assert said[-1].endswith(f"it went into shadow beside {next_champion}.")
    ended = ExperimentRepository(world.store).all()
    assert [experiment.status for experiment in ended] == ["running", "ended"]
