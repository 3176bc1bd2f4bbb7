"""Text of any dialect is rewritten as the csv module reads it, however it arrives."""

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.telco import TELCO

from churn.tables.errors import TableTooLarge, UnreadableTable
from churn.tables.lines import MAX_ROW_CHARACTERS
from churn.tables.reader import TableReader

HEADER = ["gender", "SeniorCitizen", "tenure", "Contract", "MonthlyCharges"]
CELLS = st.text(alphabet='a1,.;\t|"\n\r é€', max_size=8)
TABLES = st.lists(st.lists(CELLS, min_size=2, max_size=6), max_size=6)


def read(data: bytes, step: int = 1 << 16) -> bytes:
    return b"".join(
        TableReader(TELCO, 1_000_000).csv(data[start : start + step] for start in range(0, len(data), step))
    )


def rows_of(text: str, delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))


def written(rows: list[list[str]], delimiter: str, line_end: str) -> str:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, delimiter=delimiter, lineterminator=line_end, quoting=csv.QUOTE_ALL).writerows(rows)
    return buffer.getvalue()


@settings(max_examples=300)
@given(
    TABLES,
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]),
    st.sampled_from([1, 2, 3, 7, 1 << 16]),
)
def test_the_same_rows_come_out(
    table: list[list[str]], delimiter: str, line_end: str, encoding: str, step: int
) -> None:
    # No column of numbers: their commas are another test's.
    rows = [["gender", "Contract", "Partner", "Dependents"], *table]
    text = written(rows, delimiter, line_end)
    assert rows_of(read(text.encode(encoding), step).decode("utf-8-sig")) == rows_of(text, delimiter)


@settings(max_examples=200)
@given(TABLES, st.sampled_from([",", ";"]))
def test_lines_in_quotes_are_taken_out_of_them(table: list[list[str]], delimiter: str) -> None:
    rows = [["gender", "Contract", "Partner", "Dependents"], *table]
    lines = [written([row], delimiter, "") for row in rows]
    wrapped = written([[line] for line in lines], delimiter, "\n")
    assert rows_of(read(wrapped.encode()).decode()) == rows


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_the_line_of_an_open_quote_is_the_editors(line_end: str, encoding: str) -> None:
    text = line_end.join(["sep=;", ";".join(HEADER), '"a', 'b";c', "d", 'e;"f', "g"])
    with pytest.raises(UnreadableTable, match=r"^Line 6: a quote is opened"):
        read(text.encode(encoding))


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize("step", [1, 2, 5, 1 << 16])
def test_the_line_of_what_is_no_text_is_the_editors(line_end: str, step: int) -> None:
    text = line_end.join([";".join(HEADER), '"a', 'b";c', "Müller"])
    with pytest.raises(UnreadableTable, match=r"^Line 4: this is not UTF-8 text"):
        read(text.encode("cp1252"), step)
    with pytest.raises(UnreadableTable, match=r"^Line 4: this is not UTF-16 text"):
        read(text.encode("utf-16") + b"\x00", step)


@pytest.mark.parametrize(
    "row", ['"' + "x\n" * MAX_ROW_CHARACTERS, "x" * 2 * MAX_ROW_CHARACTERS, '"x\n";' * MAX_ROW_CHARACTERS]
)
def test_a_row_without_end_is_refused_before_it_fills_the_memory(row: str) -> None:
    with pytest.raises(UnreadableTable, match=r"^Line 3: a row is longer than 1 MiB"):
        read((";".join(HEADER) + "\na;b\n" + row).encode())


def test_what_gzip_unpacks_to_has_a_limit() -> None:
    import gzip

    bomb = gzip.compress(bytes(5_000_000))
    with pytest.raises(TableTooLarge, match="1 MB"):
        read(bomb)
    with pytest.raises(UnreadableTable, match="parts"):
        read(gzip.compress(b"") * 30_000)
    with pytest.raises(UnreadableTable, match="again and again"):
        read(gzip.compress(gzip.compress(gzip.compress(b"x"))))
