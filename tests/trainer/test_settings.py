"""The trainer's settings."""

from pathlib import Path

import pytest

from churn.errors import ConfigurationError
from churn_trainer.settings import TrainerSettings


@pytest.fixture(autouse=True)
def a_store(monkeypatch):
    monkeypatch.setenv("CHURN_STORE_URL", "s3://bucket")


def test_the_defaults_are_the_contracts():
    settings = TrainerSettings.load()
    assert (settings.data_dir, settings.data_source) == (Path("data"), "auto")
    assert (settings.cv_folds, settings.cv_repeats, settings.selection) == (5, 5, "one_standard_error")
    assert settings.dask_scheduler is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CHURN_DATA_SOURCE", "internet"),
        ("CHURN_CV_FOLDS", "1"),
        ("CHURN_CV_REPEATS", "0"),
        ("CHURN_CV_MAX_ROWS", "10"),
        ("CHURN_SELECTION", "luck"),
        ("CHURN_DASK_SCHEDULER", "scheduler"),
    ],
)
def test_a_bad_value_is_refused_with_the_variables_name(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match=f"{name} is '{value}'"):
        TrainerSettings.load()
