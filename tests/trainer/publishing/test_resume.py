"""What the next start makes of what broke off: whichever write a run comes to, it ends with a release that serves."""

import json
from dataclasses import asdict, replace

import pytest
from tests.failing_store import FailingStore, Killed
from tests.telco import TELCO

from churn import release
from churn.store import directory
from churn_trainer import command_line as command
from churn_trainer import run
from churn_trainer.__main__ import main
from churn_trainer.exploration import plots
from churn_trainer.gates.judge import Gate
from churn_trainer.publishing import card, layout, publish, releases, resume, states
from churn_trainer.publishing import fingerprint as fingerprint_module

# More than any run writes.
MOST_WRITES = 50


@pytest.fixture(scope="module")
def stand_ins(whole_run):
    """What takes time in a run and is the same each time: where it is looked up, its name, and what stands for it."""
    done, versions = whole_run.trained, fingerprint_module.libraries()
    report = run.explore(done.prepared.table, done.findings)
    names = [name for name, _ in publish.processed_files(done.prepared)]
    return (
        (plots, "dashboard", lambda *_: b"dashboard"),
        (plots, "correlation_heatmap", lambda *_: b"heatmap"),
        (plots, "model_comparison", lambda *_: b"comparison"),
        (run, "explore", lambda *_: report),
        (run, "load", lambda *_: (done.prepared.table, done.findings)),
        (run, "prepare", lambda *_: done.prepared),
        (run, "require_look_up", lambda _: None),
        (publish, "processed_files", lambda *_: ((name, iter([b"rows"])) for name in names)),
        (publish, "page", lambda *_: ""),
        (publish, "pickled", lambda value: type(value).__name__.encode()),
        # What is killed here is no machine.
        (directory.os, "fsync", lambda _: None),
        (fingerprint_module, "libraries", lambda: versions),
        (command.memory, "give_back_files", lambda: None),
    )


@pytest.fixture
def start(whole_run, store, trainer, monkeypatch, run_manifest, stand_ins):
    """A function that starts the trainer on a store that fails at the n-th write or that of a key; what is computed is
    made up.

    It returns the store, or None where the run came through without reaching that write."""
    done = whole_run.trained
    gates = list(done.gates)

    def trained(self, source, findings, prepared, fingerprint, *_):
        return replace(done, source=source, fingerprint=fingerprint, gates=gates)

    def told(trained, moment, rule):
        own = {"fingerprint": trained.fingerprint, "gates_passed": trained.passes, "timestamp": moment}
        return run_manifest | own | {"gates": [asdict(gate) for gate in trained.gates]}

    monkeypatch.setattr(run.Run, "_trained", trained)
    monkeypatch.setattr(card, "manifest", told)
    for place, what, made_up in stand_ins:
        monkeypatch.setattr(place, what, made_up)

    def start(failing=0, *, killed=False, shut=None):
        gates[:] = [shut] if shut else done.gates
        broken = FailingStore(store, failing, killed=killed)
        with monkeypatch.context() as patch:
            patch.setattr(command, "open_store", lambda _: broken)
            try:
                main([])
            except Killed:
                return broken
        return broken if len(broken.writes) >= failing else None

    return start


def table(settings, number):
    """Another table for every number."""
    (settings.data_dir / TELCO.file).write_text(f"table {number}")


def all_is_told(store):
    """Whether what is written of releases and copies is what is so; returns the version in service."""
    pointer = release.current(store)
    assert pointer is not None
    assert release.load(store, pointer.version, pointer.manifest_sha256)
    for found in releases.listed(store):
        written = states.last(store, found.version)
        assert written is not None
        assert (written.name == states.RELEASED) == (found.version == pointer.version)
        assert written.name != states.PUBLISHED
        assert written.reason
    for key, original in layout.copies(pointer.version):
        assert store.get(key).data == store.get(original).data, key
    keys = json.loads(store.get(layout.CONFIG).data)["keys"]
    assert keys["feature_scaler"] == layout.scaler(pointer.version)
    assert all(list(store.list(key)) for key in keys.values())
    return pointer.version


# One in three, and the others where there is time for some hundred runs.
at_every_write = pytest.mark.parametrize(
    "failing", [pytest.param(write, marks=[pytest.mark.slow] if write % 3 else []) for write in range(1, MOST_WRITES)]
)


def test_a_run_writes_no_more_often_than_is_tried_here(start, settings):
    table(settings, 0)
    assert start(30) is not None
    start()
    table(settings, 1)
    assert start(MOST_WRITES) is None


@at_every_write
def test_a_first_run_that_is_killed_at_a_write_is_finished_by_the_next_start(start, settings, store, failing):
    table(settings, 0)
    start(failing, killed=True)
    start()
    all_is_told(store)
    # Once all was published, it is not trained again.
    assert len(list(release.versions(store))) == 1


@at_every_write
def test_a_run_on_a_new_table_whose_store_fails_at_a_write_is_finished_by_the_next_start(
    start, settings, store, failing
):
    table(settings, 0)
    start()
    before = all_is_told(store)
    table(settings, 1)
    start(failing)
    pointer = release.current(store)
    assert pointer is not None
    assert release.load(store, pointer.version)
    start()
    assert all_is_told(store) > before


@at_every_write
def test_a_run_that_is_held_back_changes_nothing_of_the_release_in_service(start, settings, store, failing):
    table(settings, 0)
    start()
    version = all_is_told(store)
    copies = {key: store.get(key).data for key, _ in layout.copies(version)}
    config = store.get(layout.CONFIG).data
    shut = Gate("AUC is no worse", False, "0.7 against 0.8")
    table(settings, 1)
    start(failing, killed=True, shut=shut)
    assert {key: store.get(key).data for key in copies} == copies
    assert store.get(layout.CONFIG).data == config
    start(shut=shut)
    assert all_is_told(store) == version
    newest = max(release.versions(store))
    state = states.last(store, newest)
    assert newest > version
    assert state is not None
    assert (state.name, state.reason) == (states.HELD_BACK, "AUC is no worse: 0.7 against 0.8")


def published(store, version):
    return next(found for found in releases.listed(store) if found.version == version).state


def test_a_release_that_was_left_is_taken_by_no_one_but_against_whom_it_was_judged(
    start, settings, store, trainer, capsys
):
    """Between the run that broke off and the next start somebody puts another release into service."""
    for number in (1, 2):
        table(settings, number)
        start()
    older, current = sorted(release.versions(store))
    table(settings, 3)
    start(release.POINTER, killed=True)
    left = max(release.versions(store))
    assert published(store, left).name == states.PUBLISHED
    releases.promote(store, settings, older)
    assert published(store, left).name == states.HELD_BACK
    assert f"{older} was put into service before it" in published(store, left).reason
    capsys.readouterr()
    start()
    assert f"Nothing to do: release {left} was trained" in capsys.readouterr().out
    assert all_is_told(store) == older
    assert current < left


def test_a_release_in_service_that_is_damaged_is_replaced_by_the_next_start(start, settings, store, capsys):
    table(settings, 0)
    start()
    damaged = all_is_told(store)
    store.delete([f"{release.folder(damaged)}model.json"])
    start()
    assert all_is_told(store) > damaged
    assert "Passed over" not in capsys.readouterr().out


def test_a_damaged_release_gives_way_to_one_of_the_same_ingredients(start, settings, store, trainer, capsys):
    table(settings, 0)
    start()
    first = all_is_told(store)
    assert trainer("--force") == 0
    second = all_is_told(store)
    store.delete([f"{release.folder(second)}model.json"])
    capsys.readouterr()
    start()
    assert f"Released {first}" in capsys.readouterr().out
    assert all_is_told(store) == first
    assert first < second


def test_without_a_pointer_what_was_in_service_is_put_back(start, settings, store, trainer):
    table(settings, 0)
    start()
    version = all_is_told(store)
    for change in (
        lambda: store.delete([release.POINTER]),
        lambda: store.put(release.POINTER, b"{", content_type="application/json"),
    ):
        change()
        start()
        assert all_is_told(store) == version


def test_a_manifest_that_cannot_be_read_is_said_and_passed_over(start, settings, store, capsys):
    table(settings, 0)
    for version in ("20200101_000000", "20990101_000000"):
        store.put(release.manifest_key(version), b"{", content_type="application/json")
    start()
    said = capsys.readouterr().out
    assert said.count("Passed over: Release ") == 2
    assert "Released 2" in said
    assert [found.version for found in resume.finish(store, settings)] == ["20990101_000000", "20200101_000000"]
