"""Whatever dress a table comes in, its rows are scored as those of the plain one."""

from typing import Any

import pytest
from tests.api.jobs.files import ALL, CELLS, FILES, NAMES, PLAIN, Shape, table

READ = [shape for shape in FILES if shape.rows == len(CELLS) and shape.name != "optional columns absent"]


@pytest.fixture
def results(bench: Any) -> Any:
    """A function that scores a file and returns the results' lines."""

    def score(data: bytes) -> list[str]:
        job = bench.submit(data)
        bench.drain()
        assert bench.status(job) == "completed"
        assert bench.file(job, "errors").decode().count("\n") == 1, bench.file(job, "errors")
        return bench.file(job, "results").decode().splitlines()

    return score


def test_every_shape_is_scored_as_the_plain_table_is(results: Any) -> None:
    plain = results(PLAIN.encode())
    assert len(plain) == 1 + len(CELLS)
    for shape in READ:
        assert results(shape.data) == plain, shape.name


def test_an_optional_field_without_a_column_is_absent_in_every_row(results: Any) -> None:
    places = [NAMES.index(name) for name in ("Dependents", "OnlineBackup", "TotalCharges")]
    left = [[cell for place, cell in enumerate(row) if place not in places] for row in ALL]
    blank = [NAMES, *([cell if place not in places else "" for place, cell in enumerate(row)] for row in ALL[1:])]
    assert results(table(left).encode()) == results(table(blank).encode())


def test_a_row_of_the_wrong_shape_is_told_by_the_files_own_width(bench: Any) -> None:
    extra = [[*NAMES, "Region"], [*ALL[1], "x"], ALL[2]]
    job = bench.submit(table(extra).encode())
    bench.drain()
    errors = bench.file(job, "errors").decode()
    assert "2," in errors
    assert "The row has 20 cells where the header has 21." in errors


def test_a_total_that_can_mean_two_things_is_asked_about_in_its_own_row(bench: Any) -> None:
    """Of columns, too, which are read at once: a comma would make it text, a point does not."""
    tenure, monthly, total = (NAMES.index(name) for name in ("tenure", "MonthlyCharges", "TotalCharges"))
    rows = [list(ALL[1]) for _ in range(3)]
    for row, cell in zip(rows, ("1324.8", "1.324", "999.5"), strict=True):
        row[tenure], row[monthly], row[total] = "24", "55.2", cell
    job = bench.submit(table([NAMES, *rows]).encode())
    bench.drain()
    errors = bench.file(job, "errors").decode().splitlines()
    assert [line.split(",")[0] for line in errors[1:]] == ["2"]
    assert "can be read as 1,324 or as 1.324" in errors[1]
    assert [line.split(",")[0] for line in bench.file(job, "results").decode().splitlines()[1:]] == ["1", "3"]


@pytest.mark.parametrize(
    ("cell", "other", "read"),
    [
        ("55,20", "1.324,80", ("55.20", "1324.80")),
        ("55,2", "1.324", ("55.2", "1324")),
        ("55.20", "1324.80", ("55.20", "1324.80")),
        (" 55,20 ", "1324,8", (" 55.20 ", "1324.8")),
        ("55,200", "1324,8", ("55.200", "1324.8")),
    ],
)
def test_decimal_commas_are_read_where_semicolons_separate(
    results: Any, cell: str, other: str, read: tuple[str, str]
) -> None:
    row = [*ALL[1][:-2], cell, other]
    expected = [*ALL[1][:-2], *read]
    assert results(table([NAMES, row], ";").encode()) == results(table([NAMES, expected]).encode())


def test_a_shape_names_itself_once() -> None:
    assert len({shape.name for shape in FILES}) == len(FILES)
    assert all(isinstance(shape, Shape) for shape in FILES)
