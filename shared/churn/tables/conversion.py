"""The process that turns a workbook or a Parquet file on its input into CSV on its output, within limits.

`python -m churn.tables.conversion workbook|parquet`. Faults and notes go to the error stream, one on each line.
"""

import csv
import io
import sys
import zipfile
from collections.abc import Callable, Iterable
from typing import Any, BinaryIO

from churn.confinement import confine
from churn.tables.converter import FAULT, NOTE

# The memory that the process may reserve. It has to hold all cells of a workbook, enough for some 50,000 customers; the
# reader of Parquet touches only half of what it reserves.
_MEMORY_BYTES = 208 << 20

# Processor time, and time by the clock.
_PROCESSOR_SECONDS, _SECONDS = 50, 90

# The bytes that all parts of a workbook may unpack to, and the number of parts.
_UNPACKED_BYTES = 200_000_000
_PARTS = 2_000

# The characters of a sheet's name that are quoted: as many as Excel allows.
_TITLE = 31

# Rows of a Parquet file that are in memory at a time.
_SLICE_ROWS = 20_000


class _Fault(Exception):
    """A fault of the file, as a sentence for the user."""


def main(kind: str) -> int:
    """Convert standard input to CSV on standard output; returns 0, or 1 with the fault on the error stream.

    `kind` is "workbook" or "parquet".
    """
    confine(_MEMORY_BYTES, _PROCESSOR_SECONDS, _SECONDS)
    try:
        source = io.BufferedReader(io.FileIO(sys.stdin.fileno(), closefd=False))
        _WRITERS[kind](source, sys.stdout.buffer)
        sys.stdout.buffer.flush()
    except _Fault as fault:
        print(f"{FAULT}{fault}", file=sys.stderr)  # noqa: T201
        return 1
    except MemoryError:
        return 1
    except Exception:  # a damaged file can raise anything; its sender is told that it is damaged
        print(f"{FAULT}The file is damaged, or no {kind} at all; save the table as CSV.", file=sys.stderr)  # noqa: T201
        return 1
    return 0


def _note(words: str) -> None:
    print(f"{NOTE}{words}", file=sys.stderr)  # noqa: T201


def _workbook(source: BinaryIO, target: BinaryIO) -> None:
    _check_parts(source)
    from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

    book = CalamineWorkbook.from_filelike(source)
    sheets = [sheet for sheet in book.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet]
    visible = [sheet.name for sheet in sheets if sheet.visible == SheetVisibleEnum.Visible]
    if not visible:
        raise _Fault("The workbook has no sheet with cells that is not hidden.")
    others = f" of {len(visible)}" if len(visible) > 1 else ""
    _note(f"The first sheet{others} of the Excel workbook was read: {visible[0][:_TITLE]}.")
    _write(book.get_sheet_by_name(visible[0]).iter_rows(), target)


def _check_parts(source: BinaryIO) -> None:
    """Raises _Fault unless the archive is a workbook whose parts are small enough once unpacked.

    The declared sizes can be trusted for this, because no more than that is ever unpacked of a part.
    """
    try:
        with zipfile.ZipFile(source) as archive:
            parts = archive.infolist()
            names = {part.filename for part in parts}
    except zipfile.BadZipFile:
        raise _Fault("The file is a damaged zip archive or Excel workbook; save the table as CSV.") from None
    if "xl/workbook.bin" in names:
        raise _Fault("The file is a binary Excel workbook (.xlsb); save it as .xlsx or as CSV.")
    if not {"[Content_Types].xml", "xl/workbook.xml"} <= names:
        raise _Fault("The file is a zip archive; send the table itself.")
    if len(parts) > _PARTS or sum(part.file_size for part in parts) > _UNPACKED_BYTES:
        raise _Fault("The workbook unpacks to more than there is room for; save the table as CSV.")
    source.seek(0)


def _write(rows: Iterable[Iterable[Any]], target: BinaryIO) -> None:
    """Write the rows that are not blank, padded to the width of the first, as workbooks omit empty cells at the end."""
    text = io.TextIOWrapper(target, "utf-8", newline="")
    write = csv.writer(text, lineterminator="\r\n").writerow
    width = 0
    for cells in map(_trimmed, rows):
        if cells:
            width = width or len(cells)
            write(cells + [""] * (width - len(cells)))
    text.flush()
    text.detach()


def _trimmed(row: Iterable[Any]) -> list[str]:
    cells = [_text(value) for value in row]
    while cells and not cells[-1].strip():
        cells.pop()
    return cells


def _text(value: Any) -> str:
    """A cell's value as a person would type it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def _parquet(source: BinaryIO, target: BinaryIO) -> None:
    import polars as pl

    frame = pl.scan_parquet(source)
    schema = frame.collect_schema()
    if nested := [name for name, kind in schema.items() if kind.is_nested() or kind == pl.Binary]:
        frame = frame.drop(nested)
        _note(f"{len(nested)} nested or binary columns were left out.")
    _note("The file was read as Parquet.")
    total = frame.select(pl.len()).collect().item()
    for start in range(0, max(total, 1), _SLICE_ROWS):
        part = frame.slice(start, _SLICE_ROWS).collect()
        part.write_csv(target, include_header=start == 0)


_WRITERS: dict[str, Callable[[BinaryIO, BinaryIO], None]] = {"workbook": _workbook, "parquet": _parquet}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
