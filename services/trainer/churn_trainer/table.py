"""Reading a customer table from CSV, checked row by row with the customer's own rules, in little memory.

Rows are streamed; what is kept of them is a code of one byte for each category and eight bytes for each number.
"""

import csv
import io
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from churn.customer import CATEGORIES, FIELDS, ID, LABEL, Customer
from churn.errors import FieldError, ValidationError
from churn.reading import echo, read
from churn_trainer import header
from churn_trainer.errors import BrokenTable
from churn_trainer.sources import Source

LABELS = {"no": 0, "yes": 1}

# How many rows a message names: enough to find the fault, few enough to read.
EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Table:
    """n customers as a Customer of arrays of length n, and whether each churned (0 or 1)."""

    customers: Customer
    churn: NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.churn)

    def take(self, rows: NDArray[Any]) -> "Table":
        return Table(Customer(*(column[rows] for column in self.customers)), self.churn[rows])


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

    def sentence(self) -> str:
        noun, rows = ("row", "row") if self.count == 1 else ("rows", "first in rows")
        return f"{self.column}: {self.count:,} {noun} ({rows} {', '.join(map(str, self.rows))}): {self.message}"


@dataclass(slots=True)
class Findings:
    """What reading found: faults by column and code, faulty rows, and what was repaired, by kind."""

    rows: int = 0
    faulty_rows: int = 0
    faults: dict[tuple[str, str], Fault] = field(default_factory=dict)
    repairs: dict[str, int] = field(default_factory=dict)

    def fault(self, column: str, code: str, message: str, row: int) -> None:
        self.faults.setdefault((column, code), Fault(column, code, message)).note(row)

    def repair(self, kind: str, count: int = 1) -> None:
        self.repairs[kind] = self.repairs.get(kind, 0) + count


def load(source: Source) -> tuple[Table, Findings]:
    """Read the CSV. Raises BrokenTable when it is no table of customers; rows with faults are left out and found."""
    findings = Findings()
    columns = {name: array("b" if name in CATEGORIES else "d") for name in FIELDS}
    churn = array("b")
    ids: dict[str, int] = {}
    with source.open() as binary:
        lines = _lines(_text(binary, source.name, findings), source.name)
        names = header.check(next(lines, []), source.name, findings.repair)
        for cells in lines:
            _take(names, cells, findings, ids, columns, churn)
    arrays = (np.frombuffer(held, np.int8 if held.typecode == "b" else np.float64) for held in columns.values())
    return Table(Customer(*arrays), np.frombuffer(churn, np.int8)), findings


def _text(binary: BinaryIO, name: str, findings: Findings) -> io.TextIOWrapper:
    buffered = binary if isinstance(binary, io.BufferedReader) else io.BufferedReader(binary)  # type: ignore[type-var]
    start = buffered.peek(4)[:4]
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise BrokenTable(name, ["It is UTF-16 text; save it as UTF-8."])
    if start.startswith((b"PK\x03\x04", b"\x1f\x8b")):
        raise BrokenTable(name, ["It is a compressed file or a spreadsheet; save it as plain CSV."])
    if start.startswith(b"\xef\xbb\xbf"):
        findings.repair("byte order mark removed")
    return io.TextIOWrapper(buffered, encoding="utf-8-sig", newline="")


def _lines(file: io.TextIOWrapper, name: str) -> Iterator[list[str]]:
    """The CSV's lines as cells, without blank ones. Raises BrokenTable where the file is not UTF-8 or not CSV."""
    lines = csv.reader(file, strict=True)
    try:
        yield from (cells for cells in lines if cells)
    except UnicodeDecodeError as error:
        reason = f"It is not UTF-8 text (after line {lines.line_num:,}: {error.reason}); save it as UTF-8."
        raise BrokenTable(name, [reason]) from error
    except csv.Error as error:
        raise BrokenTable(name, [f"Line {lines.line_num:,} is no CSV ({error}); check its quotes."]) from error


def _take(
    names: list[str],
    cells: list[str],
    findings: Findings,
    ids: dict[str, int],
    columns: dict[str, "array[Any]"],
    churn: "array[int]",
) -> None:
    """Read one row and append it, or note its faults."""
    findings.rows += 1
    row = findings.rows
    record = {name: cell for name, cell in zip(names, cells, strict=False) if name}
    customer, faults = _customer(record, len(names) - len(cells))
    label = LABELS.get(record.get(LABEL, "").strip().casefold())
    if label is None and not any(fault.code == "wrong_shape" for fault in faults):
        faults.append(FieldError(LABEL, "not_allowed", f'{LABEL} must be "No" or "Yes"; got {echo(record[LABEL])}.'))
    faults += _repeated(record.get(ID, "").strip(), row, ids)
    for fault in faults:
        findings.fault(fault.field, fault.code, fault.message, row)
    if faults or customer is None or label is None:
        findings.faulty_rows += 1
        return
    _note_repairs(record, findings)
    for column, value in zip(columns.values(), customer, strict=True):
        column.append(value)
    churn.append(label)


def _customer(record: dict[str, str], lacking: int) -> tuple[Customer | None, list[FieldError]]:
    """The complete customer of a row, or its faults; `lacking` cells are too few, or, where negative, too many."""
    if lacking:
        words = "too few" if lacking > 0 else "too many"
        return None, [FieldError("row", "wrong_shape", f"{abs(lacking)} cells {words}; check separators and quotes.")]
    try:
        reading = read({name: cell for name, cell in record.items() if name != LABEL})
    except ValidationError as error:
        return None, list(error.errors)
    absent = [FieldError(name, "missing", f"{name} is blank; training needs every value.") for name in reading.assumed]
    return reading.customer, absent


def _repeated(customer_id: str, row: int, ids: dict[str, int]) -> list[FieldError]:
    if not customer_id or ids.setdefault(customer_id, row) == row:
        return []
    message = f"{echo(customer_id)} is in row {ids[customer_id]:,} already; every customer may appear once."
    return [FieldError(ID, "repeated", message)]


def _note_repairs(record: dict[str, str], findings: Findings) -> None:
    """Count what was read kindly: blank totals, implied values, and spellings other than the declared ones."""
    for name in FIELDS:
        cell = record[name]
        if not cell.strip():
            rule = "tenure × MonthlyCharges" if name == "TotalCharges" else "the value that other fields imply"
            findings.repair(f"{name}: blank read as {rule}")
        elif name in CATEGORIES and cell not in CATEGORIES[name].values:
            findings.repair(f"{name}: other spelling read as the declared one")
