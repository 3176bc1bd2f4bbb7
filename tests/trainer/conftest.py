"""What the trainer's tests share: tables, models fitted on them, and a store that a whole run has filled."""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stdout
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from shutil import copytree
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.telco import TELCO

from churn import release
from churn.model.scoring import sigmoids
from churn.store.interface import ObjectStore
from churn.store.opening import open_store
from churn_trainer.__main__ import main
from churn_trainer.data import sample, sources
from churn_trainer.data.prepare import Prepared, prepare
from churn_trainer.data.sources import Source
from churn_trainer.data.table import Findings, Table, load
from churn_trainer.publishing import card, fingerprint, publish
from churn_trainer.publishing.card import Trained
from churn_trainer.run import Run
from churn_trainer.settings import TrainerSettings
from churn_trainer.training import train
from churn_trainer.training.threads import one_thread
from churn_trainer.training.train import Fitted

Rows = Sequence[Sequence[str]]

# Enough customers for every check and few enough for tests to be quick.
SMALL_ROWS = 1_500


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> Iterator[None]:
    """As in a run: what is fitted here is the same to the byte, and tests beside each other do not wait for cores."""
    with one_thread():
        yield


def written(rows: Rows) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def source(data: bytes) -> Source:
    return sources.source_of("file", "customers.csv", lambda: io.BytesIO(data))


@pytest.fixture(scope="session")
def as_csv() -> Callable[[Rows], bytes]:
    """A function that writes rows of cells as a CSV file."""
    return written


@pytest.fixture(scope="session")
def source_of() -> Callable[[bytes], Source]:
    """A function that makes a source of a CSV file's bytes."""
    return source


@pytest.fixture(scope="session")
def small_rows() -> Rows:
    """The header and the first customers of the synthetic sample, as cells: tuples, since all tests share them."""
    return tuple(map(tuple, csv.reader(io.StringIO(sample.csv_bytes().decode()))))[: SMALL_ROWS + 1]


@pytest.fixture(scope="session")
def small_csv(small_rows: Rows) -> bytes:
    return written(small_rows)


@pytest.fixture(scope="session")
def small_table(small_csv: bytes) -> Table:
    return load(source(small_csv), TELCO)[0]


@pytest.fixture(scope="session")
def prepared(small_table: Table) -> Prepared:
    return prepare(small_table)


@pytest.fixture(scope="session")
def fitted(prepared: Prepared) -> dict[str, Fitted]:
    """Every candidate, fitted on the small table."""
    return {one.candidate.name: one for one in train.fit_all(prepared)}


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    store = open_store(f"file://{tmp_path}/store")
    store.ensure_bucket()
    return store


@pytest.fixture
def settings(tmp_path: Path) -> TrainerSettings:
    """The settings of a quick run on the file in the test's folder."""
    return TrainerSettings(
        store_url=f"file://{tmp_path}/store", data_dir=tmp_path, data_source="file", cv_folds=2, cv_repeats=1
    )


def environment(settings: TrainerSettings) -> dict[str, str]:
    """The settings as environment variables."""
    given = settings.model_dump(exclude_none=True)
    return {f"CHURN_{name.upper()}": str(value) for name, value in given.items()}


@pytest.fixture(scope="session")
def code() -> str:
    """The hash of the code. Following all imports takes most of a second, and a session changes none."""
    return fingerprint.code_hash()


@pytest.fixture
def trainer(
    settings: TrainerSettings, monkeypatch: pytest.MonkeyPatch, code: str, logging_as_before: None
) -> Callable[..., int]:
    """`python -m churn_trainer` in this process with the test's settings: takes arguments, returns its exit code."""
    monkeypatch.setattr(fingerprint, "code_hash", lambda: code)
    for name, value in environment(settings).items():
        monkeypatch.setenv(name, value)
    return lambda *arguments: main(arguments)


class WholeRun(NamedTuple):
    """What a whole run left behind: its folder, with the table and the store, what it found out, and what it said."""

    folder: Path
    trained: Trained
    version: str
    said: str

    @property
    def moment(self) -> datetime:
        return release.moment_of(self.version)

    @property
    def store(self) -> ObjectStore:
        return open_store(f"file://{self.folder}/store")


@pytest.fixture(scope="session")
def whole_run(tmp_path_factory: pytest.TempPathFactory, small_csv: bytes) -> WholeRun:
    """One whole run on the small table; its store is not to be changed, but may be copied."""
    folder = tmp_path_factory.mktemp("run")
    (folder / TELCO.file).write_bytes(small_csv)
    settings = TrainerSettings(
        store_url=f"file://{folder}/store", data_dir=folder, data_source="file", cv_folds=2, cv_repeats=1
    )
    found: list[tuple[Trained, str]] = []
    publish_results = publish.results

    def remember(trained: Trained, *rest: Any) -> str:
        found.append((trained, publish_results(trained, *rest)))
        return found[0][1]

    said = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(said):
        patch.setattr(publish, "results", remember)
        for name, value in environment(settings).items():
            patch.setenv(name, value)
        assert main([]) == 0
    return WholeRun(folder, *found[0], said.getvalue())


@pytest.fixture
def copied_run(whole_run: WholeRun, tmp_path: Path) -> WholeRun:
    """A copy of the whole run in the test's own folder, for `settings` and `store`."""
    copytree(whole_run.folder, tmp_path, dirs_exist_ok=True)
    return whole_run._replace(folder=tmp_path)


@pytest.fixture
def trained_already(whole_run: WholeRun, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run in this process finds at once what the whole run has found, for tests of what becomes of it."""

    def trained(self: Run, source: Source, findings: Findings, prepared: Prepared, print_of: str, *_: Any) -> Trained:
        return replace(whole_run.trained, source=source, findings=findings, fingerprint=print_of)

    monkeypatch.setattr(Run, "_trained", trained)


@pytest.fixture(scope="session")
def run_manifest(whole_run: WholeRun) -> dict[str, Any]:
    """What the whole run's release says of itself; copy before changing."""
    return card.manifest(whole_run.trained, whole_run.moment, "one_standard_error")


@pytest.fixture(scope="session")
def scored() -> tuple[NDArray[np.int8], NDArray[np.float64]]:
    """Outcomes drawn from scores, and these, which are therefore right."""
    rng = np.random.default_rng(2)
    scores = sigmoids(rng.normal(-1.3, 1.6, size=1400))
    return (rng.uniform(size=1400) < scores).astype(np.int8), scores
