"""What the trainer's tests share: tables, models fitted on them, and a store that a whole run has filled."""

import csv
import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from churn.store import ObjectStore, open_store
from churn_trainer import sample, sources, train
from churn_trainer.__main__ import main
from churn_trainer.prepare import Prepared, prepare
from churn_trainer.settings import TrainerSettings
from churn_trainer.sources import Source
from churn_trainer.table import Table, load
from churn_trainer.train import Fitted

Rows = list[list[str]]

# Enough customers for every check and few enough for tests to be quick.
SMALL_ROWS = 1_500


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
    """The header and the first customers of the synthetic sample, as cells; copy before changing."""
    return list(csv.reader(io.StringIO(sample.csv_bytes().decode())))[: SMALL_ROWS + 1]


@pytest.fixture(scope="session")
def small_csv(small_rows: Rows) -> bytes:
    return written(small_rows)


@pytest.fixture(scope="session")
def small_table(small_csv: bytes) -> Table:
    return load(source(small_csv))[0]


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


@pytest.fixture
def trainer(settings: TrainerSettings, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """`python -m churn_trainer` in this process, with the test's settings: takes its arguments, returns its exit code."""
    for name, value in environment(settings).items():
        monkeypatch.setenv(name, value)
    return lambda *arguments: main(arguments)


@pytest.fixture(scope="session")
def trained_url(tmp_path_factory: pytest.TempPathFactory, small_csv: bytes) -> Iterator[str]:
    """The URL of a store that one whole run has filled; not to be changed."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / sources.NAME).write_bytes(small_csv)
    url = f"file://{folder}/store"
    settings = TrainerSettings(store_url=url, data_dir=folder, data_source="file", cv_folds=2, cv_repeats=1)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment(settings).items():
            patch.setenv(name, value)
        patch.setitem(os.environ, "OMP_NUM_THREADS", "1")
        assert main([]) == 0
    yield url


@pytest.fixture
def trained_store(trained_url: str) -> ObjectStore:
    return open_store(trained_url)
