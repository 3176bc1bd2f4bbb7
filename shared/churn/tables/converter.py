"""Workbooks and Parquet files as CSV, converted in a child process that protects its parent from hostile files.

The child has little memory and a low priority, and is the first that the kernel kills if memory runs out.
"""

import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from typing import IO, NamedTuple

from churn.confinement import alone, confined
from churn.tables.errors import TableTooLarge, TooManyTables, UnreadableTable

_BLOCK_BYTES = 256 << 10

_BUSY = "Another table is being read; try again in a minute."

# How lines on the child's error stream begin: those with the file's fault, and those with notes for the user.
FAULT, NOTE = "fault: ", "note: "


class Kind(NamedTuple):
    """A kind of file: its first bytes, its name for the child and for people, and its largest size in MB."""

    magic: bytes
    name: str
    title: str
    most_mb: int


# The limits are above the size of any file that the child's memory suffices for.
WORKBOOK = Kind(b"PK", "workbook", "an Excel workbook", 12)
PARQUET = Kind(b"PAR1", "parquet", "a Parquet file", 32)


def convert(kind: Kind, blocks: Iterable[bytes], most_bytes: int, notes: list[str]) -> Iterator[bytes]:
    """The file's table as CSV of at most `most_bytes`; sentences about how it was read are added to `notes`.

    Raises UnreadableTable, TableTooLarge, and TooManyTables if another file is being converted for too long.
    """
    with tempfile.TemporaryFile() as spool:
        _spool(kind, blocks, spool)
        with alone(TooManyTables(_BUSY)), confined("churn.tables.conversion", kind.name, source=spool) as child:
            output, messages = _pipes(child)
            yield from _limited(output, most_bytes)
            lines = messages.read(_BLOCK_BYTES).decode("utf-8", "replace").splitlines()
            _judge(kind, child.wait(), lines)
            notes += [line.removeprefix(NOTE) for line in lines if line.startswith(NOTE)]


def _spool(kind: Kind, blocks: Iterable[bytes], spool: IO[bytes]) -> None:
    size = 0
    for block in blocks:
        size += len(block)
        if size > kind.most_mb * 1_000_000:
            raise TableTooLarge(
                f"{kind.title[0].upper()}{kind.title[1:]} may have at most {kind.most_mb} MB; save the table as CSV."
            )
        try:
            spool.write(block)
        except OSError:
            raise TooManyTables("There is no room for another file of this kind; try again in a minute.") from None
    spool.flush()
    spool.seek(0)


def _pipes(child: "subprocess.Popen[bytes]") -> tuple[IO[bytes], IO[bytes]]:
    if child.stdout is None or child.stderr is None:
        raise RuntimeError("The process was started without pipes.")
    return child.stdout, child.stderr


def _limited(output: IO[bytes], most_bytes: int) -> Iterator[bytes]:
    size = 0
    while block := output.read(_BLOCK_BYTES):
        size += len(block)
        if size > most_bytes:
            raise TableTooLarge(f"The table is larger than {most_bytes // 1_000_000} MB as CSV; split it.")
        yield block


def _judge(kind: Kind, status: int, lines: list[str]) -> None:
    if status == 0:
        return
    faults = [line.removeprefix(FAULT) for line in lines if line.startswith(FAULT)]
    raise UnreadableTable(
        faults[-1]
        if faults
        else f"The file is {kind.title} that takes more memory or time than there is to read it; save the table as CSV."
    )
