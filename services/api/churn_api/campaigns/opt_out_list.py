"""Reading who has opted out, from a table with a column of ids or from a list."""

import codecs
import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from types import SimpleNamespace
from typing import Any

from churn.customer.ids import required_id
from churn.customer.likeness import MAX_LENGTH, Likeness, fold
from churn.errors import MAX_LISTED, FieldError, ValidationError
from churn_api.campaigns.opt_outs import MOST
from churn_api.errors import RequestTooLarge
from churn_api.jobs.csv import rows
from churn_api.jobs.csv.result_files import CUSTOMER_ID
from churn_api.jobs.csv.upload_check import UploadCheck

_REMEDY = f"There are more than the {MOST:,} customers that may opt out; those who have left need not be listed."


class OptOutSchema:
    """Implements `churn.tables.row_schema.RowSchema`; all columns but that of the ids are ignored."""

    title = "list of customers"
    id = CUSTOMER_ID
    outcome = None
    fields: Mapping[str, Any] = {CUSTOMER_ID: SimpleNamespace()}
    required = (CUSTOMER_ID,)
    numbers = ()

    def __init__(self, id_name: str) -> None:
        """`id_name` is the name of the id in the schema in service, which is read as well."""
        self.column_names = _Names(id_name)
        self.reader = _Reader()


class _Names:
    def __init__(self, id_name: str) -> None:
        self._folded = {fold(name) for name in (CUSTOMER_ID, id_name)}
        self._likeness = Likeness({CUSTOMER_ID: ()})

    def field_of(self, name: str) -> str | None:
        """The id, if the column is called so but for case, blanks and separators."""
        return CUSTOMER_ID if len(name) <= MAX_LENGTH and fold(name) in self._folded else None

    def likely(self, name: str) -> str | None:
        """The id, if the column is probably that."""
        return self.field_of(name) or self._likeness.of(name)


class _Reader:
    def read(self, record: Mapping[str, Any], *, every_fault: bool = True) -> str:
        """The id of a row. Raises ValidationError."""
        del every_fault  # there is one
        return _id(CUSTOMER_ID, record.get(CUSTOMER_ID))


def of_table(blocks: Iterable[bytes], id_name: str, limit_mb: int) -> Iterator[str]:
    """The ids in a table, in bounded memory.

    Raises InvalidUpload, UploadTooLarge, RequestTooLarge, and at its end ValidationError with the first faults.
    """
    check = UploadCheck(OptOutSchema(id_name), limit_mb)
    csv.field_size_limit(2 * rows.MAX_ROW_BYTES)
    cells = (row for row in csv.reader(_lines(check.passing(blocks))) if any(map(str.strip, row)))
    next(cells, None)
    place = check.header.fields.index(CUSTOMER_ID) if check.header else 0
    return _checked(
        (f"Row {number:,}", row[place] if place < len(row) else None) for number, row in enumerate(cells, 1)
    )


def of_list(customers: list[Any]) -> Iterator[str]:
    """The ids in a list of JSON. Raises RequestTooLarge, and at its end ValidationError with the first faults."""
    return _checked((f"customers[{number}]", each) for number, each in enumerate(customers))


def _lines(blocks: Iterable[bytes]) -> Iterator[str]:
    """The text line by line; a quoted cell may go over several."""
    decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
    left = ""
    for block in blocks:
        # Other than by splitlines(), for which the vertical tabs of spreadsheets end a line as well.
        *lines, left = list(io.StringIO(left + decoder.decode(block), newline="")) or [""]
        yield from lines
    yield left + decoder.decode(b"", final=True)


def _checked(raw: Iterable[tuple[str, Any]]) -> Iterator[str]:
    faults: list[FieldError] = []
    others = 0
    for count, (name, value) in enumerate(raw, 1):
        if count > MOST:
            raise RequestTooLarge(_REMEDY)
        try:
            yield _id(name, value)
        except ValidationError as error:
            if len(faults) < MAX_LISTED:
                faults += error.errors
            else:
                others += 1
    if faults:
        raise ValidationError(faults, others)


def _id(name: str, raw: Any) -> str:
    return required_id(name, raw, "leave it out, or give an id")
