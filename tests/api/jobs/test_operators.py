"""Jobs over six operators' whole tables: every row is accounted for, and read as the customers' own reader reads it."""

import csv
import io
import os
import random
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.api.jobs.csv.differential import cells_of, check
from tests.made_up import made_up_terms, published
from tests.operators.test_declarations import COUNTS, FILES

from churn.customer.declaration import Customer
from churn.customer.likeness import fold
from churn.errors import ValidationError
from churn.schema import Schema, load_schema
from churn_api.jobs.csv.column_reader import read_table
from churn_api.jobs.csv.header import read_header
from churn_api.jobs.csv.reader import ChunkReader

DATA = Path(os.environ.get("CHURN_DATA_DIR", "data")) / "operators"


class Operator(NamedTuple):
    """A table as it came, its rows by field, and some of its customers who have every field."""

    name: str
    schema: Schema
    data: bytes
    rows: list[dict[str, str]]
    people: list[Customer]


@cache
def operator(name: str) -> Operator:
    """The operator of this name; skips where there is no table of his."""
    [file] = [file for file in FILES if file.stem == name]
    table = DATA / f"{name}.csv"
    if not table.exists():
        pytest.skip(f"no {table} (CHURN_DATA_DIR names the folder of data sets)")
    schema, data = load_schema(file.read_text(), file.name), table.read_bytes()
    head, *cells = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""))
    fields = [schema.column_names.field_of(name) for name in head]
    rows = [{field: cell for field, cell in zip(fields, row, strict=True) if field} for row in cells]
    some = random.Random(1).sample(rows, 400)
    readings = [schema.reader.read(without_outcome(schema, row)) for row in some]
    people = [reading.customer for reading in readings if not reading.assumed]
    return Operator(name, schema, data, rows, people)


def without_outcome(schema: Schema, row: dict[str, str]) -> dict[str, str]:
    return {name: cell for name, cell in row.items() if name != schema.outcome}


@pytest.fixture(params=sorted(COUNTS))
def table(request: pytest.FixtureRequest) -> Operator:
    return operator(request.param)


def test_every_row_of_the_whole_table_is_accounted_for(bench: Any, rows_of: Any, table: Operator) -> None:
    schema = table.schema
    predictor = made_up_terms(schema, table.people[:100])
    bench.version = published(bench.store, table.people[:100], predictor)
    job = bench.submit(table.data, filename=f"{table.name}.csv", schema=schema)
    bench.drain()
    shown = bench.job_service.get(job.id)
    assert (shown["status"], shown["error"]) == ("completed", None)
    results, errors = (rows_of(bench.file(job, kind)) for kind in ("results", "errors"))
    count, refused = COUNTS[table.name][0], [row["row"] for row in errors]
    assert sorted(int(row["row"]) for row in (*results, *errors)) == list(range(1, count + 1))
    assert len(refused) <= 1
    for number in refused:
        with pytest.raises(ValidationError):
            schema.reader.read(without_outcome(schema, table.rows[int(number) - 1]))
    counts = {"total": count, "completed": count - len(refused), "failed": len(refused)}
    assert shown["request_counts"] == counts
    head = next(csv.reader(io.StringIO(table.data.decode("utf-8-sig"))))
    known = {schema.id, schema.outcome, *schema.fields}
    assert shown["ignored_columns"] == [
        name.strip() for name in head if name.strip() and schema.column_names.field_of(name) not in known
    ]
    assert {fold(name) for name in schema.leave_out} <= {fold(name) for name in shown["ignored_columns"]}
    for row in random.Random(2).sample(results, 200):
        record = table.rows[int(row["row"]) - 1]
        assert row["customerID"] == record.get(schema.id, "")
        reading = schema.reader.read(without_outcome(schema, record))
        answer = predictor.predict(reading, 3)
        assert float(row["churn_probability"]) == pytest.approx(answer.churn_probability, abs=5.1e-7)
        assert [row[f"reason_{rank}"] for rank in (1, 2, 3)] == [reason.text for reason in answer.reasons]


def test_the_whole_table_is_read_by_columns_as_row_by_row(table: Operator) -> None:
    schema, count = table.schema, len(table.rows)
    line, _, data = table.data.removeprefix("\ufeff".encode()).partition(b"\n")
    columns = read_header(schema, line).fields
    read = read_table(schema, ChunkReader(data, columns, count), columns)
    assert read.sure.mean() > 0.99
    for place in np.flatnonzero(read.sure).tolist():
        record = without_outcome(schema, table.rows[place])
        wanted = np.array(schema.reader.read(record).customer, np.float64)
        held = np.array([column[place] for column in read.customers], np.float64)
        assert np.array_equal(held, wanted, equal_nan=True), place


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_cell_of_the_table_is_judged_as_row_by_row(table: Operator, data: st.DataObject) -> None:
    schema = table.schema
    cells = st.one_of(st.just(""), cells_of(schema))
    changes = data.draw(st.lists(st.dictionaries(st.sampled_from(list(schema.fields)), cells, max_size=5), max_size=5))
    records = [without_outcome(schema, table.rows[place]) | change for place, change in enumerate([*changes, {}])]
    check(predictor_of(table.name), records)


@cache
def predictor_of(name: str) -> Any:
    held = operator(name)
    return made_up_terms(held.schema, held.people[:100])
