"""Dropping rows of a CSV: as the csv module reads them, however the bytes come, and not a byte more."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from churn.store.interface import ObjectStore
from churn_api.tracking.csv_rows import RowDropper, drop_rows, may_hold

IDS = ["1", "12", "a b", 'say "x"', "c,d", "ü", "two\nlines"]
CELLS = st.sampled_from([*IDS, "", "0", '"', " 1 ", "x" * 40])


def written(rows: list[list[str]], end: str) -> bytes:
    target = io.StringIO()
    # The module leaves a line end in a cell as it is where lines end otherwise.
    csv.writer(target, lineterminator=end, quoting=csv.QUOTE_ALL if end == "\r" else csv.QUOTE_MINIMAL).writerows(rows)
    return target.getvalue().encode()


@given(
    rows=st.lists(st.tuples(CELLS, CELLS, CELLS).map(list), max_size=30),
    names=st.sets(st.sampled_from(IDS), min_size=1),
    size=st.integers(1, 50),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    last=st.booleans(),
)
def test_the_rows_with_these_ids_are_dropped_and_no_byte_else(
    rows: list[list[str]], names: set[str], size: int, end: str, last: bool
) -> None:
    rows = [["first", "id", "last"], *rows]
    data = written(rows, end)
    data = data if last else data.removesuffix(end.encode())
    dropper = RowDropper(1, names)
    left = b"".join(dropper.passing(data[start : start + size] for start in range(0, len(data), size)))
    kept = [row for number, row in enumerate(rows) if number == 0 or row[1].strip() not in names]
    expected = written(kept, end)
    assert left in (expected, expected.removesuffix(end.encode()))
    assert dropper.dropped == len(rows) - len(kept)


def test_a_first_row_that_looks_like_a_customers_is_kept() -> None:
    dropper = RowDropper(0, {"customerID"})
    assert b"".join(dropper.passing([b"customerID,x\n", b"customerID,y\n"])) == b"customerID,x\n"


def test_other_delimiters_and_rows_that_are_too_short(store: ObjectStore) -> None:
    store.put("a.csv", b"n;id\n1;7\n2\n3;70\n", content_type="text/csv")
    drop_rows(store, "a.csv", 1, {"7"}, ";")
    assert store.get("a.csv").data == b"n;id\n2\n3;70\n"
    drop_rows(store, "missing.csv", 1, {"7"})


@pytest.mark.parametrize(("name", "held"), [("7590", True), ("VHVEG", True), ("759-", False), ('a "quote"', True)])
def test_what_an_object_may_hold_is_found_across_blocks(store: ObjectStore, name: str, held: bool) -> None:
    filler = b"x" * ((1 << 20) - 2)
    store.put("a.csv", filler + b'7590-VHVEG\n"a ""quote"""\n', content_type="text/csv")
    assert may_hold(store, "a.csv", name) is held
    assert not may_hold(store, "missing.csv", name)
