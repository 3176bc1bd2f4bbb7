"""`python -m churn_trainer`: commands and exit codes."""

import json
import os
import re
import subprocess
import sys
import time
from dataclasses import replace

import pytest
from tests.telco import TELCO

from churn import release
from churn_trainer import command_line as command
from churn_trainer.data import sources
from churn_trainer.gates import reference
from churn_trainer.gates.evidence import Gate
from churn_trainer.gates.reference import Reference
from churn_trainer.publishing import publish, resume, states

# That there is such a release already.
KNOWN = resume.Known("20260101_000000", states.State(states.RELEASED), lacks_service=False)


def test_list_names_every_release_and_the_one_in_service(copied_run, trainer, capsys):
    assert trainer("list") == 0
    line = next(line for line in capsys.readouterr().out.splitlines() if copied_run.version in line)
    assert f"{copied_run.version} ★" in line
    assert re.search(r" in service +20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$", line)


def test_list_tells_the_state_of_every_release_with_its_reason(copied_run, settings, store, trainer, capsys):
    held_back = Gate("AUC is no worse", False, "0.7 against 0.8")
    versions = [
        publish.results(trained, {}, settings, store, copied_run.moment, copied_run.version)
        for trained in (copied_run.trained, replace(copied_run.trained, gates=[held_back]))
    ]
    assert trainer("list") == 0
    said = capsys.readouterr().out
    assert [re.split("  +", line.strip())[5] for line in said.splitlines()[2:5]] == [
        "held back",
        "published",
        "in service",
    ]
    assert f"{versions[1]} is held back: AUC is no worse: 0.7 against 0.8.\n" in said
    assert f"{copied_run.version} is released: it passed its gates.\n" in said


def test_list_goes_on_where_a_release_is_damaged(copied_run, store, trainer, capsys):
    damage(store, "20200101_000000")
    assert trainer("list") == 0
    said = capsys.readouterr().out
    assert f"{copied_run.version} ★" in said
    assert "20200101_000000" in said
    assert "damaged" in said
    assert "Release 20200101_000000 is refused: its manifest is malformed" in said


@pytest.mark.parametrize("metrics", [{}, {"cv": None}, {"cv": {"roc_auc": 0.8}}, {"cv": [], "test": {"roc_auc": "?"}}])
def test_list_shows_a_release_of_another_program(copied_run, store, trainer, capsys, metrics):
    about = release.manifest(store, copied_run.version).model_dump(mode="json")
    key = release.manifest_key(copied_run.version)
    store.put(key, json.dumps(about | {"metrics": metrics, "data": {}}).encode(), content_type="application/json")
    assert trainer("list") == 0
    assert f"{copied_run.version} ★" in capsys.readouterr().out


def test_a_damaged_release_does_not_stop_a_start(copied_run, store, trainer, capsys):
    damage(store, "20200101_000000")
    damage(store, "20990101_000000")
    assert trainer() == 0
    assert f"Nothing to do: release {copied_run.version}" in capsys.readouterr().out


@pytest.mark.parametrize("command", [("promote",), ("rollback",)])
def test_a_damaged_pointer_is_mended_by_naming_a_release(copied_run, store, trainer, command):
    store.put(release.POINTER, b"{", content_type="application/json")
    assert trainer("list") == 0
    assert trainer("prune") == 1
    assert trainer(*command, copied_run.version) == 0
    pointer = release.current(store)
    assert pointer is not None
    assert pointer.version == copied_run.version


@pytest.mark.parametrize("command", ["promote", "rollback"])
def test_what_a_person_puts_into_service_becomes_the_reference(copied_run, store, settings, trainer, capsys, command):
    newer = publish.results(copied_run.trained, {}, settings, store, copied_run.moment)
    kept = reference.read(store)
    assert kept is not None
    assert kept.version == copied_run.version
    assert trainer(command, newer) == 0
    assert "Later releases are held to it." in capsys.readouterr().out
    pointer = release.current(store)
    assert pointer is not None
    assert reference.read(store) == Reference(newer, pointer.manifest_sha256)


def damage(store, version):
    store.put(release.manifest_key(version), b"{", content_type="application/json")


def test_list_of_an_empty_store_says_so(trainer, capsys):
    assert trainer("list") == 0
    assert "Nothing has been released yet." in capsys.readouterr().out


def test_show_prints_the_manifest(copied_run, trainer, capsys):
    assert trainer("show", copied_run.version) == 0
    assert json.loads(capsys.readouterr().out)["version"] == copied_run.version


def test_promote_puts_a_release_into_service(copied_run, trainer, store, capsys):
    store.delete([release.POINTER])
    assert trainer("promote", copied_run.version) == 0
    pointer = release.current(store)
    assert pointer is not None
    assert pointer.version == copied_run.version


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("show", "20990101_000000"), "There is no release '20990101_000000'"),
        (("promote", "20990101_000000"), "There is no release '20990101_000000'"),
        (("rollback",), "No release older than"),
    ],
)
def test_what_cannot_be_done_is_told_with_exit_code_1(copied_run, trainer, capsys, arguments, words):
    assert trainer(*arguments) == 1
    assert words in capsys.readouterr().out


def test_prune_says_what_it_deleted(copied_run, trainer, capsys):
    assert trainer("prune", "--keep", "1") == 0
    assert "Nothing to delete." in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments", [("prune", "--keep", "0"), ("prune", "--keep", "x"), ("forget",), ("train", "--quick")]
)
def test_arguments_beyond_use_are_exit_code_2(trainer, arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        trainer(*arguments)
    assert stop.value.code == 2
    assert "usage: " in capsys.readouterr().err


def test_bad_settings_are_exit_code_2_with_every_variable_named(trainer, monkeypatch, capsys):
    monkeypatch.setenv("CHURN_CV_FOLDS", "many")
    monkeypatch.setenv("CHURN_STORE_URL", "ftp://somewhere")
    assert trainer() == 2
    told, complained = capsys.readouterr()
    assert "CHURN_CV_FOLDS" in told
    assert "CHURN_STORE_URL" in told
    assert complained == ""


def test_a_forced_source_without_data_is_exit_code_2(trainer, capsys):
    assert trainer() == 2
    assert "CHURN_DATA_SOURCE=file has no data" in capsys.readouterr().out


def test_a_table_that_may_not_be_read_is_exit_code_2(trainer, tmp_path, capsys):
    (tmp_path / TELCO.file).mkdir()
    assert trainer() == 2
    assert f"Error: {tmp_path / TELCO.file} is a folder, not a file." in capsys.readouterr().out


def test_a_table_of_another_name_is_told_before_another_is_taken(trainer, monkeypatch, tmp_path, capsys):
    (tmp_path / "customers.csv").write_bytes(b"x")
    monkeypatch.setenv("CHURN_DATA_SOURCE", "auto")
    monkeypatch.setattr(sources, "_fetch", lambda answers: answers.put(TimeoutError()))
    monkeypatch.setattr(command.resume, "known", lambda *_: KNOWN)
    assert trainer() == 0
    said = capsys.readouterr().out
    assert f"NOTE: {tmp_path} holds customers.csv, but" in said
    assert "This run takes the synthetic sample (sample)." in said


def test_no_customers_id_or_value_is_logged(trainer, settings, small_rows, as_csv, monkeypatch, caplog, capsys):
    rows = [list(row) for row in small_rows]
    for row in rows[1:]:
        row[0], row[5] = "SECRET-ID", "SECRET-VALUE"
    (settings.data_dir / TELCO.file).write_bytes(as_csv(rows))
    # Whatever the test before set up: the root's handler is the test's own here.
    monkeypatch.setattr(command.logs, "configure", lambda *_: None)
    assert trainer() == 2
    assert "SECRET-VALUE" in capsys.readouterr().out
    logged = [record for record in caplog.records if record.name == "churn_trainer.command_line"]
    assert [(record.getMessage(), record.__dict__["faults"]) for record in logged] == [("BrokenTable", 2)]
    assert "SECRET" not in str([record.__dict__ for record in caplog.records])


def test_ctrl_c_ends_a_training_with_a_sentence_and_no_traceback(trainer, monkeypatch, capsys):
    def stopped(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "_train", stopped)
    assert trainer("train") == 130
    said = capsys.readouterr()
    assert said.out.endswith("Stopped. What was in service is so still.\n")
    assert "Traceback" not in said.out + said.err


def test_options_alone_mean_training(copied_run, trainer, monkeypatch):
    asked = []
    monkeypatch.setattr(command, "_train", lambda *arguments: asked.append(arguments[-1]))
    assert (trainer(), trainer("--force"), trainer("train", "--force")) == (0, 0, 0)
    assert asked == [False, True, True]


def test_a_sample_is_announced(trainer, monkeypatch, settings, store, capsys):
    monkeypatch.setenv("CHURN_DATA_SOURCE", "sample")
    monkeypatch.setattr(command.resume, "known", lambda *_: KNOWN)
    assert trainer() == 0
    assert "this is a synthetic sample" in capsys.readouterr().out


def test_the_bucket_is_made_in_development_only(trainer, settings, monkeypatch, tmp_path):
    monkeypatch.setenv("CHURN_ENV", "production")
    (tmp_path / TELCO.file).write_bytes(b"nothing")
    trainer()
    assert not (tmp_path / "store").exists()
    monkeypatch.setenv("CHURN_ENV", "development")
    trainer()
    assert (tmp_path / "store").exists()


def test_a_start_with_nothing_to_do_loads_neither_pandas_nor_scikit_learn(copied_run, settings, root):
    given = settings.model_dump(exclude_none=True)
    environment = os.environ | {f"CHURN_{name.upper()}": str(value) for name, value in given.items()}
    environment["PYTHONPATH"] = os.pathsep.join(str(root / path) for path in ("shared", "services/trainer"))
    script = (
        "import sys; from churn_trainer.__main__ import main; code = main([]);"
        "print(code, {'pandas', 'sklearn', 'matplotlib'} & set(sys.modules))"
    )
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.endswith("0 set()\n")
    assert "Nothing to do" in done.stdout
    assert time.perf_counter() - start < 30
