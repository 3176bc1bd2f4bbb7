"""The header row of an upload: all nineteen names in any order, customerID and Churn if they like, nothing else."""

import csv
import io
from collections import Counter
from collections.abc import Iterator

from churn.customer import FIELDS, ID, LABEL
from churn.errors import FieldError, ValidationError
from churn.reading import MAX_ECHO, echo, read
from churn_api.jobs.errors import InvalidUpload

KNOWN = (*FIELDS, ID, LABEL)

# The nineteen names take less than 300 bytes; something much longer is no header.
MAX_HEADER_BYTES = 64 << 10

# More faults than this tell nobody more.
_MAX_LISTED = 50
_OTHER_DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}


def read_header(line: bytes) -> tuple[str, ...]:
    """The names of the columns. Raises InvalidUpload that names every column at fault."""
    cells = next(csv.reader(io.StringIO(line.decode(), newline="")), [])
    names = tuple(cell.strip() for cell in cells)
    if faults := list(_faults(names)):
        raise InvalidUpload(_summary(names, line.decode()), faults[:_MAX_LISTED])
    return names


def _faults(names: tuple[str, ...]) -> Iterator[FieldError]:
    for name in FIELDS:
        if name not in names:
            yield FieldError(name, "missing", f"The column {name} is missing from the header.")
    for name, times in Counter(names).items():
        if name not in KNOWN:
            yield _unknown(name)
        elif times > 1:
            yield FieldError(name, "not_allowed", f"The header names the column {name} {times} times; name it once.")


def _unknown(name: str) -> FieldError:
    """The fault as the customer's own reading words it, with the nearest name that there is."""
    if not name:
        return FieldError("", "unknown", "A column has no name; remove it or name it.")
    try:
        read({name: ""})
    except ValidationError as error:
        return next(fault for fault in error.errors if fault.code == "unknown")
    return FieldError(name[:MAX_ECHO], "unknown", f"{echo(name)} is no column of a customer table; remove it.")


def _summary(names: tuple[str, ...], line: str) -> str:
    if len(names) == 1:
        for delimiter, words in _OTHER_DELIMITERS.items():
            if line.count(delimiter) >= len(FIELDS) - 1:
                return f"Line 1: the columns are separated by {words}; save the file with commas."
    return "Line 1: the header does not have the columns of a customer table; each fault is listed."
