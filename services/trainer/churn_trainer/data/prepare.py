"""From checked customers to what models train on: their columns, the split and the scaler."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.preprocessing import StandardScaler

from churn.split import Hashes
from churn_trainer.data.declared import is_built_in
from churn_trainer.data.hashes import row_hashes
from churn_trainer.data.split import Rows, Split, split_table
from churn_trainer.data.table import Table

# Rows converted to double precision or to text at a time, which take a few megabytes.
BLOCK = 10_000

# A spread of less than this part of the numbers that a column is made of is their rounding. Doubles are exact to 1e-16,
# which the weight of such a column would make large enough for an answer to depend on it.
_ROUNDING = 1e-9

Floats = NDArray[np.floating[Any]]

Inputs = Literal["columns", "fields", "both"]
"""What a model is fed: the scaled columns, the customers' fields as they are, or both."""


class Fed(NamedTuple):
    """What models are fed for n customers, as far as it has been asked for.

    Scaled columns, shape (n, columns), and fields, categories as codes and blanks as NaN, shape (n, fields).
    """

    columns: NDArray[np.float32] | None
    fields: NDArray[np.float64] | None

    def of(self, inputs: Inputs) -> Any:
        """What a model with these inputs is fed."""
        return {"columns": self.columns, "fields": self.fields, "both": self}[inputs]


@dataclass(frozen=True, slots=True)
class Prepared:
    """The table, its split, and the scaler fitted on the development rows.

    The 45 columns are computed only for the rows that a method is asked for, to save memory. `row_groups` has one
    number per row of the table, the same for customers alike in every field.
    """

    table: Table
    split: Split
    scaler: StandardScaler
    row_groups: Hashes

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns that models see."""
        return self.table.schema.features.names

    @property
    def churn(self) -> NDArray[np.int8]:
        """The outcome of every row of the table: 1 for a customer who left, else 0."""
        return self.table.churn

    def compared(self, most: int) -> Rows:
        """The rows to compare models on: all development rows, or the `most` of them with the smallest hashes."""
        rows = self.split.development
        return rows if len(rows) <= most else rows[np.argsort(self.table.keys[rows], kind="stable")[:most]]

    def groups(self, rows: Rows) -> Hashes:
        """A number for each row, the same for those that belong into the same fold.

        They are of customers alike in every field; where customers have several rows, those of one customer.
        """
        return (self.row_groups if self.table.tracked is None else self.table.keys)[rows]

    def fed(self, inputs: Inputs, rows: Rows) -> Any:
        """What a model with these inputs is fed for the rows."""
        columns = self.scaled(rows) if inputs != "fields" else None
        return Fed(columns, self.fields(rows) if inputs != "columns" else None).of(inputs)

    def fields(self, rows: Rows) -> NDArray[np.float64]:
        """The rows' fields as they are, categories as codes and blanks as NaN, shape (len(rows), fields)."""
        return np.column_stack([np.asarray(column[rows], np.float64) for column in self.table.customers])

    def unscaled(self, rows: Rows) -> NDArray[np.float32]:
        """The rows' columns as they are, shape (len(rows), columns)."""
        return matrix(self.table, rows, np.float32)

    def scaled(self, rows: Rows) -> NDArray[np.float32]:
        """The rows' columns, shape (len(rows), columns), scaled in double precision as in serving, as float32."""
        out = np.empty((len(rows), len(self.columns)), np.float32)
        for start in range(0, len(rows), BLOCK):
            block = matrix(self.table, rows[start : start + BLOCK])
            out[start : start + BLOCK] = self.scaler.transform(block)
        return out


def matrix(table: Table, rows: Rows, dtype: type[np.floating[Any]] = np.float64) -> NDArray[Any]:
    """The columns that models see, for these rows of the table and not scaled, shape (len(rows), columns)."""
    return table.schema.features.matrix(table.take(rows).customers, dtype)


def prepare(table: Table) -> Prepared:
    """Split the table and fit the scaler on its development rows.

    Customers alike in every field are one for the split, lest a model recognise them; not in a table of one's own that
    tells them apart by ids: with few coarse fields hardly anybody would be left to test on, and those the unusual ones.
    """
    groups = row_hashes(table.customers)
    told_apart = table.identified and not is_built_in(table.schema)
    split = split_table(table, table.keys if told_apart else groups)
    return Prepared(table, split, scaler_of(table, split.development), groups)


def scaler_of(table: Table, rows: Rows) -> StandardScaler:
    """A scaler fitted on these rows of the table, block by block.

    A column that is nothing but rounding, as the difference of two numbers that say the same, counts as constant:
    divided by its spread it would get a weight so large that the rounding decides what is answered.
    """
    scaler = StandardScaler()
    for start in range(0, len(rows), BLOCK):
        scaler.partial_fit(matrix(table, rows[start : start + BLOCK]))
    scaler.scale_[scaler.scale_ < _ROUNDING * _sizes(table, rows)] = 1
    return scaler


def _sizes(table: Table, rows: Rows) -> NDArray[np.float64]:
    """The largest of the numbers that each column written by hand is made of, shape (columns,); 0 for other columns."""
    schema = table.schema
    made_of = [
        schema.numbers.keys() & feature.fields if feature.shape is None else set()
        for feature in schema.features.features
    ]
    largest = {
        name: float(np.fmax.reduce(np.abs(table.column(name)[rows]), initial=0)) for name in set().union(*made_of)
    }
    return np.array([max((largest[name] for name in names), default=0) for names in made_of], np.float64)


def processed_files(prepared: Prepared) -> Iterator[tuple[str, Iterator[bytes]]]:
    """The files of data/processed: each one's name and its content as chunks of CSV.

    They hold the scaled columns and the labels of each part, and the columns' names. What was joined from tracking is
    left out: whoever erases a customer erases him there, and could not find him here. The validation part is for people
    who tune their own models on these files; the trainer itself cross-validates over train and validation together and
    fits the champion on both.
    """
    yield "feature_names.csv", iter(["\n".join(["feature", *prepared.columns, ""]).encode()])
    tracked = prepared.table.tracked
    for part, whole in zip(("train", "val", "test"), prepared.split[:3], strict=True):
        rows = whole if tracked is None else whole[~tracked[whole]]
        yield f"X_{part}.csv", _matrix_csv(prepared, rows)
        yield (
            f"y_{part}.csv",
            iter(["\n".join([prepared.table.schema.outcome, *map(str, prepared.churn[rows]), ""]).encode()]),
        )


def _matrix_csv(prepared: Prepared, rows: Rows) -> Iterator[bytes]:
    yield (",".join(prepared.columns) + "\n").encode()
    for start in range(0, len(rows), BLOCK):
        frame = pd.DataFrame(prepared.scaled(rows[start : start + BLOCK]))
        yield frame.to_csv(header=False, index=False).encode()
