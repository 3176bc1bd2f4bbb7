"""Workbooks and Parquet files are read by a process of their own, which no bomb takes further than its limits."""

import time

import pytest
from tests.api.jobs.files import ALL, PLAIN
from tests.api.jobs.workbooks import archive, sheet, workbook

from churn.tables.errors import UnreadableTable
from churn.tables.reader import TableReader

FIRST, LAST = '<row r="1"><c r="A1"><v>1</v></c></row>', '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
SHEETS = {
    "cells at far corners": lambda: FIRST + LAST,
    "eight million cells": lambda: "<row>" + "<c><v>1</v></c>" * 8_000_000 + "</row>",
    "two hundred megabytes of blanks": lambda: " " * 210_000_000,
}


def read(data: bytes) -> str:
    return b"".join(TableReader(200_000_000).csv([data])).decode()


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


@pytest.mark.parametrize("data", [b"PK\x03\x04", b"PK\x03\x04" + bytes(1_000), b"PAR1" + bytes(100)])
def test_what_is_damaged_is_said_to_be(data: bytes) -> None:
    with pytest.raises(UnreadableTable, match="damaged"):
        read(data)
