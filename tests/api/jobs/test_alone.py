"""A row spoils no other: what nobody foresaw in one is its own fault, and costs no other its answer."""

import csv
import io
import logging
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.telco import FIELDS, ID, Customer

from churn.model.predictor import Predictor
from churn.model.scoring import FloatArray
from churn.schema import Schema
from churn_api.jobs.csv import chunk_scorer, column_reader
from churn_api.jobs.csv.chunk_scorer import ChunkScorer
from churn_api.jobs.csv.result_files import ERROR_COLUMNS, RESULT_COLUMNS
from churn_api.jobs.job import Progress
from churn_api.jobs.plan import Chunk

COLUMNS = (ID, *FIELDS, "Churn")
COUNT = 40
POISON = 7
"""The row, from 1, that holds what nobody foresaw."""


@pytest.fixture(scope="module")
def data(many_customers: Callable[[int], bytes]) -> bytes:
    """Rows of which one is doubtful, so that churn.customer.reading is asked, and has a tenure of its own."""
    head, _, body = many_customers(COUNT).partition(b"\n")
    assert head.decode().split(",") == list(COLUMNS)
    rows = [row.split(b",") for row in body.splitlines()]
    for row in rows:
        row[5] = b"12"
    rows[POISON - 1][5] = b"99"
    rows[POISON - 1][0] = b" " + rows[POISON - 1][0]
    return b"".join(b",".join(row) + b"\n" for row in rows)


def files(predictor: Predictor, data: bytes) -> tuple[dict[str, Any], dict[str, Any], Progress]:
    scorer = ChunkScorer(predictor, data, COLUMNS, Chunk(0, len(data), 1, COUNT))
    errors, (results, _) = b"".join(scorer.errors()), scorer.results()
    assert b"".join(scorer.raw_errors()) == errors
    return by_row(results, RESULT_COLUMNS), by_row(errors, ERROR_COLUMNS), scorer.progress


def by_row(lines: bytes, columns: tuple[str, ...]) -> dict[str, Any]:
    return {row[0]: dict(zip(columns, row, strict=True)) for row in csv.reader(io.StringIO(lines.decode()))}


def check_alone(predictor: Predictor, data: bytes, sound: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
    """One row is refused under its own number; all others are answered as ever; one line is logged, without values."""
    with caplog.at_level(logging.ERROR):
        results, errors, progress = files(predictor, data)
    assert progress == Progress(COUNT - 1, 1)
    assert list(errors) == [str(POISON)]
    fault = errors[str(POISON)]
    assert (fault["customerID"], fault["code"]) == ("0000006-ROW", "wrong_type")
    assert results == {row: line for row, line in sound.items() if row != str(POISON)}
    (record,) = caplog.records
    assert "ValueError in test_alone.py:" in record.getMessage()
    assert "secret" not in record.getMessage()


@pytest.fixture
def sound(model: Any, data: bytes) -> dict[str, Any]:
    results, errors, _ = files(model.predictor, data)
    assert errors == {}
    return results


def test_a_row_that_cannot_be_read_is_refused_alone(
    model: Any, data: bytes, sound: dict[str, Any], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    whole = chunk_scorer.read_cells

    def read_cells(schema: Schema, columns: Sequence[str], cells: Sequence[str], **options: Any) -> Any:
        if "99" in cells:
            raise ValueError("secret 99")
        return whole(schema, columns, cells, **options)

    monkeypatch.setattr(chunk_scorer, "read_cells", read_cells)
    check_alone(model.predictor, data, sound, caplog)


class Poisoned:
    """A model that cannot score a tenure of 99 months, be it among others or alone."""

    additive = True

    def __init__(self, scorer: Any, *, probability: float | None = None) -> None:
        self._scorer, self._probability = scorer, probability

    def explained(self, customers: Customer) -> tuple[FloatArray, FloatArray]:
        probabilities, effects = self._scorer.explained(customers)
        poisoned = np.asarray(customers.tenure) == 99
        if poisoned.any():
            if self._probability is None:
                raise ValueError("secret 99")
            probabilities[poisoned] = self._probability
        return probabilities, effects


def test_a_row_that_cannot_be_scored_is_refused_alone(
    model: Any, data: bytes, sound: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    poisoned: Any = Poisoned(model.predictor.scorer)
    check_alone(Predictor(poisoned, model.predictor.background, 0.5), data, sound, caplog)


def test_the_errors_are_in_the_order_of_the_rows_whatever_each_is_refused_for(model: Any, data: bytes) -> None:
    poisoned: Any = Poisoned(model.predictor.scorer)
    rows = data.splitlines(keepends=True)
    for row in (2, 20):
        rows[row - 1] = rows[row - 1].replace(b"Male,", b"x,").replace(b"Female,", b"x,")
    scorer = ChunkScorer(
        Predictor(poisoned, model.predictor.background, 0.5), b"".join(rows), COLUMNS, Chunk(0, len(data), 1, COUNT)
    )
    lines = b"".join(scorer.errors()).decode().splitlines()
    assert [line.partition(",")[0] for line in lines] == ["2", str(POISON), "20"]


@pytest.mark.parametrize("probability", [np.nan, np.inf])
def test_a_row_whose_score_is_no_number_is_refused_alone(model: Any, data: bytes, probability: float) -> None:
    poisoned: Any = Poisoned(model.predictor.scorer, probability=probability)
    results, errors, progress = files(Predictor(poisoned, model.predictor.background, 0.5), data)
    assert (list(errors), len(results), progress.failed) == ([str(POISON)], COUNT - 1, 1)


class Panic(pl.exceptions.PanicException):  # type: ignore[misc]
    """What polars raises when its own code fails; no Exception."""


@pytest.mark.parametrize("kind", [ValueError, Panic, IndexError, UnicodeDecodeError])
def test_where_columns_cannot_be_read_their_rows_are_read_one_by_one(
    model: Any, data: bytes, sound: dict[str, Any], monkeypatch: pytest.MonkeyPatch, kind: type[BaseException]
) -> None:
    def fail(*_: Any) -> Any:
        raise UnicodeDecodeError("utf-8", b"", 0, 1, "x") if kind is UnicodeDecodeError else kind("secret")

    monkeypatch.setattr(column_reader, "_parsed", fail)
    results, errors, progress = files(model.predictor, data)
    assert (results, errors, progress) == (sound, {}, Progress(COUNT, 0))


@pytest.mark.parametrize("place", ["read_cells", "read_table"])
def test_want_of_memory_is_no_rows_fault(model: Any, data: bytes, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise MemoryError

    monkeypatch.setattr(chunk_scorer, place, fail)
    with pytest.raises(MemoryError):
        files(model.predictor, data)


class Fixed:
    """A model that gives every row the same probability."""

    additive = True

    def __init__(self, probability: float) -> None:
        self._probability = probability

    def explained(self, customers: Customer) -> tuple[FloatArray, FloatArray]:
        count = len(customers.tenure)
        return np.full(count, self._probability), np.tile(np.arange(19.0), (count, 1))


@pytest.mark.parametrize(
    ("probability", "prediction", "band", "written"),
    [
        (0.0, "No", "low", "0.000000"),
        (0.3, "No", "medium", "0.300000"),
        (np.nextafter(0.3, 0), "No", "low", "0.300000"),
        (0.5, "Yes", "medium", "0.500000"),
        (np.nextafter(0.5, 0), "No", "medium", "0.500000"),
        (0.6, "Yes", "high", "0.600000"),
        (np.nextafter(0.6, 0), "Yes", "medium", "0.600000"),
        (1.0, "Yes", "high", "1.000000"),
        (0.12345651, "No", "low", "0.123457"),
        (1e-9, "No", "low", "0.000000"),
    ],
)
def test_a_row_on_the_edge_belongs_to_what_begins_there(
    model: Any, data: bytes, probability: float, prediction: str, band: str, written: str
) -> None:
    fixed: Any = Fixed(probability)
    results, errors, _ = files(Predictor(fixed, model.predictor.background, 0.5), data)
    assert errors == {}
    assert {(row["prediction"], row["risk_band"], row["churn_probability"]) for row in results.values()} == {
        (prediction, band, written)
    }


def test_the_reasons_are_the_largest_effects_in_their_order(model: Any, data: bytes) -> None:
    fixed: Any = Fixed(0.5)
    results, _, _ = files(Predictor(fixed, model.predictor.background, 0.5), data)
    row = results["1"]
    assert row["reason_1"].endswith("billed so far")
    assert row["reason_2"].startswith("Monthly bill of $")
    assert row["reason_3"].startswith("Pays by ")
