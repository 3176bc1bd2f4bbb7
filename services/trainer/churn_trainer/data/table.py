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

from churn.customer.declaration import CATEGORIES, FIELDS, ID, LABEL, Customer
from churn.customer.echo import echo
from churn.customer.reading import read_guarded
from churn.customer.spellings import is_absent
from churn.errors import FieldError, ValidationError
from churn.tables.errors import TableTooLarge, TooManyTables, UnreadableTable
from churn.tables.reader import TableReader
from churn_trainer.data import header, outcome
from churn_trainer.data.hashes import Hashes, id_hash, row_hashes
from churn_trainer.data.lines import Lines
from churn_trainer.data.sources import Source
from churn_trainer.errors import BrokenTable

# How many rows a message names, so that the fault can be found and the message still be read.
EXAMPLES = 3

# The hash of a blank id.
_NO_ID = 0

# Bytes that a packed file may unpack to: about a hundred times the largest table that one machine can train on.
_MOST_BYTES = 20_000_000_000


@dataclass(frozen=True, slots=True)
class Table:
    """n customers as a Customer of arrays of shape (n,), and whether each has churned (0 or 1).

    `keys` identify customers independently of the table's order, by the hash of the id, or of the row where the id is
    blank. `identified` is whether any row has an id.
    """

    customers: Customer
    churn: NDArray[np.int8]
    keys: Hashes
    identified: bool

    def __len__(self) -> int:
        return len(self.churn)

    def take(self, rows: NDArray[Any]) -> "Table":
        """The table of these rows, given by number or as a mask."""
        customers = Customer(*(column[rows] for column in self.customers))
        return Table(customers, self.churn[rows], self.keys[rows], self.identified)


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


def load(source: Source) -> tuple[Table, Findings]:
    """Read the table; rows with faults are left out and described in the findings.

    Raises BrokenTable if it is not a table of customers, and TableChanged if it was changed meanwhile.
    """
    findings = Findings()
    columns = {name: array("b" if name in CATEGORIES else "d") for name in FIELDS}
    churn, keys = array("b"), array("Q")
    ids: dict[str, int] = {}
    reader = TableReader(_MOST_BYTES)
    with source.open() as binary:
        try:
            lines = _rows(Lines(reader, binary, source.name))
            names = header.check(next(lines, []), source.name, findings.repair)
            for cells in lines:
                _take(names, cells, findings, ids, columns, churn, keys)
        except (UnreadableTable, TableTooLarge, TooManyTables) as error:
            raise BrokenTable(source.name, [error.message]) from error
    for note in reader.notes:
        findings.repair(note.removesuffix("."))
    arrays = (np.frombuffer(column, np.int8 if column.typecode == "b" else np.float64) for column in columns.values())
    customers = Customer(*arrays)
    return Table(customers, np.frombuffer(churn, np.int8), _keys(keys, customers), bool(ids)), findings


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


def _take(
    names: list[str],
    cells: list[str],
    findings: Findings,
    ids: dict[str, int],
    columns: dict[str, "array[Any]"],
    churn: "array[int]",
    keys: "array[int]",
) -> None:
    """Read one row and append it, or note its faults."""
    findings.rows += 1
    row = findings.rows
    cells = _fitted(cells, names)
    record = {name: cell for name, cell in zip(names, cells, strict=False) if name}
    customer, faults = _customer(record, len(names) - len(cells))
    label = outcome.code_of(record.get(LABEL, ""))
    if label is None and not any(fault.code == "wrong_shape" for fault in faults):
        faults.append(FieldError(LABEL, "not_allowed", f"{outcome.EXPECTED}; got {echo(record[LABEL])}."))
    customer_id = record.get(ID, "").strip()
    if customer_id in ids:
        faults.append(_repeated(customer_id, ids[customer_id]))
    for fault in faults:
        findings.fault(fault.field, fault.code, fault.message, row)
    if faults or customer is None or label is None:
        findings.faulty_rows += 1
        return
    if customer_id:
        ids[customer_id] = row
    _note_repairs(record, findings)
    for column, value in zip(columns.values(), customer, strict=True):
        column.append(value)
    churn.append(label)
    keys.append(id_hash(customer_id) if customer_id else _NO_ID)


def _fitted(cells: list[str], names: list[str]) -> list[str]:
    """The row cut or filled to the header's length, if only blank cells or columns that are left out are concerned."""
    if len(cells) > len(names) and not any(cell.strip() for cell in cells[len(names) :]):
        return cells[: len(names)]
    if len(cells) < len(names) and not any(names[len(cells) :]):
        return [*cells, *[""] * (len(names) - len(cells))]
    return cells


def _customer(record: dict[str, str], lacking: int) -> tuple[Customer | None, list[FieldError]]:
    """The complete customer of a row, or None with its faults; `lacking` cells are missing, or surplus if negative."""
    if lacking:
        cells = f"{abs(lacking)} {'cell' if abs(lacking) == 1 else 'cells'} too {'few' if lacking > 0 else 'many'}"
        return None, [FieldError("row", "wrong_shape", f"{cells}; check separators and quotes.")]
    try:
        reading = read_guarded({name: cell for name, cell in record.items() if name != LABEL})
    except ValidationError as error:
        return None, list(error.errors)
    absent = [FieldError(name, "missing", f"{name} is blank; training needs every value.") for name in reading.assumed]
    return reading.customer, absent


def _repeated(customer_id: str, row: int) -> FieldError:
    message = f"{echo(customer_id)} is in row {row:,} already; every customer may appear once."
    return FieldError(ID, "repeated", message)


def _note_repairs(record: dict[str, str], findings: Findings) -> None:
    """Count what was read differently than written: blank totals, implied values and other spellings."""
    for name in FIELDS:
        cell = record[name]
        if is_absent(name, cell):
            rule = "tenure × MonthlyCharges" if name == "TotalCharges" else "the value that other fields imply"
            kind = f"{name}: blank read as {rule}"
            findings.repair(kind)
            findings.missing[kind] = findings.repairs[kind]
        elif name in CATEGORIES and cell not in CATEGORIES[name].values:
            findings.repair(f"{name}: other spelling read as the declared one")
    if record[LABEL] not in ("No", "Yes"):
        findings.repair(f"{LABEL}: other spelling read as No or Yes")
