"""Reading a customer table from CSV, checking each row by the same rules as a request, in little memory.

Rows are streamed, and only a code of one byte per category and eight bytes per number is kept of them.
"""

import csv
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from churn.customer.declaration import Customer
from churn.customer.echo import echo
from churn.customer.fields import Category
from churn.errors import FieldError, ValidationError
from churn.schema import Schema
from churn.split import Hashes, id_hash
from churn.tables.errors import TableTooLarge, TooManyTables, UnreadableTable
from churn.tables.reader import TableReader
from churn_trainer.data import header, outcome
from churn_trainer.data.declared import is_built_in
from churn_trainer.data.hashes import row_hashes
from churn_trainer.data.lines import Lines
from churn_trainer.data.sources import Source
from churn_trainer.errors import BrokenTable

# How many rows a message names, so that the fault can be found and the message still be read.
EXAMPLES = 3

# How most repairs of a category end.
_SPELLING = "other spelling read as the declared one"

# The hash of a blank id.
_NO_ID = 0

# Bytes that a packed file may unpack to: about a hundred times the largest table that one machine can train on.
_MOST_BYTES = 20_000_000_000


@dataclass(frozen=True, slots=True)
class Table:
    """n customers as a Customer of arrays of shape (n,), and whether each has churned (0 or 1).

    `schema` declares their fields. `keys` identify customers independently of the table's order, by the hash of the
    id, or of the row where the id is blank. `identified` is whether any row has an id. `tracked` marks rows that are of
    predictions whose outcome is known since, of whose customers there are several; None without any.
    """

    schema: Schema
    customers: Customer
    churn: NDArray[np.int8]
    keys: Hashes
    identified: bool
    tracked: NDArray[np.bool] | None = None

    def __len__(self) -> int:
        return len(self.churn)

    @property
    def clusters(self) -> NDArray[np.intp] | None:
        """The number from 0 of each row's customer, shape (n,); None where each row is a customer of its own."""
        if self.tracked is None or not self.tracked.any():
            return None
        return np.unique(self.keys, return_inverse=True)[1]

    def column(self, name: str) -> NDArray[Any]:
        """The values of the field `name`, shape (n,): codes of a category, or numbers."""
        column: NDArray[Any] = self.customers[self.schema.position[name]]
        return column

    def take(self, rows: NDArray[Any]) -> "Table":
        """The table of these rows, given by number or as a mask."""
        customers = self.schema.customer(column[rows] for column in self.customers)
        tracked = None if self.tracked is None else self.tracked[rows]
        return Table(self.schema, customers, self.churn[rows], self.keys[rows], self.identified, tracked)


@dataclass(slots=True)
class Fault:
    """A fault that `count` rows have; `rows` are the first of them, counted from 1 without the header."""

    column: str
    code: str
    message: str
    count: int = 0
    rows: list[int] = field(default_factory=list)

    def note(self, row: int) -> None:
        """Count one more row with the fault."""
        self.count += 1
        if len(self.rows) < EXAMPLES:
            self.rows.append(row)

    def figures(self) -> dict[str, Any]:
        """The fault as it may be published: without its message, which quotes ids and cells."""
        return {"column": self.column, "code": self.code, "rows": self.count, "first_rows": self.rows}

    def sentence(self) -> str:
        """The fault as the user sees it: column, number of rows, the first of them, and the message."""
        noun, rows = ("row", "row") if self.count == 1 else ("rows", "first in rows")
        return f"{self.column}: {self.count:,} {noun} ({rows} {', '.join(map(str, self.rows))}): {self.message}"


@dataclass(slots=True)
class Findings:
    """What reading a table found.

    `rows` and `faulty_rows` are counts, `faults` are by column and code. `repairs` counts what was read differently
    than written, by kind (0 where a kind concerns the whole table); `missing` are those that filled blank cells.
    """

    rows: int = 0
    faulty_rows: int = 0
    faults: dict[tuple[str, str], Fault] = field(default_factory=dict)
    repairs: dict[str, int] = field(default_factory=dict)
    missing: dict[str, int] = field(default_factory=dict)

    def fault(self, column: str, code: str, message: str, row: int) -> None:
        """Note a fault of a row; the message of the first such fault is kept."""
        self.faults.setdefault((column, code), Fault(column, code, message)).note(row)

    def repair(self, kind: str, count: int = 1) -> None:
        """Note `count` more repairs of a kind."""
        self.repairs[kind] = self.repairs.get(kind, 0) + count


def load(source: Source, schema: Schema) -> tuple[Table, Findings]:
    """Read the table; rows with faults are left out and described in the findings.

    Raises BrokenTable if it is not a table of the schema's customers, and TableChanged if it was changed meanwhile.
    """
    findings = Findings()
    reader, rows = TableReader(schema, _MOST_BYTES), _Rows(schema, findings)
    with source.open() as binary:
        try:
            lines = _rows(Lines(reader, binary, source.name))
            names = header.check(next(lines, []), source.name, findings.repair, schema)
            for cells in lines:
                rows.take(names, cells)
        except (UnreadableTable, TableTooLarge, TooManyTables) as error:
            raise BrokenTable(source.name, [error.message]) from error
    for note in reader.notes:
        findings.repair(note.removesuffix("."))
    return rows.table(), findings


class _Rows:
    """Collects the customers of a file column by column, and notes in `findings` what is wrong with its rows."""

    def __init__(self, schema: Schema, findings: Findings) -> None:
        self._schema, self._findings = schema, findings
        self._columns = {name: array("b" if name in schema.categories else "d") for name in schema.fields}
        self._churn, self._keys = array("b"), array("Q")
        self._ids: dict[str, int] = {}
        # Of every row so far, so that a customer who is exported twice differs from two customers with one id.
        self._hashes = array("q")

    def table(self) -> Table:
        """The table of the rows that `take` has appended."""
        customers = self._schema.customer(np.frombuffer(held, held.typecode) for held in self._columns.values())
        keys = _keys(self._keys, customers)
        return Table(self._schema, customers, np.frombuffer(self._churn, np.int8), keys, bool(self._ids))

    def take(self, names: list[str], cells: list[str]) -> None:
        """Read one row and append it, or note its faults."""
        schema, findings = self._schema, self._findings
        findings.rows += 1
        row = findings.rows
        cells = _fitted(cells, names)
        record = {name: cell for name, cell in zip(names, cells, strict=False) if name}
        self._hashes.append(hash(tuple(record.values())))
        customer_id = record.get(schema.id, "").strip()
        first = self._ids.get(customer_id)
        if first is not None and self._hashes[first - 1] == self._hashes[-1]:
            findings.repair("rows that repeat another one left out")
            return
        label = outcome.code_of(record.get(schema.outcome, ""), schema)
        if label == outcome.SET_ASIDE:
            findings.repair(f"{schema.outcome}: customers set aside as declared ({', '.join(schema.set_aside)})")
            return
        customer, faults = self._customer(record, len(names) - len(cells))
        if label is None and not any(fault.code == "wrong_shape" for fault in faults):
            message = f"{outcome.expected(schema)}; got {echo(record[schema.outcome])}."
            faults.append(FieldError(schema.outcome, "not_allowed", message))
        if first is not None:
            faults.append(_repeated(schema.id, customer_id, first))
        for fault in faults:
            findings.fault(fault.field, fault.code, fault.message, row)
        if faults or customer is None or label is None:
            findings.faulty_rows += 1
            return
        if customer_id:
            self._ids[customer_id] = row
        self._note_repairs(record, customer)
        for column, value in zip(self._columns.values(), customer, strict=True):
            column.append(value)
        self._churn.append(label)
        self._keys.append(id_hash(customer_id) if customer_id else _NO_ID)

    def _customer(self, record: dict[str, str], lacking: int) -> tuple[Customer | None, list[FieldError]]:
        """The complete customer of a row, or None with its faults.

        `lacking` is the number of cells that are missing, or negative if there are too many.
        """
        if lacking:
            cells = f"{abs(lacking)} {'cell' if abs(lacking) == 1 else 'cells'} too {'few' if lacking > 0 else 'many'}"
            return None, [FieldError("row", "wrong_shape", f"{cells}; check separators and quotes.")]
        outcome_name = self._schema.outcome
        try:
            reading = self._schema.reader.read_guarded(
                {name: cell for name, cell in record.items() if name != outcome_name}
            )
        except ValidationError as error:
            return None, list(error.errors)
        return reading.customer, [FieldError(name, "missing", self._blank(name)) for name in reading.assumed]

    def _blank(self, name: str) -> str:
        told = f"{name} is blank; training needs every value."
        return told if is_built_in(self._schema) else f'{told} If a blank means something, declare blank = "value".'

    def _note_repairs(self, record: dict[str, str], customer: Customer) -> None:
        """Count what was read differently than written: blank totals, implied values and other spellings."""
        schema, findings, missing = self._schema, self._findings, self._schema.missing
        for (name, declared), value in zip(schema.fields.items(), customer, strict=True):
            cell = record[name]
            # A short cut for most cells: a declared value, or a number as it is usually written.
            if (
                cell in declared.values
                if isinstance(declared, Category)
                else cell[:1].isdigit() and cell not in missing
            ):
                continue
            if schema.spellings.is_absent(name, cell):
                if declared.blank_is_value:
                    continue
                kind = f"{name}: blank read as {self._rule_for(name)}"
                findings.repair(kind)
                findings.missing[kind] = findings.repairs[kind]
            elif isinstance(declared, Category):
                rest = declared.rest is not None and value == declared.rest
                findings.repair(f"{name}: {'rare or unknown value read as Other' if rest else _SPELLING}")
        if record[schema.outcome] not in (*schema.left, *schema.stayed):
            findings.repair(f"{schema.outcome}: other spelling read as {schema.stayed[0]} or {schema.left[0]}")

    def _rule_for(self, name: str) -> str:
        product = self._schema.product
        if product is not None and name == product[0]:
            return " × ".join(product[1].factors)
        return "the value that other fields imply"


def _repeated(name: str, customer_id: str, row: int) -> FieldError:
    message = f"{echo(customer_id)} is in row {row:,} already; every customer may appear once."
    return FieldError(name, "repeated", message)


def _keys(ids: "array[int]", customers: Customer) -> Hashes:
    """The hashes of the ids; where an id is blank, that of the row."""
    keys = np.frombuffer(ids, np.uint64)
    blank = keys == _NO_ID
    return np.where(blank, row_hashes(customers), keys) if blank.any() else keys


def _rows(file: Lines) -> Iterator[list[str]]:
    """The CSV's rows as cells, without the empty ones. Raises BrokenTable with the line that is not CSV."""
    rows = csv.reader(file, strict=True)
    while True:
        start = file.number + 1
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            # The row's first line is named, because an open quote makes the reader go on to the end of the file.
            raise BrokenTable(
                file.name, [f"Line {start:,} begins a row that is no CSV ({error}); check the quotes in that line."]
            ) from error
        if any(cell.strip() for cell in cells):
            yield cells


def _fitted(cells: list[str], names: list[str]) -> list[str]:
    """The row cut or filled to the header's length, if only blank cells or columns that are left out are concerned."""
    if len(cells) > len(names) and not any(cell.strip() for cell in cells[len(names) :]):
        return cells[: len(names)]
    if len(cells) < len(names) and not any(names[len(cells) :]):
        return [*cells, *[""] * (len(names) - len(cells))]
    return cells
