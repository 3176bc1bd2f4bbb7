"""What a release was made from, as one hash."""

from pathlib import Path
from shutil import copytree

import pytest

import churn
from churn_trainer import fingerprint as fingerprint_module
from churn_trainer.fingerprint import code_hash, fingerprint, libraries

DATA = "a" * 64


def test_the_same_ingredients_have_the_same_fingerprint(settings):
    assert fingerprint(DATA, settings) == fingerprint(DATA, settings.model_copy())


@pytest.mark.parametrize(
    ("name", "value"), [("cv_folds", 3), ("cv_repeats", 2), ("selection", "best"), ("cv_max_rows", 2_000)]
)
def test_a_setting_that_changes_numbers_changes_it(settings, name, value):
    assert fingerprint(DATA, settings) != fingerprint(DATA, settings.model_copy(update={name: value}))


@pytest.mark.parametrize(
    ("name", "value"), [("log_level", "DEBUG"), ("store_url", "s3://other"), ("data_source", "store")]
)
def test_a_setting_that_changes_no_number_does_not(settings, name, value):
    assert fingerprint(DATA, settings) == fingerprint(DATA, settings.model_copy(update={name: value}))


def test_other_data_changes_it(settings):
    assert fingerprint(DATA, settings) != fingerprint("b" * 64, settings)


def test_other_code_changes_it(settings, monkeypatch):
    before = fingerprint(DATA, settings)
    monkeypatch.setattr(fingerprint_module, "code_hash", lambda: "other")
    assert fingerprint(DATA, settings) != before


def test_other_libraries_change_it(settings, monkeypatch):
    before = fingerprint(DATA, settings)
    monkeypatch.setattr(fingerprint_module, "libraries", lambda: {"numpy": "9.9"})
    assert fingerprint(DATA, settings) != before


def test_every_library_that_makes_numbers_is_named_with_its_version():
    found = libraries()
    assert {"python", "numpy", "scikit-learn", "onnxruntime"} < set(found)
    assert all(version[0].isdigit() for version in found.values())


@pytest.mark.parametrize(("module", "counts"), [("features.py", True), ("reading.py", True), ("logs.py", False)])
def test_of_the_shared_library_what_makes_a_release_counts(tmp_path, monkeypatch, module, counts):
    copytree(Path(churn.__file__).parent, tmp_path / "churn")
    monkeypatch.setattr(churn, "__file__", str(tmp_path / "churn" / "__init__.py"))
    before = code_hash()
    with (tmp_path / "churn" / module).open("a") as file:
        file.write("# changed\n")
    assert (code_hash() != before) == counts
