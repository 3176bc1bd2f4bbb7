"""From checked customers to what models train on: the 45 columns, the split and the scaler."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from churn.features import COLUMNS, matrix
from churn_trainer.hashes import Hashes, row_hashes
from churn_trainer.table import Table

# 60/20/20, as the published files of data/processed have always been.
VALIDATION_SHARE, TEST_SHARE = 0.2, 0.2

# Any fixed number does; this one keeps the split of the published files.
SEED = 42

# Rows that are held in double precision, or as text, at a time: a few megabytes.
BLOCK = 10_000

Floats = NDArray[np.floating[Any]]


class Split(NamedTuple):
    """Row numbers of the three parts, disjoint, stratified by the label, in random order."""

    train: NDArray[np.intp]
    validation: NDArray[np.intp]
    test: NDArray[np.intp]

    @property
    def development(self) -> NDArray[np.intp]:
        """All rows that a model may see before it is tested."""
        return np.concatenate([self.train, self.validation])


@dataclass(frozen=True, slots=True)
class Prepared:
    """The table, its split, and the scaler fitted on the train part; columns are made for the rows asked for."""

    table: Table
    split: Split
    scaler: StandardScaler

    @property
    def churn(self) -> NDArray[np.int8]:
        return self.table.churn

    def groups(self, rows: NDArray[np.intp]) -> Hashes:
        """A number for each row, the same for customers alike in every field: they belong into one fold or part."""
        return row_hashes(self.table.take(rows).customers)

    def unscaled(self, rows: NDArray[np.intp]) -> NDArray[np.float32]:
        return matrix(self.table.take(rows).customers, np.float32)

    def scaled(self, rows: NDArray[np.intp]) -> NDArray[np.float32]:
        """The rows' columns scaled in double precision, as serving scales them, and only then rounded to float32."""
        out = np.empty((len(rows), len(COLUMNS)), np.float32)
        for start in range(0, len(rows), BLOCK):
            block = matrix(self.table.take(rows[start : start + BLOCK]).customers)
            out[start : start + BLOCK] = self.scaler.transform(block)
        return out


def prepare(table: Table) -> Prepared:
    split = split_rows(table.churn)
    scaler = StandardScaler()
    for start in range(0, len(split.train), BLOCK):
        scaler.partial_fit(matrix(table.take(split.train[start : start + BLOCK]).customers))
    return Prepared(table, split, scaler)


def split_rows(churn: NDArray[np.int8]) -> Split:
    rows = np.arange(len(churn))
    rest, test = train_test_split(rows, test_size=TEST_SHARE, stratify=churn, random_state=SEED)
    share = VALIDATION_SHARE / (1 - TEST_SHARE)
    train, validation = train_test_split(rest, test_size=share, stratify=churn[rest], random_state=SEED)
    return Split(train, validation, test)


def processed_files(prepared: Prepared) -> Iterator[tuple[str, Iterator[bytes]]]:
    """The files of data/processed by name, as chunks of CSV: scaled columns and labels of every part, and names."""
    yield "feature_names.csv", iter(["\n".join(["feature", *COLUMNS, ""]).encode()])
    for part, rows in zip(("train", "val", "test"), prepared.split, strict=True):
        yield f"X_{part}.csv", _matrix_csv(prepared, rows)
        yield f"y_{part}.csv", iter(["\n".join(["Churn", *map(str, prepared.churn[rows]), ""]).encode()])


def _matrix_csv(prepared: Prepared, rows: NDArray[np.intp]) -> Iterator[bytes]:
    yield (",".join(COLUMNS) + "\n").encode()
    for start in range(0, len(rows), BLOCK):
        frame = pd.DataFrame(prepared.scaled(rows[start : start + BLOCK]))
        yield frame.to_csv(header=False, index=False).encode()
