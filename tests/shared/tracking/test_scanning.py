"""Files that lie among the tracked tables and are none of them."""

import io

import polars as pl
import pytest

from churn.errors import ObjectNotFound
from churn.store.opening import open_store
from churn.tracking.scanning import scan

COLUMNS = {"customer_id": pl.String, "probability": pl.Float64}


@pytest.fixture
def store(tmp_path):
    return open_store(f"file://{tmp_path}")


def parquet(**columns):
    target = io.BytesIO()
    pl.DataFrame(columns).write_parquet(target)
    return target.getvalue()


WHOLE = parquet(customer_id=["a"], probability=[0.5], more=[1])


def test_a_file_is_read_with_all_that_it_has(store):
    store.put("tracking/a.parquet", WHOLE, content_type="x/y")
    assert scan(store, "tracking/a.parquet", COLUMNS).collect().rows() == [("a", 0.5, 1)]


@pytest.mark.parametrize(
    "data", [b"", b"PAR1", b"customer_id,probability\na,0.5\n", WHOLE[:-9], WHOLE[:40], parquet(customer_id=["a"])]
)
def test_what_is_no_such_file_has_no_rows_and_is_named_in_the_log(store, caplog, data):
    store.put("tracking/a.parquet", data, content_type="x/y")
    found = scan(store, "tracking/a.parquet", COLUMNS).collect()
    assert (found.height, found.schema) == (0, COLUMNS)
    assert "tracking/a.parquet is passed over. Delete it" in caplog.text


def test_a_file_that_is_gone_is_told(store):
    with pytest.raises(ObjectNotFound):
        scan(store, "tracking/a.parquet", COLUMNS)
