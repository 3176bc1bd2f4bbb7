"""Whole training runs: what they leave in the store, and what two of them, or a cluster, have in common."""

import io
import json
import os
import subprocess
import sys
from dataclasses import replace
from itertools import islice

import joblib
import numpy as np
import pytest
from distributed import Client, LocalCluster
from sklearn.dummy import DummyClassifier
from sklearn.pipeline import make_pipeline
from tests.telco import FEATURES, TELCO, matrix

from churn import release
from churn.customer.features import Feature, Features
from churn.errors import PreconditionFailed, ReleaseRefused, StoreUnavailable
from churn.store.opening import open_store
from churn_trainer import run
from churn_trainer.console import Console
from churn_trainer.gates import reference
from churn_trainer.gates.evidence import Gate
from churn_trainer.publishing import layout, publish
from churn_trainer.releasing import Releasing
from churn_trainer.run import Run
from churn_trainer.training import cluster as cluster_module
from churn_trainer.training.candidates import CANDIDATES
from churn_trainer.training.choice import Choice
from churn_trainer.training.cluster import cluster
from churn_trainer.training.compare import Design, compare, data_of
from churn_trainer.training.train import fit_all


def settled(manifest):
    """A manifest without what is a time or follows from one."""
    files = {name: file for name, file in manifest["files"].items() if not name.startswith("card.")}
    return {name: value for name, value in manifest.items() if name not in {"version", "timestamp"}} | {"files": files}


def manifest_of(store, version):
    return release.manifest(store, version).model_dump(mode="json")


def test_the_store_holds_every_object_of_the_layout(whole_run):
    keys = {entry.key for entry in whole_run.store.list("") if not entry.key.startswith(".")}
    version = whole_run.version
    assert keys >= {
        "data/raw/telco_customer_churn.csv",
        "data/processed/feature_names.csv",
        *(f"data/processed/{kind}_{part}.csv" for kind in "Xy" for part in ("train", "val", "test")),
        f"models/trained/micro_best_model_{version}.pkl",
        f"models/trained/micro_best_model_info_{version}.json",
        "models/encoders/label_encoder.pkl",
        "models/encoders/feature_scaler.pkl",
        "outputs/plots/telco_churn_dashboard.png",
        "outputs/plots/correlation_heatmap.png",
        f"outputs/plots/micro_model_comparison_{version}.png",
        "outputs/reports/exploration_report.json",
        f"outputs/experiments/micro_model_comparison_{version}.json",
        f"outputs/experiments/micro_final_test_results_{version}.json",
        "config/aws_config.json",
        "models/current.json",
        *(f"models/releases/{version}/{name}" for name in ("manifest.json", "model.json", "card.json", "card.html")),
    }


def test_the_release_is_in_service_and_can_serve(whole_run):
    pointer = release.current(whole_run.store)
    assert pointer is not None
    assert pointer.version == whole_run.version
    assert release.load(whole_run.store, pointer.version, pointer.manifest_sha256).version == whole_run.version


def test_the_published_pipeline_says_what_the_release_says(whole_run):
    store, table = whole_run.store, whole_run.trained.prepared.table
    scaler, model = (
        joblib.load(io.BytesIO(store.get(key).data))
        for key in ("models/encoders/feature_scaler.pkl", f"models/trained/micro_best_model_{whole_run.version}.pkl")
    )
    predictor = release.load(store, whole_run.version).predictor
    published = make_pipeline(scaler, model).predict_proba(matrix(table.customers))[:, 1]
    assert np.abs(predictor.scorer.probabilities(table.customers) - published).max() < 1e-6


def test_the_model_that_serves_has_never_seen_a_test_row(whole_run):
    trained = whole_run.trained
    seen = trained.prepared.scaler.n_samples_seen_
    assert seen == len(trained.prepared.split.development)
    assert not set(trained.prepared.split.test) & set(trained.prepared.split.development)


@pytest.mark.parametrize(
    ("champion", "checked"), [("Random Forest", "Random Forest"), ("Stack", "Logistic Regression")]
)
def test_the_champion_itself_is_tried_on_shuffled_labels_on_the_compared_rows(
    settings, store, prepared, champion, checked, monkeypatch
):
    """A vote has no folds of its own: its first member is tried."""
    seen = []
    monkeypatch.setattr(run, "compare", lambda data, *_: seen.append(len(data.churn)))
    monkeypatch.setattr(run, "choose", lambda *_: Choice(champion, ""))
    monkeypatch.setattr(
        run, "permuted_check", lambda candidate, data, *_: seen.append((candidate.name, len(data.churn)))
    )
    Run(settings, store, Console(io.StringIO()))._compare(prepared)
    development = len(prepared.split.development)
    assert seen == [development, (checked, development)]


def test_of_a_large_table_a_sample_is_compared(settings, store, prepared, monkeypatch):
    seen = []
    monkeypatch.setattr(run, "compare", lambda data, *_: seen.append((len(data.churn), data.churn.mean())))
    monkeypatch.setattr(run, "choose", lambda *_: Choice("Decision Tree", ""))
    monkeypatch.setattr(run, "permuted_check", lambda *_: None)
    Run(settings.model_copy(update={"cv_max_rows": 1_000}), store, Console(io.StringIO()))._compare(prepared)
    assert seen == [(1_000, pytest.approx(prepared.churn[prepared.split.development].mean(), abs=0.03))]


def test_a_person_is_told_of_progress_results_places_and_memory(whole_run):
    for words in (
        "customers, 23.",
        "about 0 s left",
        "Logistic Regression",
        "customers that nothing was fitted on: AUC 0.",
        "Peak memory",
        "Released ",
    ):
        assert words in whole_run.said


def on_one_core():
    """What a process runs before it becomes a trainer that sees a single core."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


@pytest.fixture(scope="module")
def rivals(tmp_path_factory, small_csv, root):
    """Two trainers started at once on the same table and store, one on all cores and one on a single core; the store,
    and what each said."""
    folder = tmp_path_factory.mktemp("rivals")
    (folder / TELCO.file).write_bytes(small_csv)
    settings = {
        "CHURN_STORE_URL": f"file://{folder}/store",
        "CHURN_DATA_DIR": str(folder),
        "CHURN_CV_FOLDS": "2",
        "CHURN_CV_REPEATS": "1",
        "PYTHONPATH": os.pathsep.join(str(root / path) for path in ("shared", "services/trainer")),
    }
    command = [sys.executable, "-m", "churn_trainer"]
    started = [
        subprocess.Popen(
            command,
            env=os.environ | settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            preexec_fn=before,
        )
        for before in (None, on_one_core)
    ]
    said = [process.communicate()[0] for process in started]
    assert [process.returncode for process in started] == [0, 0]
    return open_store(settings["CHURN_STORE_URL"]), said


def test_of_two_trainers_at_once_one_releases_and_the_other_says_so(rivals):
    store, said = rivals
    first, second = sorted(said, key=lambda words: "Another trainer" in words)
    assert "Released " in first
    assert "Another trainer has released in the meantime" in second
    assert "Released " not in second
    pointer = release.current(store)
    assert pointer is not None
    assert f"Released {pointer.version}" in first


def test_the_same_data_and_code_make_the_same_manifest_but_for_times_on_one_core_and_on_more(rivals):
    store, _ = rivals
    first, second = (settled(manifest_of(store, version)) for version in release.versions(store))
    assert first == second


def test_the_same_data_and_code_make_the_same_model_to_the_byte_on_one_core_and_on_more(rivals):
    store, _ = rivals
    first, second = (
        store.get(f"models/trained/micro_best_model_{version}.pkl").data for version in release.versions(store)
    )
    assert first == second


def test_another_process_makes_the_same_release_as_this_one(rivals, whole_run):
    store, _ = rivals
    version = next(iter(release.versions(store)))
    theirs, ours = (
        settled(manifest_of(place, which)) for place, which in ((store, version), (whole_run.store, whole_run.version))
    )
    assert theirs["metrics"] == ours["metrics"]
    assert theirs["fingerprint"] == ours["fingerprint"]


def test_a_second_start_on_the_same_data_and_code_does_nothing(copied_run, trainer, capsys):
    assert trainer() == 0
    assert f"Nothing to do: release {copied_run.version} was trained on the same data" in capsys.readouterr().out
    assert list(release.versions(copied_run.store)) == [copied_run.version]


def test_rolling_back_is_not_undone_by_the_next_start(copied_run, settings, store, trainer, capsys):
    newer = publish.results(copied_run.trained, {}, settings, store, copied_run.moment)
    release.promote(store, newer, release.current(store))
    assert trainer("rollback") == 0
    assert trainer() == 0
    assert "Nothing to do" in capsys.readouterr().out
    pointer = release.current(store)
    assert pointer is not None
    assert pointer.version == copied_run.version


def test_what_a_store_that_failed_at_the_last_step_left_is_released_by_the_next_start(
    copied_run, trained_already, settings, store, trainer, monkeypatch, capsys
):
    def fail(*_, **__):
        raise StoreUnavailable("s3://churn", "it does not answer")

    with monkeypatch.context() as patch:
        patch.setattr(release, "promote", fail)
        assert trainer("--force") == 1
    newest = list(release.versions(store))[-1]
    assert newest > copied_run.version
    assert trainer() == 0
    assert (
        f"Released {newest}, which was trained on the same data by the same code: a run broke off"
        in capsys.readouterr().out
    )
    assert trainer() == 0
    assert f"Nothing to do: release {newest}" in capsys.readouterr().out


def test_a_release_that_another_trainer_overtook_is_not_released_by_the_next_start(
    copied_run, settings, store, trainer, monkeypatch, capsys
):
    def lose(*_, **__):
        raise PreconditionFailed(release.POINTER)

    with monkeypatch.context() as patch:
        patch.setattr(release, "promote", lose)
        version, said = released(copied_run, settings, store, copied_run.trained)
    assert "Another trainer has released in the meantime" in said
    assert trainer() == 0
    assert f"Nothing to do: release {version}" in capsys.readouterr().out


def released(copied_run, settings, store, trained):
    """Publish what was trained once more and try to release it; returns its version and what was said."""
    said = io.StringIO()
    expected = release.current(store)
    version = publish.results(trained, {}, settings, store, copied_run.moment)
    Releasing(settings, store, Console(said)).release(trained, version, expected)
    return version, said.getvalue()


def test_a_candidate_that_fails_a_gate_stays_published_with_the_reason(copied_run, settings, store):
    worse = Gate("AUC is at most 0.005 below that of the release in service", False, "0.7 against 0.8")
    version, said = released(copied_run, settings, store, replace(copied_run.trained, gates=[worse]))
    assert "Does not hold: AUC is at most 0.005 below that of the release in service: 0.7 against 0.8." in said
    pointer = release.current(store)
    assert pointer is not None
    assert pointer.version == copied_run.version
    published = manifest_of(store, version)
    assert published["gates_passed"] is False
    assert published["gates"][0]["detail"] == "0.7 against 0.8"


def test_a_release_that_cannot_be_verified_is_not_put_into_service(copied_run, settings, store):
    trained = copied_run.trained
    files = trained.served.files | {"model.json": b"{}"}
    with pytest.raises(ReleaseRefused):
        released(copied_run, settings, store, replace(trained, served=trained.served._replace(files=files)))
    pointer = release.current(store)
    assert pointer is not None
    assert pointer.version == copied_run.version


def test_a_run_forced_on_the_same_data_is_compared_with_the_release_in_service(copied_run, trainer, capsys):
    assert trainer("--force") == 0
    pointer = release.current(copied_run.store)
    assert pointer is not None
    assert pointer.version > copied_run.version
    manifest = manifest_of(copied_run.store, pointer.version)
    assert {gate["name"] for gate in manifest["gates"]} >= {"AUC is at most 0.005 below that of the release in service"}
    assert manifest["rivals"][0]["version"] == copied_run.version
    assert json.loads(copied_run.store.get(reference.KEY).data)["version"] == pointer.version
    assert json.loads(copied_run.store.get(layout.CONFIG).data)["current_version"] == pointer.version


def test_the_same_customers_in_another_order_are_released_with_the_same_figures(
    copied_run, settings, trainer, small_rows, as_csv
):
    """By row position another test part was drawn, with customers whom the release in service had been fitted on."""
    (settings.data_dir / TELCO.file).write_bytes(as_csv([small_rows[0], *reversed(small_rows[1:])]))
    assert trainer() == 0
    pointer = release.current(copied_run.store)
    assert pointer is not None
    assert pointer.version > copied_run.version
    first, second = (manifest_of(copied_run.store, version) for version in (copied_run.version, pointer.version))
    assert first["data"]["sha256"] != second["data"]["sha256"]
    assert first["metrics"] == second["metrics"]
    assert first["comparison"] == second["comparison"]


def nothing_written(store):
    return not [entry.key for entry in store.list("") if not entry.key.startswith(".")]


def test_a_scheduler_that_is_not_there_is_told_before_anything_is_written(
    trainer, settings, store, small_csv, monkeypatch, free_port, capsys
):
    (settings.data_dir / TELCO.file).write_bytes(small_csv)
    address = f"tcp://127.0.0.1:{free_port()}"
    monkeypatch.setenv("CHURN_DASK_SCHEDULER", address)
    monkeypatch.setattr(cluster_module, "_SCHEDULER_SECONDS", 0.5)
    assert trainer() == 1
    assert f"Error: The Dask scheduler at {address} is not available" in capsys.readouterr().out
    assert nothing_written(store)


def test_without_dask_a_scheduler_is_told_with_the_remedy(trainer, settings, store, small_csv, monkeypatch, capsys):
    (settings.data_dir / TELCO.file).write_bytes(small_csv)
    monkeypatch.setenv("CHURN_DASK_SCHEDULER", "tcp://127.0.0.1:1")
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert trainer() == 2
    assert "--build-arg REQUIREMENTS=cluster" in capsys.readouterr().out
    assert nothing_written(store)


def test_a_candidate_that_nothing_could_serve_is_told_before_anything_is_written(
    trainer, settings, store, small_csv, monkeypatch, capsys
):
    (settings.data_dir / TELCO.file).write_bytes(small_csv)
    monkeypatch.setattr(run, "CANDIDATES", (replace(CANDIDATES[0], estimator=lambda _: DummyClassifier()),))
    assert trainer() == 1
    assert "DummyClassifier has no ONNX form here" in capsys.readouterr().out
    assert nothing_written(store)


def test_a_column_that_no_look_up_holds_is_told_before_anything_is_written(
    trainer, settings, store, small_csv, monkeypatch, capsys
):
    (settings.data_dir / TELCO.file).write_bytes(small_csv)
    crossing = Feature("SeniorxFiber", ("SeniorCitizen", "InternetService"), lambda c, _: c.SeniorCitizen * (c[7] == 1))
    monkeypatch.setitem(vars(TELCO), "features", Features((*FEATURES, crossing)))
    assert trainer() == 1
    assert "column SeniorxFiber mixes SeniorCitizen and InternetService" in capsys.readouterr().out
    assert nothing_written(store)


def test_a_table_that_is_replaced_while_it_is_read_is_told_before_anything_is_written(
    trainer, settings, store, small_csv, monkeypatch, capsys
):
    path = settings.data_dir / TELCO.file
    path.write_bytes(small_csv)
    step = Console.step

    def replace_it(self, text):
        step(self, text)
        path.write_bytes(small_csv + small_csv.splitlines(keepends=True)[1].replace(b"-", b"+"))

    monkeypatch.setattr(Console, "step", replace_it)
    assert trainer() == 1
    assert f"Error: {path} was changed while it was read" in capsys.readouterr().out
    assert nothing_written(store)


@pytest.fixture(scope="module")
def scheduler():
    """The address of a Dask cluster with two workers, each a process of its own."""
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as workers:
        yield workers.scheduler_address


@pytest.fixture
def on_cluster(settings, scheduler):
    with cluster(settings.model_copy(update={"dask_scheduler": scheduler})):
        yield


def quiet(name, done, total):
    """Nobody watches."""


@pytest.mark.slow
def test_two_dask_workers_compare_the_models_with_the_same_numbers_as_none(prepared, scheduler, settings):
    rows = prepared.split.development[:600]
    data = data_of(prepared, rows)
    here = compare(data, Design(2, 1, 1), quiet)
    with cluster(settings.model_copy(update={"dask_scheduler": scheduler})):
        there = compare(data, Design(2, 1, None), quiet)
    for name, figures in here.figures.items():
        for figure, values in figures.items():
            assert (values == there.figures[name][figure]).all(), (name, figure)


def test_two_dask_workers_choose_the_same_parameters_as_none(prepared, fitted, on_cluster):
    for one in islice(fit_all(prepared), 3):
        assert one.parameters == fitted[one.candidate.name].parameters


def test_the_work_is_done_by_the_workers(prepared, scheduler, on_cluster):
    next(fit_all(prepared))
    with Client(scheduler) as client:
        assert sum(client.run(lambda dask_worker: len(dask_worker.state.log) > 0).values()) >= 1


def test_the_table_of_models_tells_size_in_kib_and_marks_the_champion_alone(whole_run):
    lines = whole_run.said.splitlines()
    start = next(number for number, line in enumerate(lines) if line.strip().startswith("Model "))
    rows = lines[start + 2 : start + 2 + len(whole_run.trained.fitted)]
    assert [row.split()[-1] for row in rows] == [f"{one.size / 1024:.0f}" for one in whole_run.trained.fitted.values()]
    assert [row.strip().startswith(f"{whole_run.trained.choice.name} ★") for row in rows] == [
        name == whole_run.trained.choice.name for name in whole_run.trained.fitted
    ]
