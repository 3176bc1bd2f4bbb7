"""Files that lie among the tracked tables and are none of them."""

import io

import polars as pl
import pytest
from tests.broken_files import with_a_damaged_body

from churn.errors import ObjectNotFound
from churn.store.opening import open_store
from churn.tracking.scanning import Table, TableReader, UnreadableTable, read_anew

COLUMNS = {"customer_id": pl.String, "probability": pl.Float64}
KEY = "tracking/a.parquet"


@pytest.fixture
def store(tmp_path):
    return open_store(f"file://{tmp_path}")


def parquet(groups=1, **columns):
    target = io.BytesIO()
    table = pl.DataFrame(columns)
    table.write_parquet(target, row_group_size=-(-table.height // groups), statistics=False)
    return target.getvalue()


WHOLE = parquet(customer_id=["a"], probability=[0.5], more=[1])
TORN = {
    "empty": b"",
    "four bytes": b"PAR1",
    "CSV": b"customer_id,probability\na,0.5\n",
    "no end": WHOLE[:-9],
    "no footer": WHOLE[:40],
    "damaged rows": with_a_damaged_body(WHOLE),
    "other columns": parquet(customer_id=["a"]),
    "other types": parquet(customer_id=["a"], probability=["high"]),
}


def read(store):
    reader, found = TableReader(store), []
    for _ in range(2):
        with reader.passing_over(KEY):
            found += reader.table(KEY, COLUMNS).pieces(10, pl.all())
    return reader, found


def test_a_file_is_read_with_all_that_it_has(store):
    store.put(KEY, WHOLE, content_type="x/y")
    reader, found = read(store)
    assert [piece.rows() for piece in found] == [[("a", 0.5, 1)]] * 2
    assert (reader.left_out, list(reader.words())) == (set(), [])


def test_columns_of_other_types_are_read_as_what_they_hold():
    assert Table(parquet(customer_id=[1], probability=[1]), COLUMNS).read("customer_id", "probability").rows() == [
        ("1", 1.0)
    ]


def test_rows_come_in_pieces_and_where_they_are_wanted():
    table = Table(parquet(customer_id=list("abcde"), probability=[0.1, 0.2, 0.3, 0.4, 0.5]), COLUMNS)
    pieces = table.pieces(2, "customer_id", where=pl.col("probability") > 0.25)
    assert [piece["customer_id"].to_list() for piece in pieces] == [[], ["c", "d"], ["e"]]
    assert table.height == 5


@pytest.mark.parametrize("data", TORN.values(), ids=TORN)
def test_what_is_no_such_file_has_no_rows_and_is_named_in_the_log_once(store, caplog, data):
    store.put(KEY, data, content_type="x/y")
    reader, found = read(store)
    assert (reader.left_out, found) == ({KEY}, [])
    assert caplog.text.count(f"{KEY} is passed over. Delete it, or replace it by a copy: ") == 1
    (words,) = reader.words()
    assert words.startswith("1 file in the store cannot be read")


def test_nothing_counts_of_a_file_whose_last_rows_are_damaged():
    rows = 20_000
    data = bytearray(parquet(2, customer_id=[f"C{number * 7919}" for number in range(rows)], probability=[0.5] * rows))
    data[len(data) // 2 : len(data) // 2 + 20_000] = b"\xff" * 20_000  # in the second of two row groups
    table = Table(bytes(data), COLUMNS)
    assert table._piece(0, 10, ("customer_id",), True).height == 10
    with pytest.raises(UnreadableTable):
        table.pieces(5_000, "customer_id")


def test_what_polars_panics_about_is_an_unreadable_file(monkeypatch):
    def panic(*_):
        raise pl.exceptions.PanicException("range end index 7 out of range")

    monkeypatch.setattr(pl, "read_parquet_schema", panic)
    with pytest.raises(UnreadableTable, match="range end index 7"):
        Table(WHOLE, COLUMNS)


def test_a_file_that_is_gone_is_told(store):
    with pytest.raises(ObjectNotFound):
        TableReader(store).table(KEY, COLUMNS)


@pytest.mark.parametrize(("times", "is_told"), [(0, False), (4, False), (5, True)])
def test_all_is_read_anew_while_files_that_were_listed_are_gone_but_not_for_ever(times, is_told):
    left = [KEY] * times

    def read():
        if left:
            raise ObjectNotFound(left.pop())
        return "all of it"

    if is_told:
        with pytest.raises(ObjectNotFound):
            read_anew(read)
    else:
        assert read_anew(read) == "all of it"
