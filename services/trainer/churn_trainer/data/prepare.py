"""From checked customers to what models train on: the 45 columns, the split and the scaler."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.preprocessing import StandardScaler

from churn.model.features import COLUMNS, matrix
from churn_trainer.data.hashes import Hashes, row_hashes
from churn_trainer.data.split import Rows, Split, split_table
from churn_trainer.data.table import Table

# Rows that are held in double precision, or as text, at a time: a few megabytes.
BLOCK = 10_000

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Prepared:
    """The table, its split, and the scaler fitted on the development rows; columns are made for the rows asked for.

    `row_groups` hold a number for each row of the table, the same for customers alike in every field.
    """

    table: Table
    split: Split
    scaler: StandardScaler
    row_groups: Hashes

    @property
    def churn(self) -> NDArray[np.int8]:
        return self.table.churn

    def compared(self, most: int) -> Rows:
        """The rows to compare models on: all of development, or `most` of them, the first by their hashes."""
        rows = self.split.development
        return rows if len(rows) <= most else rows[np.argsort(self.table.keys[rows], kind="stable")[:most]]

    def groups(self, rows: Rows) -> Hashes:
        """A number for each row, the same for customers alike in every field: they belong into one fold."""
        return self.row_groups[rows]

    def unscaled(self, rows: Rows) -> NDArray[np.float32]:
        return matrix(self.table.take(rows).customers, np.float32)

    def scaled(self, rows: Rows) -> NDArray[np.float32]:
        """The rows' columns scaled in double precision, as serving scales them, and only then rounded to float32."""
        out = np.empty((len(rows), len(COLUMNS)), np.float32)
        for start in range(0, len(rows), BLOCK):
            block = matrix(self.table.take(rows[start : start + BLOCK]).customers)
            out[start : start + BLOCK] = self.scaler.transform(block)
        return out


def prepare(table: Table) -> Prepared:
    groups = row_hashes(table.customers)
    split = split_table(table, groups)
    return Prepared(table, split, scaler_of(table, split.development), groups)


def scaler_of(table: Table, rows: Rows) -> StandardScaler:
    """The scaler of these rows' columns."""
    scaler = StandardScaler()
    for start in range(0, len(rows), BLOCK):
        scaler.partial_fit(matrix(table.take(rows[start : start + BLOCK]).customers))
    return scaler


def processed_files(prepared: Prepared) -> Iterator[tuple[str, Iterator[bytes]]]:
    """The files of data/processed by name, as chunks of CSV: scaled columns and labels of every part, and names.

    The validation part is there for those who tune models of their own on these files; here, cross-validation over
    train and validation together chooses, and the champion is fitted on both.
    """
    yield "feature_names.csv", iter(["\n".join(["feature", *COLUMNS, ""]).encode()])
    for part, rows in zip(("train", "val", "test"), prepared.split[:3], strict=True):
        yield f"X_{part}.csv", _matrix_csv(prepared, rows)
        yield f"y_{part}.csv", iter(["\n".join(["Churn", *map(str, prepared.churn[rows]), ""]).encode()])


def _matrix_csv(prepared: Prepared, rows: Rows) -> Iterator[bytes]:
    yield (",".join(COLUMNS) + "\n").encode()
    for start in range(0, len(rows), BLOCK):
        frame = pd.DataFrame(prepared.scaled(rows[start : start + BLOCK]))
        yield frame.to_csv(header=False, index=False).encode()
