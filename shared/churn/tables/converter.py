"""Workbooks and Parquet files as CSV, converted in a child process that protects its parent from hostile files.

The child has little memory and a low priority, and is the first that the kernel kills if memory runs out.
"""

import fcntl
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

from churn.tables.errors import TableTooLarge, TooManyTables, UnreadableTable

_BLOCK_BYTES = 256 << 10

# There is one conversion at a time on a machine, as two would not fit beside the API. A second one waits this long.
_WAIT_SECONDS = 15.0
_LOCK = Path(tempfile.gettempdir()) / f"churn-conversion-{os.getuid()}.lock"

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
        with _alone(), _started(kind, spool) as child:
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


@contextmanager
def _alone() -> Iterator[None]:
    with _LOCK.open("w") as lock:
        end = time.monotonic() + _WAIT_SECONDS
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    raise TooManyTables("Another workbook is being read; try again in a minute.") from None
                time.sleep(0.05)
        yield


@contextmanager
def _started(kind: Kind, spool: IO[bytes]) -> Iterator["subprocess.Popen[bytes]"]:
    """The child; it is killed at the end of the block, also if its output was not read to the end."""
    command = [sys.executable, "-m", "churn.tables.conversion", kind.name]
    # The child opens a stranger's file, so it gets none of this process's variables, which include credentials.
    environment = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "POLARS_MAX_THREADS": "1"}
    with subprocess.Popen(  # noqa: S603
        command, stdin=spool, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    ) as child:
        try:
            yield child
        finally:
            child.kill()


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
