"""Training on request, from the request to the shadow: once, and again where it was killed."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from shutil import copytree
from typing import Any, NamedTuple

import numpy as np
import pytest
from tests.telco import TELCO
from tests.trainer.conftest import environment
from tests.trainer.tracked_world import month, report, track

from churn import release
from churn.errors import StoreUnavailable
from churn.experiments import starting
from churn.experiments.repository import ExperimentRepository
from churn.months import months_later
from churn.split import id_hash
from churn.store.interface import ObjectStore
from churn.store.opening import open_store
from churn.tracking import layout
from churn.training import requests
from churn.training.requests import DONE, FAILED, OPEN, TRAINING
from churn_trainer import retraining
from churn_trainer.console import Console
from churn_trainer.data.prepare import prepare
from churn_trainer.data.tracked import Tracked
from churn_trainer.errors import BrokenTable
from churn_trainer.gates.leaks import repeats
from churn_trainer.publishing import publish, releases, states
from churn_trainer.releasing import Releasing
from churn_trainer.settings import TrainerSettings
from churn_trainer.training.folds import apart
from churn_trainer.training.training_data import TrainingData
from churn_trainer.training.window import MONTHS, Window, joined

TODAY = datetime.now(UTC).date()
WINDOW = TELCO.label_window_months
WORDS = "Fewer customers left than predicted: 12.0% of those scored in 2026-05, where 26.5% were to be expected."


def ask(store):
    store.put(requests.key(TODAY), json.dumps({"reasons": [WORDS]}).encode(), content_type="application/json")


def only(store):
    (request,) = requests.listed(store)
    return request


class Retrained(NamedTuple):
    """What a training on request left behind: its store, the release that served, what was said, and since when."""

    store: ObjectStore
    champion: str
    said: str
    since: date

    @property
    def version(self) -> str:
        return only(self.store).release

    @property
    def data(self) -> dict[str, Any]:
        return release.manifest(self.store, self.version).data


@pytest.fixture(scope="module")
def retrained(whole_run, small_table, tmp_path_factory):
    """A release has served for ten months, in which from the third on others leave; then it is retrained."""
    folder = tmp_path_factory.mktemp("retrained") / "run"
    copytree(whole_run.folder, folder)
    url = f"file://{folder}/store"
    store = open_store(url)
    first = months_later(TODAY.replace(day=1), -(10 + WINDOW))
    for number in range(10):
        scored = month(small_table, months_later(first, number), number, turned=number > 1, prefix=f"{number}-")
        track(store, TELCO, whole_run.version, scored)
        report(store, scored, WINDOW)
    ask(store)
    settings = TrainerSettings(store_url=url, data_dir=folder, data_source="file", cv_folds=2, cv_repeats=1)
    command = [sys.executable, "-m", "churn_trainer", "retrain"]
    done = subprocess.run(command, env=os.environ | environment(settings), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return Retrained(store, whole_run.version, done.stdout, first)


def test_without_a_request_nothing_is_imported_and_nothing_done(copied_run, settings):
    script = (
        "import sys; from churn_trainer.__main__ import main; code = main(['retrain']);"
        "print(code, [name for name in ('pandas', 'polars', 'sklearn', 'matplotlib') if name in sys.modules])"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, env=os.environ | environment(settings), capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        "Nothing to do: no training is asked for, or another trainer does it.",
        "0 []",
    ]


def test_a_training_on_request_goes_into_shadow_beside_what_serves(retrained):
    store, version = retrained.store, retrained.version
    assert WORDS in retrained.said
    assert release.current(store).version == retrained.champion
    request = only(store)
    assert (request.status, request.attempts) == (DONE, 1)
    assert json.loads(store.get("models/shadow.json").data)["version"] == version
    assert request.words == (  # what was said tells which gate did not hold
        f"{version} passed its gates and is in shadow beside {retrained.champion}, which goes on serving."
    ), retrained.said
    assert states.last(store, version).reason == f"it went into shadow beside {retrained.champion}"


def test_the_release_tells_where_its_rows_came_from_and_why_it_was_trained(retrained):
    data = retrained.data
    assert data["trigger"] == {"request": TODAY.isoformat(), "reasons": [WORDS]}
    assert (data["tracked"]["known"], data["tracked"]["since"]) == (10 * 700, retrained.since.isoformat())
    # The ranking has turned over: what was learned from the whole past would rank as before.
    assert data["window"]["months"] in MONTHS
    assert data["declared"] == 0
    assert data["rows"] == data["tracked"]["rows"] <= 10 * 700
    card = retrained.store.get(f"{release.folder(retrained.version)}card.html").data.decode()
    assert f"Trained on the request of {TODAY}: {WORDS}" in card
    assert "predictions whose outcome is known since" in card


def test_what_was_joined_is_kept_nowhere_since_nobody_could_erase_it_there(retrained):
    store = retrained.store
    for part in ("train", "val", "test"):
        assert len(store.get(f"data/processed/{retrained.version}/X_{part}.csv").data.splitlines()) == 1
    kept = [entry.key for entry in store.list("") if not entry.key.startswith((layout.ROOT, "data/raw/"))]
    assert [key for key in kept if b"-SAMPL" in store.get(key).data] == []


def test_rows_of_one_customer_are_on_one_side_of_the_split_and_of_each_fold(small_table):
    day = months_later(TODAY.replace(day=1), -6)
    rows = month(small_table, day)
    keys = np.array([id_hash(customer_id) for customer_id in rows.ids], np.uint64)
    numbers = np.zeros(len(keys), np.int32)
    tracked = Tracked(rows.customers, rows.left.astype(np.int8), keys, numbers, numbers, np.ones(len(keys)))
    table = joined(small_table, tracked.take(np.tile(np.arange(len(keys)), 3)))
    prepared = prepare(table)
    sides = [set(table.keys[part]) for part in (prepared.split.development, prepared.split.test)]
    assert not sides[0] & sides[1]
    for fitted_on, tested in apart(prepared.groups(np.arange(len(table))), table.churn, 3):
        assert not set(table.keys[fitted_on]) & set(table.keys[tested])
    # One customer who stays as he is repeats nobody.
    assert repeats(prepared.row_groups, table).passed


@pytest.fixture
def served(copied_run, settings, store):
    """The version of a release in service that has learned from the table and from outcomes since."""
    entry = {"declared": 0, "tracked": {"rows": 900, "known": 900, "since": "2026-01-01", "until": "2026-02-01"}}
    entry["tracked"]["weight"] = 900.0
    knows_more = TrainingData(entry, Window(3, "it foretells best"), TODAY, (WORDS,))
    made = replace(copied_run.trained, training_data=knows_more, fingerprint="of the table and of outcomes")
    version = publish.results(made, {}, settings, store, copied_run.moment)
    releases.promote(store, settings, version)
    return version


def test_a_start_leaves_a_release_alone_that_has_learned_from_outcomes(
    copied_run, settings, store, served, trainer, capsys, monkeypatch
):
    before = list(release.versions(store))
    assert trainer("train") == 0
    # Nor where the release of the table alone was pruned, or was made by another version of the program.
    store.delete([release.manifest_key(copied_run.version)])
    assert trainer("train") == 0
    assert f"Nothing to do: release {served}, which is in service, knows this table" in capsys.readouterr().out
    assert list(release.versions(store)) == [version for version in before if version != copied_run.version]
    assert release.current(store).version == served
    # Another table, and whoever insists, is trained on.
    monkeypatch.setattr("churn_trainer.command_line._training", lambda: Broken(MemoryError()))
    assert trainer("train", "--force") == 1
    table = settings.data_dir / TELCO.file
    table.write_bytes(table.read_bytes() + table.read_bytes().splitlines()[-1].replace(b"-", b"9-", 1) + b"\n")
    assert trainer("train") == 1


def test_a_training_that_a_person_asks_for_is_released_also_where_one_serves_that_has_learned_from_outcomes(
    copied_run, settings, store, served
):
    version = publish.results(copied_run.trained, {}, settings, store, copied_run.moment)
    pointer = release.current(store)
    words = Releasing(settings, store, Console(io.StringIO())).release(copied_run.trained, version, pointer)
    assert words.startswith(f"Released {version}")
    assert release.current(store).version == version


def test_where_nothing_serves_a_training_on_request_puts_its_release_into_service(
    store, settings, small_csv, trained_already, trainer
):
    (settings.data_dir / TELCO.file).write_bytes(small_csv)
    assert trainer("retrain", "--force") == 0
    request = only(store)
    assert (request.status, request.reasons) == (DONE, ("A person asked for it.",))
    assert release.current(store).version == request.release
    assert request.words.startswith(f"Released {request.release}")
    data = release.manifest(store, request.release).data
    assert (data["declared"], data["tracked"]["known"], data["window"]["months"]) == (1_500, 0, None)


def test_a_table_that_cannot_be_trained_on_fails_its_request_without_a_word_of_a_customer(
    store, copied_run, settings, trainer, capsys
):
    (settings.data_dir / TELCO.file).write_text("customerID,Churn\n7590-VHVEG,No\n")
    ask(store)
    assert trainer("retrain") == 2
    assert (only(store).status, only(store).words) == (
        FAILED,
        "The table cannot be trained on; `train` tells its faults.",
    )
    assert release.current(store).version == copied_run.version


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), BrokenTable("a.csv", []), MemoryError()], ids=["stopped", "table", "unforeseen"]
)
def test_a_store_that_is_away_hides_nothing_of_what_ended_a_training(store, monkeypatch, error):
    ask(store)
    taken = requests.take(store, retraining.now)

    def away(*_, **__):
        raise StoreUnavailable("s3://churn", "it does not answer")

    monkeypatch.setattr(taken, "_change", away)

    def training():
        raise error

    with pytest.raises(type(error)) as raised:
        retraining._answered(taken, training)
    assert raised.value is error
    assert only(store).status == TRAINING  # until its lease has run out


class Broken:
    """A run that ends in the way that it is told to."""

    def __init__(self, error):
        self.error = error

    def __call__(self, *_):
        return self

    def train(self, *_):
        raise self.error


@pytest.mark.parametrize(
    ("error", "status", "attempts", "words"),
    [
        (MemoryError(), OPEN, 1, "It ended by MemoryError; the trainer's log tells more."),
        (KeyboardInterrupt(), OPEN, 0, "It was stopped, and is tried again."),
        (BrokenTable("a.csv", ["7590-VHVEG"]), FAILED, 1, "The table cannot be trained on; `train` tells its faults."),
    ],
    ids=["unforeseen", "stopped", "table"],
)
def test_a_request_tells_how_its_training_ended(
    store, copied_run, trainer, monkeypatch, error, status, attempts, words
):
    monkeypatch.setattr("churn_trainer.command_line._training", lambda: Broken(error))
    ask(store)
    assert trainer("retrain") != 0
    request = only(store)
    assert (request.status, request.attempts, request.words) == (status, attempts, words)


def test_a_training_that_is_killed_leaves_the_old_release_in_service_and_is_tried_again(
    store, copied_run, trained_already, settings, monkeypatch, trainer, capsys
):
    ask(store)
    command = [sys.executable, "-m", "churn_trainer", "retrain"]
    with subprocess.Popen(command, env=os.environ | environment(settings), stdout=subprocess.PIPE, text=True) as child:
        for line in child.stdout:
            if "Fitted" in line:
                break
        child.kill()
    assert child.returncode == -signal.SIGKILL
    assert only(store).status == TRAINING
    assert release.current(store).version == copied_run.version
    assert list(release.versions(store)) == [copied_run.version]

    # Until its lease has run out nobody knows that it is dead.
    assert trainer("retrain") == 0
    assert "Nothing to do" in capsys.readouterr().out
    later = datetime.now(UTC) + requests.LEASE
    monkeypatch.setattr(retraining, "now", lambda: later)
    assert trainer("retrain") == 0
    assert (only(store).status, only(store).attempts) == (DONE, 2)
    assert json.loads(store.get("models/shadow.json").data)["version"] == only(store).release


@pytest.mark.parametrize(
    ("in_shadow", "before", "attempts"),
    [
        pytest.param(False, {"status": TRAINING, "attempts": 1}, 2, id="killed when published"),
        pytest.param(True, {"status": TRAINING, "attempts": 1}, 2, id="killed when in shadow"),
        pytest.param(False, {"status": OPEN, "attempts": 0, "stops": 1}, 1, id="stopped when published"),
    ],
)
def test_a_training_that_ended_after_its_release_was_made_makes_no_second_one(
    store, copied_run, settings, trainer, monkeypatch, in_shadow, before, attempts
):
    monkeypatch.setattr(retraining, "fingerprint", lambda *_: "of the same")
    monkeypatch.setattr("churn_trainer.run.Run.train", Broken(MemoryError()).train)
    entry = {"declared": 1_500, "tracked": {"rows": 0, "known": 0}}
    training_data = TrainingData(entry, Window(None, "all"), TODAY, (WORDS,))
    made = replace(copied_run.trained, training_data=training_data, fingerprint="of the same")
    version = publish.results(made, {}, settings, store, copied_run.moment, copied_run.version)
    if in_shadow:
        starting.start(store, version, "retraining", lambda: datetime.now(UTC))
    killed = before | {"lease_until": "2026-01-02T03:04:05Z"}
    store.put(requests.key(TODAY), json.dumps(killed).encode(), content_type="application/json")
    assert trainer("retrain") == 0
    assert (only(store).status, only(store).release, only(store).attempts) == (DONE, version, attempts)
    assert json.loads(store.get("models/shadow.json").data)["version"] == version
    assert len(list(ExperimentRepository(store).all())) == 1
    assert len(list(release.versions(store))) == 2

    # Who asks again since wants another one.
    again = killed | {"status": TRAINING, "attempts": 1, "asked_at": datetime.now(UTC).isoformat()}
    store.put(requests.key(TODAY), json.dumps(again).encode(), content_type="application/json")
    assert trainer("retrain") == 1
    assert only(store).words.startswith("It ended by MemoryError")


def test_a_training_that_was_killed_each_time_is_told_of_once(store, copied_run, trainer, capsys):
    killed = {"status": TRAINING, "attempts": requests.ATTEMPTS, "lease_until": "2026-01-02T03:04:05Z"}
    store.put(requests.key(TODAY), json.dumps(killed).encode(), content_type="application/json")
    assert trainer("retrain") == 1
    assert f"Error: Nobody trains on the request of {TODAY} any more" in capsys.readouterr().out
    assert trainer("retrain") == 0


def test_two_trainers_at_once_make_one_training(store, copied_run, settings):
    ask(store)
    command = [sys.executable, "-m", "churn_trainer", "retrain"]
    options = {"env": os.environ | environment(settings), "stdout": subprocess.PIPE, "text": True}
    children = [subprocess.Popen(command, **options) for _ in range(2)]
    said = [child.communicate()[0] for child in children]
    assert [child.returncode for child in children] == [0, 0]
    assert sorted("Nothing to do" in text for text in said) == [False, True]
    assert len(list(release.versions(store))) == 2


def test_the_lease_is_renewed_while_a_training_lives(store, copied_run, monkeypatch):
    ask(store)
    monkeypatch.setattr(retraining, "LEASE", timedelta(seconds=0.1))
    moments = iter(datetime.now(UTC) + timedelta(minutes=number) for number in range(10_000))
    taken = requests.take(store, lambda: next(moments))
    before = only(store).lease_until
    with retraining._renewed(taken):
        time.sleep(0.5)
    assert only(store).lease_until > before
