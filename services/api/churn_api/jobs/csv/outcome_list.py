"""Outcomes from JSON as the CSV that they might have come in, so that one way of reading holds for both."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

from churn.customer.echo import echo
from churn.errors import FieldError, ValidationError
from churn.tracking.outcome_schema import CUSTOMER_ID, FIELDS, Outcome, OutcomeNames, OutcomeReader
from churn_api.jobs.csv.header import MAX_COLUMNS

# A word for an absent value: where a row says nothing at all, it keeps the row from being one that is blank.
_NOTHING = "null"


def to_csv(outcomes: Sequence[Any], names: OutcomeNames) -> bytes:
    """Outcomes as a CSV with a column for each field, and one for each name that is none.

    Raises ValidationError for what is no object, for an object that names a field twice, and for more names that are no
    fields than a CSV may have: each takes room in every row.
    """
    rows = [_by_field(f"Row {place:,} of outcomes", outcome, names) for place, outcome in enumerate(outcomes, 1)]
    columns = list(dict.fromkeys([CUSTOMER_ID, *FIELDS, *(name for row in rows for name in row)]))
    ignored = len(columns) - 1 - len(FIELDS)
    if ignored > MAX_COLUMNS:
        message = f"{ignored:,} of the names are no fields; leave them out."
        raise ValidationError([FieldError("outcomes", "unknown", message)])
    text = io.StringIO(newline="")
    write = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL).writerow
    write(columns)
    for row in rows:
        cells = [_cell(row.get(column)) for column in columns]
        if not any(cell.strip() for cell in cells):
            cells[columns.index("left_at")] = _NOTHING
        write(cells)
    return text.getvalue().encode()


def read_outcome(outcome: Any, names: OutcomeNames, reader: OutcomeReader) -> Outcome:
    """An outcome that came alone, by the same rules. Raises ValidationError with every fault."""
    row = _by_field("The outcome", outcome, names)
    return reader.read({name: _cell(value) for name, value in row.items()})


def _by_field(subject: str, outcome: Any, names: OutcomeNames) -> dict[str, Any]:
    if not isinstance(outcome, Mapping):
        raise _refused(subject, "wrong_type", f"must be a JSON object; got {echo(outcome)}")
    row: dict[str, Any] = {}
    for name, value in outcome.items():
        field = names.field_of(name) or name.strip()
        if field in row:
            raise _refused(subject, "not_allowed", f"names {echo(field)} more than once; name it once")
        if field:
            row[field] = value
    return row


def _refused(subject: str, code: str, words: str) -> ValidationError:
    return ValidationError([FieldError("outcomes", code, f"{subject} {words}.")])


def _cell(value: Any) -> str:
    """A value as a person would type it; what is neither text nor a number is no value of any field."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)
