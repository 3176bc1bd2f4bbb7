"""The columns, the split and the scaler."""

import io

import numpy as np
import pandas as pd
import pytest

from churn.features import COLUMNS, matrix
from churn_trainer import prepare as prepare_module
from churn_trainer.prepare import prepare, processed_files, split_rows


def test_the_split_is_60_20_20_disjoint_and_complete(small_table):
    split = split_rows(small_table.churn)
    assert [len(part) for part in split] == [900, 300, 300]
    assert sorted(np.concatenate(split)) == list(range(len(small_table)))


def test_every_part_has_the_tables_share_of_churners(small_table):
    for part in split_rows(small_table.churn):
        assert small_table.churn[part].mean() == pytest.approx(small_table.churn.mean(), abs=0.005)


def test_the_split_is_the_same_every_time(small_table):
    first, second = split_rows(small_table.churn), split_rows(small_table.churn)
    assert all((one == other).all() for one, other in zip(first, second, strict=True))


def test_development_is_all_but_the_test_part(prepared):
    assert set(prepared.split.development) == set(range(len(prepared.table))) - set(prepared.split.test)


def test_the_scaler_knows_the_train_part_only(prepared):
    train = matrix(prepared.table.take(prepared.split.train).customers)
    assert prepared.scaler.mean_ == pytest.approx(train.mean(axis=0))
    assert prepared.scaler.n_samples_seen_ == len(prepared.split.train)


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
