"""Reading a customer table from CSV, checked row by row with the customer's own rules, in little memory.

Rows are streamed; what is kept of them is a code of one byte for each category and eight bytes for each number.
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

# How many rows a message names: enough to find the fault, few enough to read.
EXAMPLES = 3

# Stands for the hash of an id that is blank.
_NO_ID = 0

# What a packed file may unpack to: some hundred times the largest table that one machine can be trained on.
_MOST_BYTES = 20_000_000_000


@dataclass(frozen=True, slots=True)
class Table:
    """n customers as a Customer of arrays of length n, and whether each churned (0 or 1).

    `keys` tell customers apart whatever the order of the table: the hash of the id, or of the row where there is none.
    `identified` is whether the table has ids.
    """

    customers: Customer
    churn: NDArray[np.int8]
    keys: Hashes
    identified: bool

    def __len__(self) -> int:
        return len(self.churn)

    def take(self, rows: NDArray[Any]) -> "Table":
        customers = Customer(*(column[rows] for column in self.customers))
        return Table(customers, self.churn[rows], self.keys[rows], self.identified)


@dataclass(slots=True)
class Fault:
    """The same fault in one or more rows: `rows` are the first of them, counted from 1 without the header."""

    column: str
    code: str
    message: str
    count: int = 0
    rows: list[int] = field(default_factory=list)

    def note(self, row: int) -> None:
        self.count += 1
        if len(self.rows) < EXAMPLES:
            self.rows.append(row)

    def figures(self) -> dict[str, Any]:
        """The fault without its sentence, which quotes ids and cells: for what is published."""
        return {"column": self.column, "code": self.code, "rows": self.count, "first_rows": self.rows}

    def sentence(self) -> str:
        noun, rows = ("row", "row") if self.count == 1 else ("rows", "first in rows")
        return f"{self.column}: {self.count:,} {noun} ({rows} {', '.join(map(str, self.rows))}): {self.message}"


@dataclass(slots=True)
class Findings:
    """What reading found: faults by column and code, faulty rows, and what was repaired, by kind; `missing` are the
    repairs that filled blank cells."""

    rows: int = 0
    faulty_rows: int = 0
    faults: dict[tuple[str, str], Fault] = field(default_factory=dict)
    repairs: dict[str, int] = field(default_factory=dict)
    missing: dict[str, int] = field(default_factory=dict)

    def fault(self, column: str, code: str, message: str, row: int) -> None:
        self.faults.setdefault((column, code), Fault(column, code, message)).note(row)

    def repair(self, kind: str, count: int = 1) -> None:
        self.repairs[kind] = self.repairs.get(kind, 0) + count


def load(source: Source) -> tuple[Table, Findings]:
    """Read the table. Raises BrokenTable when it is none of customers; rows with faults are left out and found."""
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
    arrays = (np.frombuffer(held, np.int8 if held.typecode == "b" else np.float64) for held in columns.values())
    customers = Customer(*arrays)
    return Table(customers, np.frombuffer(churn, np.int8), _keys(keys, customers), bool(ids)), findings


def _keys(ids: "array[int]", customers: Customer) -> Hashes:
    """The hashes of the ids, and those of the rows where an id is blank."""
    keys = np.frombuffer(ids, np.uint64)
    blank = keys == _NO_ID
    return np.where(blank, row_hashes(customers), keys) if blank.any() else keys


def _rows(file: Lines) -> Iterator[list[str]]:
    """The CSV's rows as cells, without those that hold nothing. Raises BrokenTable with the line at fault."""
    rows = csv.reader(file, strict=True)
    while True:
        start = file.number + 1
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            # The row's first line: what the reader has reached when it gives up may be the end of the file.
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
    """The row as long as the header, where all that is too many is blank, or all that is lacking would be left out."""
    if len(cells) > len(names) and not any(cell.strip() for cell in cells[len(names) :]):
        return cells[: len(names)]
    if len(cells) < len(names) and not any(names[len(cells) :]):
        return [*cells, *[""] * (len(names) - len(cells))]
    return cells


def _customer(record: dict[str, str], lacking: int) -> tuple[Customer | None, list[FieldError]]:
    """The complete customer of a row, or its faults; `lacking` cells are too few, or, where negative, too many."""
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
    """Count what was read kindly: blank totals, implied values, and spellings other than the declared ones."""
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
