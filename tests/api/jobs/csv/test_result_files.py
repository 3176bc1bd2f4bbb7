"""The two files of a job: which cells are defused, how many faults are told, and ids as they came."""

import csv
import io
import re
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.telco import FIELDS

from churn.errors import FieldError
from churn_api.jobs.csv.output import defused, defused_column, quoted_column, written
from churn_api.jobs.csv.refusals import FIRST_ALONE, Refusals
from churn_api.jobs.csv.result_files import FAULTS_OF_A_ROW, ROWS_IN_FULL

HARMLESS = [
    *("+15550100123", "-0042", "-12.5", "+5", "-.5", "+1e5", "-1E-05", "+5."),
    *("+44 20 7946 0958", "+1 (555) 010-0123", "+49.30.123456", "+49 30/123456", "7590-VHVEG", "1-1", "'=1", ""),
]
RUNNING = [
    *("=1+1", "@sam", "+1+1", "-1-1", "+1*1", "-2+3+cmd|' /C calc'!A0", "+A1", "-A1", "=1", "+", "-", "--1", "+-1"),
    *(
        "+1 555 0100 x12",
        "+1-1",
        "\t=1",
        "\r=1",
        "\t1",
        "+1e",
        "-0x1",
        "+1.2.3",
        "+15550100123\n",
        "+1234567890123456 1",
    ),
]


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_no_formula_stays_as_it_is(text: str) -> None:
    assert defused(text) == text


@pytest.mark.parametrize("text", RUNNING)
def test_what_a_spreadsheet_would_run_becomes_a_text(text: str) -> None:
    assert defused(text) == f"'{text}"


TEXTS = st.one_of(
    st.sampled_from([*HARMLESS, *RUNNING]),
    st.text(alphabet="+-=@0123456789.eE ()/'\",\t\r\n", max_size=12),
    st.text(max_size=8),
)


@settings(max_examples=500)
@given(st.lists(st.none() | TEXTS, max_size=6))
def test_a_column_is_written_as_its_cells_are(texts: list[str | None]) -> None:
    column = quoted_column(defused_column(pl.Series("id", texts, pl.String)))
    assert column.to_list() == [None if text is None else written(text) for text in texts]


@pytest.mark.parametrize("texts", [["a", "+15550100123", None], []])
def test_a_column_without_a_formula_is_left_alone(texts: list[str | None]) -> None:
    column = pl.Series("id", texts, pl.String)
    assert defused_column(column) is column


def faults(count: int) -> list[FieldError]:
    return [FieldError(name, "missing", f"{name} is required.") for name in list(FIELDS)[:count]]


def lines(refusals: Refusals, row: int, customer_id: str, count: int) -> list[list[str]]:
    return list(csv.reader(io.StringIO(refusals.lines(row, customer_id, faults(count)))))


@pytest.mark.parametrize(
    ("count", "end"),
    [
        (FAULTS_OF_A_ROW, "is required."),
        (FAULTS_OF_A_ROW + 1, "is required. 1 more field of this row needs attention."),
        (FAULTS_OF_A_ROW + 9, "is required. 9 more fields of this row need attention."),
    ],
)
def test_a_row_lists_so_many_faults_and_says_how_many_more(count: int, end: str) -> None:
    refusals = Refusals(1)
    told = lines(refusals, 4, "a", count)
    assert [(row, field) for row, _, field, *_ in told] == [("5", name) for name in list(FIELDS)[:FAULTS_OF_A_ROW]]
    assert told[-1][4].endswith(end)
    assert not any("more" in message for *_, message in told[:-1])
    assert refusals.faults.total() == count


def test_where_thousands_are_refused_each_further_row_tells_one_fault() -> None:
    refusals = Refusals(1)
    told = [lines(refusals, row, "", 3) for row in range(ROWS_IN_FULL + 2)]
    assert [len(own) for own in told[-4:]] == [3, 3, 1, 1]
    assert told[-1][0][4] == f"gender is required. {FIRST_ALONE}"
    assert refusals.faults.total() == 3 * (ROWS_IN_FULL + 2)


def head(csv_bytes: bytes) -> bytes:
    return csv_bytes[: csv_bytes.index(b"\n") + 1]


PRINTABLE = TEXTS.map(str.strip).filter(lambda text: text.isprintable() and len(text) <= 64)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(PRINTABLE, st.booleans()), min_size=1, max_size=6))
def test_raw_files_hold_every_id_as_it_came(bench: Any, rows_of: Any, customers_csv: bytes, ids: list[Any]) -> None:
    """Whatever an id is, and whether its row is scored or refused; nothing else differs from the harmless files."""
    row = customers_csv.splitlines()[1].decode().split(",")
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerows([customer_id, "x" if bad else row[1], *row[2:]] for customer_id, bad in ids)
    job = bench.submit(head(customers_csv) + buffer.getvalue().encode())
    bench.drain()
    for kind, refused in (("results", False), ("errors", True)):
        wanted = [customer_id for customer_id, bad in ids if bad is refused]
        plain, raw = (rows_of(bench.file(job, kind, raw=raw)) for raw in (False, True))
        assert [found["customerID"] for found in raw] == wanted
        assert [found["customerID"] for found in plain] == [defused(customer_id) for customer_id in wanted]
        assert [found | {"customerID": ""} for found in raw] == [found | {"customerID": ""} for found in plain]


def test_raw_files_are_joined_of_chunks_with_and_without_formulas(
    bench: Any, rows_of: Any, many_customers: Any
) -> None:
    data = many_customers(8_000)
    data = re.sub(rb"\n0004000-ROW", b"\n@sam", data)
    data = re.sub(rb"\n0005000-ROW,[A-Za-z]+", b"\n=1+1,x", data)
    job = bench.submit(data)
    assert job.chunks > 3
    bench.drain()
    plain, raw = (bench.file(job, "results", raw=raw) for raw in (False, True))
    assert raw == plain.replace(b",'@sam,", b",@sam,") != plain
    plain, raw = (bench.file(job, "errors", raw=raw) for raw in (False, True))
    assert raw == plain.replace(b",'=1+1,", b",=1+1,") != plain
    bench.job_service.delete(job.id)
    assert bench.held() == []


def test_a_job_without_formulas_has_no_files_of_its_own_for_raw_ids(bench: Any, many_customers: Any) -> None:
    job = bench.submit(many_customers(50).replace(b"0000007-ROW", b"+15550100123"))
    bench.drain()
    assert bench.file(job, "results", raw=True) == bench.file(job, "results")
    assert not any("raw" in key for key in bench.held())
