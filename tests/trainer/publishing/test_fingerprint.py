"""What a release was made from, as one hash."""

import os
import subprocess
import sys
from pathlib import Path
from shutil import copytree

import pytest
from tests.telco import TELCO

import churn
import churn_trainer
from churn_trainer.publishing import fingerprint as fingerprint_module
from churn_trainer.publishing.fingerprint import WITHOUT_NUMBERS, code_hash, fingerprint, libraries, modules

DATA = "a" * 64


def test_the_same_ingredients_have_the_same_fingerprint(settings):
    assert fingerprint(DATA, settings, TELCO) == fingerprint(DATA, settings.model_copy(), TELCO)


@pytest.mark.parametrize(
    ("name", "value"), [("cv_folds", 3), ("cv_repeats", 2), ("selection", "best"), ("cv_max_rows", 2_000)]
)
def test_a_setting_that_changes_numbers_changes_it(settings, name, value):
    assert fingerprint(DATA, settings, TELCO) != fingerprint(DATA, settings.model_copy(update={name: value}), TELCO)


@pytest.mark.parametrize(
    ("name", "value"), [("log_level", "DEBUG"), ("store_url", "s3://other"), ("data_source", "store")]
)
def test_a_setting_that_changes_no_number_does_not(settings, name, value):
    assert fingerprint(DATA, settings, TELCO) == fingerprint(DATA, settings.model_copy(update={name: value}), TELCO)


def test_other_data_changes_it(settings):
    assert fingerprint(DATA, settings, TELCO) != fingerprint("b" * 64, settings, TELCO)


def test_other_code_changes_it(settings, monkeypatch):
    before = fingerprint(DATA, settings, TELCO)
    monkeypatch.setattr(fingerprint_module, "code_hash", lambda: "other")
    assert fingerprint(DATA, settings, TELCO) != before


def test_other_libraries_change_it(settings, monkeypatch):
    before = fingerprint(DATA, settings, TELCO)
    monkeypatch.setattr(fingerprint_module, "libraries", lambda: {"numpy": "9.9"})
    assert fingerprint(DATA, settings, TELCO) != before


def test_every_library_that_makes_numbers_is_named_with_its_version():
    found = libraries()
    assert {"python", "numpy", "scikit-learn", "onnxruntime"} < set(found)
    assert all(version[0].isdigit() for version in found.values())


@pytest.fixture(scope="module")
def imported(root):
    """Every module of the product that Python itself imports for a whole run, asked of a process of its own."""
    script = (
        "import sys, churn_trainer.command_line, churn_trainer.run, churn_trainer.training.onnx_export;"
        "import churn.tables.conversion, churn.store.directory, churn.store.s3;"
        "print(*sorted(name for name in sys.modules if name.partition('.')[0] in ('churn', 'churn_trainer')))"
    )
    folders = os.pathsep.join(str(root / path) for path in ("shared", "services/trainer"))
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, env=os.environ | {"PYTHONPATH": folders}, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_every_module_that_a_run_imports_counts_or_is_left_out_by_name(imported):
    assert {"churn.model.lookup", "churn.customer.fast_reading", "churn.tables.reader", "churn_trainer.run"} < imported
    assert set(modules()) == imported


def test_what_is_left_out_is_there_and_says_why(imported):
    assert set(WITHOUT_NUMBERS) <= imported
    assert [name for name, reason in WITHOUT_NUMBERS.items() if not reason] == []
    assert not [name for name in WITHOUT_NUMBERS if not name.startswith(("churn.s", "churn.logs", "churn.job_states"))
                and name != "churn_trainer.console"]  # fmt: skip


def test_a_change_to_any_module_that_counts_changes_it_and_to_no_other(tmp_path, monkeypatch):
    for package in (churn, churn_trainer):
        name = package.__name__
        copytree(Path(str(package.__file__)).parent, tmp_path / name)
        monkeypatch.setattr(package, "__file__", str(tmp_path / name / "__init__.py"))
    found = modules()
    assert {path.is_relative_to(tmp_path) for path in found.values()} == {True}
    monkeypatch.setattr(fingerprint_module, "modules", lambda: found)
    before = code_hash()
    for name, path in found.items():
        text = path.read_bytes()
        path.write_bytes(text + b"# changed\n")
        assert (code_hash() != before) == (name not in WITHOUT_NUMBERS), name
        path.write_bytes(text)
    (tmp_path / "churn" / "new.py").write_text("")
    assert code_hash() == before


def test_a_module_that_is_imported_for_the_first_time_counts(tmp_path, monkeypatch):
    copytree(Path(churn.__file__).parent, tmp_path / "churn")
    monkeypatch.setattr(churn, "__file__", str(tmp_path / "churn" / "__init__.py"))
    (tmp_path / "churn" / "new.py").write_text("")
    assert "churn.new" not in modules()
    with (tmp_path / "churn" / "errors.py").open("a") as file:
        file.write("def later():\n    import churn.new\n")
    assert "churn.new" in modules()
