"""A look at a file before it is sent: its start is read as an upload of all of it would be."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from churn.errors import ChurnError, FieldError
from churn.tables.row_schema import RowSchema
from churn_api.errors import TooManyRequests
from churn_api.jobs.csv import rows
from churn_api.jobs.csv.upload_check import UploadCheck
from churn_api.jobs.errors import InvalidUpload, UploadTooLarge

# What is sent of a file, at most.
MAX_HEAD_BYTES = 256 << 10

SAMPLE_ROWS = 5
_BLOCK_BYTES = 64 << 10


@dataclass(frozen=True, slots=True)
class FileCheck:
    """What submitting the file would say of it, as far as its start tells."""

    ok: Annotated[bool, Meta(description="Whether the file would be accepted, as far as its start tells.")]
    error: Annotated[str | None, Meta(description="What is wrong, and what to do about it.")]
    errors: tuple[FieldError, ...]
    columns: Annotated[tuple[str, ...], Meta(description="The known columns that were found, in the file's order.")]
    ignored_columns: Annotated[tuple[str, ...], Meta(description="Columns of the file that no field has.")]
    absent_columns: Annotated[tuple[str, ...], Meta(description="Optional fields without a column.")]
    notes: Annotated[tuple[str, ...], Meta(description="What of the file was read kindly, in sentences.")]
    rows: Annotated[Annotated[int, Meta(ge=0)] | None, Meta(description="Estimated unless all was sent.")]
    sample: Annotated[
        tuple[Mapping[str, str], ...], Meta(max_length=SAMPLE_ROWS, description="The first rows, by the fields' names.")
    ]


def look_at(schema: RowSchema, head: bytes, size: int, limit_mb: int) -> FileCheck:
    """Look at a file of `size` bytes that begins so."""
    whole = len(head) >= size
    check = UploadCheck(schema, limit_mb, whole=whole)
    fault: ChurnError | None = UploadTooLarge(limit_mb) if size > limit_mb * 1_000_000 else None
    canonical = b""
    if fault is None:
        try:
            for block in check.passing(_blocks(head)):
                canonical = canonical if len(canonical) > MAX_HEAD_BYTES else canonical + block
        except TooManyRequests:
            raise
        except ChurnError as error:
            fault = error
    if fault is None and check.header is None and not check.unread:
        fault = InvalidUpload("No header ends within the part of the file that was looked at.")
    return _checked(check, fault, canonical, len(head), size)


def _blocks(head: bytes) -> Iterator[bytes]:
    return (head[start : start + _BLOCK_BYTES] for start in range(0, len(head), _BLOCK_BYTES))


def _checked(check: UploadCheck, fault: ChurnError | None, canonical: bytes, seen: int, size: int) -> FileCheck:
    header = check.header
    return FileCheck(
        ok=fault is None,
        error=fault.message if fault else None,
        errors=fault.errors if fault else (),
        columns=tuple(filter(None, header.fields)) if header else (),
        ignored_columns=check.ignored_columns,
        absent_columns=header.absent if header else (),
        notes=check.notes,
        rows=_rows(check, seen, size) if header and not fault else None,
        sample=tuple(_sample(check, canonical)),
    )


def _rows(check: UploadCheck, seen: int, size: int) -> int | None:
    """How many rows there are, or by the share of the file that is seen, must be."""
    if seen >= size:
        return check.plan().rows
    count, row_bytes, before = check.seen()
    if not count:
        return None
    # What part of the bytes as sent made these rows, where they are packed.
    sent_per_byte = seen / max(1, check.size)
    return max(count, round((size - before * sent_per_byte) / (row_bytes / count * sent_per_byte)))


def _sample(check: UploadCheck, canonical: bytes) -> Iterable[dict[str, str]]:
    """The first rows, by the fields' names."""
    if check.header is None:
        return
    fields, (_, row_bytes, start) = check.header.fields, check.seen()
    text = rows.tidy(canonical[start : start + row_bytes]).decode("utf-8", "replace")
    for _, cells in zip(range(SAMPLE_ROWS), csv.reader(io.StringIO(text, newline="")), strict=False):
        yield {name: cell for name, cell in zip(fields, cells, strict=False) if name}
