"""The step of `retrain`: in a process of its own, and only where there may be something new."""

import io
from datetime import timedelta
from unittest.mock import Mock

import pytest
from tests.trainer.online.conftest import WINDOW, known_on
from tests.trainer.tracked_world import report

from churn import release
from churn_trainer.console import Console
from churn_trainer.online import learning, step
from churn_trainer.online.errors import CannotLearn
from churn_trainer.online.state import KEY, Weights, begun, save

CUSTOMER = "7590-VHVEG"


@pytest.fixture
def said(store, settings):
    """A function that takes the step, and gives what it says."""

    def take():
        text = io.StringIO()
        step.step(settings, store, Console(text))
        return text.getvalue()

    return take


def test_where_nothing_serves_there_is_nothing_to_learn(store, said):
    assert said() == ""
    assert list(store.list("training/")) == []


def test_it_learns_in_a_process_of_its_own_and_once_a_day(world, said, monkeypatch):
    report(world.store, world.predicted(0), WINDOW)
    assert "The online challenger has learned 700 outcomes, 700 in all" in said()
    assert (world.state.learned, world.state.published) == (700, 700)
    monkeypatch.setattr(step, "in_child_process", None)  # nothing is started
    assert said() == ""


def test_beside_a_graph_it_says_so_once_a_day_and_later_learns_what_came_meanwhile(world, said, monkeypatch):
    report(world.store, world.predicted(0), WINDOW)
    refusal = CannotLearn(world.version, "onnx")
    monkeypatch.setattr(learning, "Learner", Mock(side_effect=refusal))
    monkeypatch.setattr(step, "now", lambda: known_on(0))
    assert world.learns(known_on(0)) == [refusal.message]
    assert (said(), world.state.learned) == ("", 0)
    monkeypatch.undo()
    world.learns(known_on(0) + timedelta(days=1))
    assert world.state.learned == 700


def test_what_keeps_it_from_learning_is_said_and_keeps_nothing_else(world, said):
    world.store.put(KEY, b"{", content_type="application/json")
    assert "cannot be read; replace it by a copy, or start anew by `reset-online`" in said()
    world.store.delete([KEY, f"{release.folder(world.version)}model.json"])
    assert "model.json is missing" in said()


def test_an_unforeseen_error_is_said_by_its_name_and_keeps_no_training_from_being_done(world, said, monkeypatch):
    def fail(_store):
        raise ZeroDivisionError(CUSTOMER)

    monkeypatch.setattr(step, "load", fail)
    text = said()
    assert "The online challenger ended by ZeroDivisionError, a fault of this program; its log tells where." in text
    assert CUSTOMER not in text


def test_one_of_the_learning_process_is_logged_there_with_where_it_was_raised(world, said, capfd):
    state = begun(release.manifest(world.store, world.version))
    save(world.store, state.having(weights=Weights((0.0,), 0.0)), None)
    assert "The online challenger ended by ValueError" in said()
    assert "learner.py" in capfd.readouterr().err
