"""Workbooks and Parquet files are read by a process of their own, which no bomb takes further than its limits."""

import time
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest
from tests.api.jobs.files import ALL, PLAIN
from tests.api.jobs.workbooks import archive, sheet, workbook
from tests.telco import TELCO

from churn.tables.errors import TableTooLarge, UnreadableTable
from churn.tables.reader import TableReader

FIRST, LAST = '<row r="1"><c r="A1"><v>1</v></c></row>', '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
DOCUMENT = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
SHARED = f'<Relationship Id="r9" Type="{DOCUMENT}/sharedStrings" Target="sharedStrings.xml"/>'
SHEETS = {
    "cells at far corners": lambda: FIRST + LAST,
    "eight million cells": lambda: "<row>" + "<c><v>1</v></c>" * 8_000_000 + "</row>",
    "two hundred megabytes of blanks": lambda: " " * 210_000_000,
}


def read(data: bytes) -> str:
    return b"".join(TableReader(TELCO, 200_000_000).csv([data])).decode()


def test_the_first_sheet_that_is_shown_is_read() -> None:
    sheets = {"Notes": [["nothing"]], "Customers": ALL, "More": [["x"]]}
    numbers = PLAIN.replace("55.20", "55.2").replace("1324.80", "1324.8").replace("302.10", "302.1")
    assert read(workbook(sheets, hidden=["Notes"])) == numbers.replace("\n", "\r\n")


@pytest.mark.parametrize("bomb", SHEETS)
def test_a_workbook_that_unpacks_to_too_much_is_refused(bomb: str) -> None:
    data = archive({"S": sheet(SHEETS[bomb]())})
    assert len(data) < 1_000_000
    started = time.monotonic()
    with pytest.raises(UnreadableTable, match="workbook"):
        read(data)
    assert time.monotonic() - started < 90


def shared_text(text: str, cells: int) -> bytes:
    """A workbook whose cells, a row each, all refer to one text."""
    texts = f'<sst xmlns="{MAIN}"><si><t>{text}</t></si></sst>'
    return archive({"S": sheet('<row><c t="s"><v>0</v></c></row>' * cells)}, relations=SHARED, sharedStrings=texts)


def test_a_text_that_many_cells_share_is_not_multiplied_beyond_the_limits() -> None:
    """Eight megabytes of text, packed to some kilobytes, in each of a hundred thousand cells: 800 GB of CSV."""
    assert read(shared_text("Yes", 3)) == "Yes\r\n" * 3
    data = shared_text("x" * 8_000_000, 100_000)
    assert len(data) < 1_000_000
    started = time.monotonic()
    with pytest.raises((UnreadableTable, TableTooLarge)):
        read(data)
    assert time.monotonic() - started < 90


def test_entities_that_stand_for_each_other_are_not_expanded() -> None:
    names = "abcdefghij"
    laughs = "".join(f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in pairwise(names))
    bomb = f'<!DOCTYPE s [<!ENTITY a "lol">{laughs}]>' + sheet('<row><c t="str"><v>&j;</v></c></row>')
    try:
        found = read(archive({"S": bomb}))
    except UnreadableTable:
        found = ""
    assert "lollol" not in found


def test_a_parquet_file_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    """Sixty megabytes of one letter take some kilobytes."""
    path = tmp_path / "bomb.parquet"
    pl.DataFrame({"tenure": ["x" * 1_000_000] * 60}).write_parquet(path, compression="zstd", use_pyarrow=False)
    data = path.read_bytes()
    assert len(data) < 1_000_000
    with pytest.raises((UnreadableTable, TableTooLarge)):
        b"".join(TableReader(TELCO, 20_000_000).csv([data]))


@pytest.mark.parametrize("data", [b"PK\x03\x04", b"PK\x03\x04" + bytes(1_000), b"PAR1" + bytes(100)])
def test_what_is_damaged_is_said_to_be(data: bytes) -> None:
    with pytest.raises(UnreadableTable, match="damaged"):
        read(data)
