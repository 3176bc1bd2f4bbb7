"""Uploads are looked at while they pass by: refused early with line and reason, or planned."""

from collections.abc import Callable
from itertools import pairwise

import pytest

from churn_api.jobs.errors import InvalidUpload, UploadTooLarge
from churn_api.jobs.intake import MAX_ROW_BYTES, Intake
from churn_api.jobs.plan import Plan


def taken(data: bytes, step: int = 1 << 16, limit_mb: int = 50) -> Intake:
    intake = Intake(limit_mb, 200_000)
    passed = b"".join(intake.passing(data[start : start + step] for start in range(0, len(data), step)))
    assert passed == data
    return intake


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
        ("gender,tenure\n".encode("utf-16"), "UTF-16"),
        (b"x" * 100_000, "Line 1: no header"),
        (b"HEADER\na\n\xff\n", "Line 3: this is not UTF-8"),
        (b"HEADER\na\n\xc3", "Line 3: this is not UTF-8"),
        (b'HEADER\na\n"b\nc\n', "Line 3: a quote is opened"),
    ],
    ids=["nothing", "only blanks", "gzip", "zip", "UTF-16", "no lines", "Latin-1", "cut character", "open quote"],
)
def test_what_is_no_csv_is_refused_with_line_and_reason(header_line: bytes, data: bytes, words: str) -> None:
    error = refusal(data.replace(b"HEADER", header_line.strip()))
    assert words in error.message
    assert [fault.field for fault in error.errors] == ["file"]


@pytest.mark.parametrize("delimiter", [b";", b"\t", b"|"])
def test_another_delimiter_is_named(header_line: bytes, delimiter: bytes) -> None:
    assert "commas" in refusal(header_line.replace(b",", delimiter)).message


def test_every_column_at_fault_is_named_at_once(header_line: bytes) -> None:
    data = header_line.replace(b"Contract", b"contract").strip() + b",tenure,,Shoe size\n"
    faults = {(fault.field, fault.code) for fault in refusal(data).errors}
    assert faults == {
        ("Contract", "missing"),
        ("contract", "unknown"),
        ("tenure", "not_allowed"),
        ("", "unknown"),
        ("Shoe size", "unknown"),
    }
    assert any("did you mean Contract?" in fault.message for fault in refusal(data).errors)


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
