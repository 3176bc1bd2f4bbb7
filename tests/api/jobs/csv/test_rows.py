"""Where rows end, held to Python's csv module by properties."""

import csv
import io
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churn_api.jobs.csv import rows
from churn_api.jobs.csv.reader import ChunkReader

TEXT = st.text(alphabet='a,"\n\r \té', max_size=40)


def by_csv(text: str) -> list[list[str]]:
    """The rows as the csv module reads them, every line end being \\n."""
    return list(csv.reader(io.StringIO(text.replace("\r\n", "\n").replace("\r", "\n"), newline="")))


def is_blank(row: list[str]) -> bool:
    return not "".join(row).strip(" \t\n")


@settings(max_examples=1500)
@given(TEXT)
def test_tidy_rows_are_those_of_the_csv_module_without_blank_ones(text: str) -> None:
    data = text.encode()
    if rows.open_quote(data) is not None:
        return
    tidy = rows.tidy(data)
    ends = [0, *rows.ends(tidy).tolist()]
    found = [by_csv(tidy[start:end].decode())[0] for start, end in pairwise(ends)]
    assert [row for row in found if not is_blank(row)] == [row for row in by_csv(text) if not is_blank(row)]
    assert rows.count(data) == len(found)


@settings(max_examples=1500)
@given(TEXT)
def test_rows_without_quotes_have_the_same_cells(text: str) -> None:
    data = text.encode()
    if rows.open_quote(data) is not None:
        return
    tidy = rows.tidy(data)
    plain = rows.unquoted(tidy)
    if plain is not None:
        assert [line.split(",") for line in plain.decode().split("\n")[:-1]] == by_csv(tidy.decode())


@settings(max_examples=500)
@given(TEXT, st.integers(0, 40))
def test_rows_may_be_cut_at_any_end(text: str, place: int) -> None:
    data = text.encode()
    cuts = rows.ends(data).tolist()
    if rows.open_quote(data) is None and cuts:
        cut = cuts[place % len(cuts)]
        assert rows.count(data) == rows.count(data[:cut]) + rows.count(data[cut:])


@pytest.mark.parametrize(
    ("data", "offset"),
    [
        (b'a,"b\nc,d\n', 2),
        (b'a,b"c\n', None),
        (b'"a""b",c\n', None),
        (b'"a""', 0),
        (b'x,"a"b,"c\n', 7),
    ],
)
def test_an_open_quote_is_found_where_it_opens(data: bytes, offset: int | None) -> None:
    assert rows.open_quote(data) == offset


def test_a_million_quoted_cells_take_no_detour() -> None:
    data = b'"a","b\nc",""\n' * 100_000
    assert rows.count(data) == 100_000
    assert rows.unquoted(data) is None
    assert rows.unquoted(data.replace(b"\n", b"").replace(b'""', b'""\n')) is not None


def test_commas_and_line_ends_in_a_column_that_is_ignored_take_no_row_out_of_the_lines() -> None:
    data = b'a,"1, Main St.\nDoor ""2""",b\nc,,d\ne,"x, y",f,g\n'
    reader = ChunkReader(data, ("one", "", "other"), 3)
    assert reader.lines == b"a,,b\nc,,d\n,,\n"
    assert reader.cells(2) == ["e", "x, y", "f", "g"]
