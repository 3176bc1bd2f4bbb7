"""The header row of an upload: which field each of its columns is, in any order and nearly any spelling."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from churn.customer.reading import MAX_ECHO, echo
from churn.errors import FieldError
from churn.tables.row_schema import RowSchema
from churn_api.jobs.errors import InvalidUpload

# The names of a few dozen fields take less than two kilobytes; something much longer is no header.
MAX_HEADER_BYTES = 64 << 10

# More columns than any table of customers has; each costs a little in every row.
MAX_COLUMNS = 1_000

# More names than this tell nobody more.
_MAX_LISTED = 50
_FEW = 5


@dataclass(frozen=True, slots=True)
class Header:
    """The columns of a file: `fields` has "" where a column is ignored."""

    fields: tuple[str, ...]
    ignored: tuple[str, ...]
    """The names of columns that no field has, as the file spells them."""

    absent: tuple[str, ...]
    """Optional fields without a column."""

    notes: tuple[str, ...]


def read_header(schema: RowSchema, line: bytes, number: int = 1) -> Header:
    """The columns that a line of CSV names, `number` being the line's. Raises InvalidUpload that names each fault."""
    names = _names(line)
    found = [schema.column_names.field_of(name) for name in names]
    fields = tuple(
        field if field and _is_read(schema, field, place, found) else "" for place, field in enumerate(found)
    )
    ignored = tuple(name for name, field in zip(names, found, strict=True) if name and field is None)
    faults = [*_missing(schema, fields, ignored), *_repeated(schema, names, found)]
    if not faults and schema.fields.keys().isdisjoint(fields):
        raise InvalidUpload(_summary(schema, number, 0, known=False))
    if faults:
        raise InvalidUpload(_summary(schema, number, len(faults), known=any(fields)), faults[:_MAX_LISTED])
    if len(ignored) > MAX_COLUMNS:
        raise InvalidUpload(f"Line {number}: {len(ignored):,} of the columns are no fields; leave them out.")
    absent = tuple(name for name in schema.fields if name not in fields)
    return Header(fields, ignored, absent, tuple(_notes(schema, names, fields, absent)))


def _names(line: bytes) -> tuple[str, ...]:
    cells = next(csv.reader(io.StringIO(line.decode(), newline="")), [])
    return tuple(cell.strip() for cell in cells)


def _is_read(schema: RowSchema, field: str, place: int, found: Sequence[str | None]) -> bool:
    """The outcome is ignored wherever it stands, so a second column of it does no harm."""
    return field != schema.outcome or found.index(field) == place


def _missing(schema: RowSchema, fields: Sequence[str], ignored: Sequence[str]) -> Iterator[FieldError]:
    meant = _meant(schema, ignored)
    for name in schema.required:
        if name not in fields:
            hint = f"; rename the column {echo(meant[name])} if that is it" if name in meant else ""
            yield FieldError(name, "missing", f"The column {name} is missing from the header{hint}.")


def _meant(schema: RowSchema, ignored: Sequence[str]) -> dict[str, str]:
    """Fields, and the first column under another name that is certainly meant for each."""
    return {field: name for name in reversed(ignored) if (field := schema.column_names.likely(name))}


def _repeated(schema: RowSchema, names: Sequence[str], found: Sequence[str | None]) -> Iterator[FieldError]:
    for field in dict.fromkeys(found):
        spellings = [name for name, other in zip(names, found, strict=True) if other == field]
        if field not in (None, schema.outcome) and len(spellings) > 1:
            listed = ", ".join(map(echo, spellings[:_FEW]))
            message = f"The header names the column {field} {len(spellings)} times ({listed}); name it once."
            yield FieldError(str(field), "not_allowed", message)


def _summary(schema: RowSchema, number: int, count: int, *, known: bool) -> str:
    if not known:
        return f"Line {number}: this is no header with the columns of a {schema.title}; it must come before the rows."
    listed = "each fault is listed" if count <= _MAX_LISTED else f"the first {_MAX_LISTED} of {count} faults are listed"
    return f"Line {number}: the header does not have the columns of a {schema.title}; {listed}."


def _notes(schema: RowSchema, names: Sequence[str], fields: Sequence[str], absent: Sequence[str]) -> Iterator[str]:
    pairs = list(zip(names, fields, strict=True))
    if renamed := [f"{name[:MAX_ECHO]} as {field}" for name, field in pairs if field not in ("", name)]:
        yield f"Columns were read under the fields' own names: {_first(renamed)}."
    last = max(place for place, name in enumerate(names) if name)
    if nameless := [str(place + 1) for place in range(last) if not names[place]]:
        yield f"Columns without a name were ignored: {_first(nameless)}."
    if absent:
        meant = _meant(schema, [name for name, field in pairs if not field])
        listed = [f"{name} (is it {echo(meant[name])}?)" if name in meant else name for name in absent]
        yield f"There is no column for {', '.join(listed)}: absent in every row."


def _first(words: Sequence[str]) -> str:
    """The first few of them, and how many more there are."""
    more = f" and {len(words) - _FEW} more" if len(words) > _FEW else ""
    return ", ".join(words[:_FEW]) + more
