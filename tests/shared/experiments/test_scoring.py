"""Scoring in a child process: in batches, and for no longer than there is."""

from collections.abc import Iterator
from types import SimpleNamespace

import numpy as np
import pytest
from tests.shared.experiments.conftest import Versions
from tests.shared.experiments.test_evaluation import PEOPLE, truth

from churn import release
from churn.experiments import scoring
from churn.experiments.evidence import Rows
from churn.experiments.scoring import Scores, scores
from churn.store.interface import ObjectStore

COUNT = 50


def scored(store: ObjectStore, version: str) -> Scores:
    values = np.array([list(map(float, person)) for person in PEOPLE[:COUNT]])
    sha256 = release.manifest_sha256(store, version)
    return scores(store, version, sha256, Rows(values, np.zeros(values.shape, np.bool_)))


@pytest.mark.parametrize("batch", [7, 10, 1_000])
def test_batches_of_any_size_say_what_the_release_says(
    store: ObjectStore, versions: Versions, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr(scoring, "_BATCH", batch)
    assert scored(store, versions.other).probability == pytest.approx(truth(store, versions.other)[:COUNT])


def test_a_slow_release_scores_as_many_as_there_is_time_for(
    store: ObjectStore, versions: Versions, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments: Iterator[float] = iter((0.0, 1.0, scoring._SENDING_SECONDS, scoring._SENDING_SECONDS + 1))
    monkeypatch.setattr(scoring, "time", SimpleNamespace(monotonic=lambda: next(moments)))
    monkeypatch.setattr(scoring, "_BATCH", 10)
    found = scored(store, versions.other)
    assert found.probability == pytest.approx(truth(store, versions.other)[:20])
    assert found.cost["batch_us"] > 0
