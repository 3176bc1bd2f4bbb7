"""The columns, the scaler and the published files."""

import io
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from tests.telco import COLUMNS, TELCO, matrix

from churn.schema import load_schema
from churn_trainer.data import prepare as prepare_module
from churn_trainer.data.hashes import row_hashes
from churn_trainer.data.prepare import prepare, processed_files


def test_the_scaler_knows_all_but_the_test_part(prepared):
    rows = prepared.split.development
    seen = matrix(prepared.table.take(rows).customers)
    assert prepared.scaler.mean_ == pytest.approx(seen.mean(axis=0))
    assert prepared.scaler.n_samples_seen_ == len(rows) == len(prepared.table) - len(prepared.split.test)


def test_a_column_of_rounding_alone_is_not_scaled_up(small_table):
    """Divided by a spread of 1e-14 it would get a weight of 1e12 by chance, and no customer the same answer twice."""
    customers = small_table.customers
    totals = customers.tenure * customers.MonthlyCharges
    prepared = prepare(replace(small_table, customers=customers._replace(TotalCharges=totals)))
    drift, rows = COLUMNS.index("ChargeDrift"), prepared.split.development
    assert 0 < np.abs(prepared.unscaled(rows)[:, drift]).max() < 1e-12
    assert np.abs(prepared.scaled(rows)[:, drift]).max() < 1e-12
    others = np.delete(prepared.scaled(rows), drift, axis=1)
    assert others.std(axis=0) == pytest.approx(1, abs=1e-4)


def test_models_are_compared_on_all_but_the_test_part_or_on_the_first_by_their_hashes(prepared):
    development, keys = prepared.split.development, prepared.table.keys
    assert (prepared.compared(len(development)) == development).all()
    few = prepared.compared(100)
    assert set(few) < set(development)
    assert sorted(keys[few]) == sorted(keys[development])[:100]


def test_a_row_has_the_group_of_its_fields(prepared):
    rows = prepared.split.test[:5]
    assert (prepared.groups(rows) == row_hashes(prepared.table.take(rows).customers)).all()


@pytest.mark.parametrize("identified", [True, False])
def test_customers_alike_stay_in_the_test_part_where_ids_of_ones_own_table_tell_them_apart(small_table, identified):
    """Of a table of few coarse fields hardly anybody would be left to judge by, and those the unusual ones."""
    ours = load_schema(TELCO.source.replace('name = "telco"', 'name = "ours"'), "ours.toml")
    alike = small_table.take(np.arange(len(small_table)) // 3)
    table = replace(alike, schema=ours, keys=small_table.keys, identified=identified)
    prepared = prepare(table)
    assert (len(prepared.split.repeated) == 0) is identified
    assert len(np.unique(prepared.row_groups)) == len(small_table) // 3


def test_scaled_columns_are_those_that_serving_makes_rounded_to_single_precision(prepared):
    rows = prepared.split.test
    served = (matrix(prepared.table.take(rows).customers) - prepared.scaler.mean_) / prepared.scaler.scale_
    assert prepared.scaled(rows).dtype == np.float32
    assert (prepared.scaled(rows) == served.astype(np.float32)).all()


def test_large_tables_are_worked_on_in_blocks_with_the_same_result(small_table, prepared, monkeypatch):
    monkeypatch.setattr(prepare_module, "BLOCK", 128)
    in_blocks = prepare(small_table)
    assert in_blocks.scaler.mean_ == pytest.approx(prepared.scaler.mean_, rel=1e-12)
    assert in_blocks.scaler.scale_ == pytest.approx(prepared.scaler.scale_, rel=1e-12)


def test_the_processed_files_hold_the_scaled_columns_and_the_labels(prepared):
    files = {name: b"".join(chunks) for name, chunks in processed_files(prepared)}
    assert set(files) == {
        "feature_names.csv",
        *(f"{kind}_{part}.csv" for kind in "Xy" for part in ("train", "val", "test")),
    }
    test = pd.read_csv(io.BytesIO(files["X_test.csv"]), dtype=np.float32)
    assert tuple(test.columns) == COLUMNS
    assert (test.to_numpy() == prepared.scaled(prepared.split.test)).all()
    assert (
        pd.read_csv(io.BytesIO(files["y_val.csv"]))["Churn"].tolist()
        == prepared.churn[prepared.split.validation].tolist()
    )
    assert pd.read_csv(io.BytesIO(files["feature_names.csv"]))["feature"].tolist() == list(COLUMNS)
