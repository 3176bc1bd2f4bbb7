"""Uploads are looked at while they pass by: refused early with line and reason, or planned."""

from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest
from tests.telco import TELCO

from churn_api.jobs.csv.upload_check import MAX_ROW_BYTES, UploadCheck
from churn_api.jobs.errors import InvalidUpload, UploadTooLarge
from churn_api.jobs.plan import Plan


def taken(data: bytes, step: int = 1 << 16, limit_mb: int = 50) -> UploadCheck:
    check = UploadCheck(TELCO, limit_mb, 200_000)
    passed = b"".join(check.passing(data[start : start + step] for start in range(0, len(data), step)))
    assert len(passed) == check.size
    return check


def test_what_is_csv_already_passes_through_untouched(many_customers: Callable[[int], bytes]) -> None:
    data = many_customers(3_000)
    blocks = (data[start : start + 70_000] for start in range(0, len(data), 70_000))
    assert b"".join(UploadCheck(TELCO, 50).passing(blocks)) == data


@pytest.mark.parametrize("step", [1, 7, 4096])
@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf", b"\n\r\n  \n"], ids=["plain", "BOM", "blank lines"])
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"], ids=["LF", "CRLF", "CR"])
def test_rows_are_counted_whatever_the_line_ends(header_line: bytes, line_end: bytes, start: bytes, step: int) -> None:
    data = start + header_line.strip() + line_end + line_end.join([b"a", b"", b'"b\nc"', b"d"])
    assert taken(data, step).plan().rows == 3


def test_a_header_alone_is_a_plan_without_rows(header_line: bytes) -> None:
    assert taken(header_line.strip()).plan().chunks == ()
    assert taken(header_line + b"\n \n").plan().chunks == ()


def test_chunks_follow_each_other_without_gaps(many_customers: Callable[[int], bytes], header_line: bytes) -> None:
    data = many_customers(9_000)
    plan = taken(data).plan()
    assert len(plan.chunks) > 3
    assert plan.chunks[0].start == len(header_line)
    assert plan.chunks[-1].end == len(data)
    assert plan.rows == 9_000
    for before, after in pairwise(plan.chunks):
        assert (before.end, before.first + before.rows) == (after.start, after.first)
        assert data[before.end - 1 : before.end] == b"\n"


def test_a_plan_survives_being_written_down(many_customers: Callable[[int], bytes]) -> None:
    plan = taken(many_customers(3_000)).plan()
    assert Plan.from_bytes(plan.to_bytes()) == plan


def test_the_plan_does_not_depend_on_how_the_upload_was_cut(many_customers: Callable[[int], bytes]) -> None:
    data = many_customers(3_000).replace(b",Yes,", b',"Yes",')
    assert taken(data, 1_000).plan() == taken(data, 1 << 20).plan()


def refusal(data: bytes) -> InvalidUpload:
    with pytest.raises(InvalidUpload) as caught:
        taken(data)
    assert caught.value.status == 422
    return caught.value


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf\n \n", "empty"),
        (b"\x1f\x8b\x08\x00", "gzip"),
        (b"PK\x03\x04rest", "Excel"),
        (b"%PDF-1.7", "PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", ".xls"),
        (b"x" * 100_000, "Line 1: no header"),
        (b"HEADER\na\n\xff\n", "Line 3: this is not UTF-8"),
        (b"HEADER\na\n\xc3", "Line 3: this is not UTF-8"),
        (b'HEADER\na\n"b\nc\n', "Line 3: a quote is opened"),
    ],
    ids=["nothing", "only blanks", "gzip", "zip", "PDF", "xls", "no lines", "Latin-1", "cut character", "open quote"],
)
def test_what_is_no_csv_is_refused_with_line_and_reason(header_line: bytes, data: bytes, words: str) -> None:
    error = refusal(data.replace(b"HEADER", header_line.strip()))
    assert words in error.message
    assert [fault.field for fault in error.errors] == ["file"]


def test_names_are_matched_without_case_blanks_and_underscores(header_line: bytes) -> None:
    data = header_line.replace(b"Contract", b" CONTRACT").replace(b"SeniorCitizen", b"senior_citizen").strip()
    check = taken(data + b",Shoe size,,\n")
    assert check.plan().columns == (*header_line.decode().strip().split(","), "", "", "")
    assert check.ignored_columns == ("Shoe size",)
    assert any("CONTRACT as Contract" in note for note in check.notes)


def test_every_column_at_fault_is_named_at_once(header_line: bytes) -> None:
    data = (
        header_line.replace(b"Contract,", b"").replace(b",tenure", b",Tenure in months").strip() + b",gender,Gender\n"
    )
    error = refusal(data)
    assert {(fault.field, fault.code) for fault in error.errors} == {
        ("Contract", "missing"),
        ("tenure", "missing"),
        ("gender", "not_allowed"),
    }
    assert any('rename the column "Tenure in months"' in fault.message for fault in error.errors)
    assert "each fault is listed" in error.message


def test_an_optional_field_may_have_no_column(header_line: bytes) -> None:
    header = taken(header_line.replace(b",OnlineBackup", b"").replace(b",TotalCharges", b"")).header
    assert header is not None
    assert header.absent == ("OnlineBackup", "TotalCharges")
    assert any("OnlineBackup, TotalCharges" in note for note in header.notes)


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize(
    "rows",
    [b'a|"b\rc|d"|"e', b'a|"b|c"|"d\n\xe9"', b"a|b|c|d\xe9", b'a|,,|"b|c"|\xe9'],
    ids=["open quote", "Latin-1 behind a line end in a cell", "Latin-1", "Latin-1 behind ghost rows and line ends"],
)
def test_a_line_is_counted_as_an_editor_counts_it(header_line: bytes, line_end: bytes, rows: bytes) -> None:
    data = header_line.strip() + line_end + rows.replace(b"|", line_end)
    for step in (1, 3, 1 << 16):
        with pytest.raises(InvalidUpload) as caught:
            taken(data, step)
        counted = data[: data.rindex(b'"e' if rows.endswith(b"e") else b"\xe9")]
        expected = 1 + counted.count(b"\n") + counted.count(b"\r") - counted.count(b"\r\n")
        assert caught.value.message.startswith(f"Line {expected}:")


def test_columns_may_stand_in_any_order_and_be_quoted(header_line: bytes) -> None:
    names = header_line.strip().split(b",")
    data = b",".join(b'" %s "' % name for name in reversed(names)) + b"\n"
    assert taken(data).plan().columns == tuple(name.decode() for name in reversed(names))


def test_a_row_without_end_is_refused_before_it_fills_the_memory(header_line: bytes) -> None:
    error = refusal(header_line + b"a,b\n" + b'"' + b"x" * (MAX_ROW_BYTES + 700_000))
    assert error.message.startswith("Line 3: a row is longer than 1 MiB")


def test_too_large_an_upload_is_cut_off(header_line: bytes) -> None:
    rows = b"\n" * (1_000_000 - len(header_line))
    taken(header_line + rows, limit_mb=1)
    with pytest.raises(UploadTooLarge, match="larger than 1 MB"):
        taken(header_line + rows + b"x", limit_mb=1)


GHOSTS = {
    "commas": b",,,,\n",
    "blanks between commas": b" ,\t, ,\n",
    "quoted nothing": b'"",""," "\n',
    "a line end in quotes": b'"\n",\n',
    "blanks": b"   \n",
}


@pytest.mark.parametrize("ghost", GHOSTS)
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"], ids=["LF", "CRLF", "CR"])
def test_rows_without_any_text_are_none(header_line: bytes, ghost: str, line_end: bytes) -> None:
    rows = b"".join([GHOSTS[ghost], b"a,b\n", 3 * GHOSTS[ghost], b'"",c\n', b"d\n", GHOSTS[ghost]])
    assert taken((header_line + rows).replace(b"\n", line_end)).plan().rows == 3


def test_lines_of_commas_before_the_header_are_skipped(header_line: bytes) -> None:
    assert taken(b",,\n ,\n" + header_line + b"a,b\n").plan().rows == 1


def faulty(count: int, many_customers: Callable[[int], bytes], header_line: bytes) -> bytes:
    """Customers whose cells have slipped to the left by one."""
    rows = many_customers(count)[len(header_line) :].splitlines()
    return header_line + b"".join(row.partition(b",")[2] + b",\n" for row in rows)


def test_a_thousand_refused_rows_at_the_start_are_told_at_once(
    header_line: bytes, many_customers: Callable[[int], bytes]
) -> None:
    error = refusal(faulty(1_000, many_customers, header_line))
    assert error.message.startswith("None of the first 1,000 rows can be read.")
    assert "one column to the left of their names" in error.message
    assert 1 < len(error.errors) <= 10
    assert any(fault.message.startswith("1,000 of 1,000 rows, such as: ") for fault in error.errors)


def test_fewer_rows_or_one_good_one_are_an_ordinary_job(
    header_line: bytes, many_customers: Callable[[int], bytes]
) -> None:
    assert taken(faulty(999, many_customers, header_line)).plan().rows == 999
    bad = faulty(2_000, many_customers, header_line).splitlines(keepends=True)
    bad[900] = many_customers(1).splitlines(keepends=True)[1]
    assert taken(b"".join(bad)).plan().rows == 2_000


def test_rows_refused_at_the_start_of_a_large_file_are_told_before_its_end(
    header_line: bytes, many_customers: Callable[[int], bytes]
) -> None:
    data = faulty(20_000, many_customers, header_line)
    sent = 0

    def blocks() -> Iterator[bytes]:
        nonlocal sent
        for start in range(0, len(data), 50_000):
            sent += 50_000
            yield data[start : start + 50_000]

    with pytest.raises(InvalidUpload, match="None of the first"):
        list(UploadCheck(TELCO, 50).passing(blocks()))
    assert sent < len(data) / 4


def test_one_fault_in_all_rows_is_named(header_line: bytes, many_customers: Callable[[int], bytes]) -> None:
    data = many_customers(1_200).replace(b"Female", b"Femail").replace(b",Male", b",Mail")
    error = refusal(data)
    assert "Most often: gender, not_allowed, in 1,000 of them." in error.message
