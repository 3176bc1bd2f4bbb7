"""Tracked predictions of a release over made-up customers, and outcomes that follow the probabilities of another."""

import random
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from tests.telco import FIELDS, TELCO

from churn import release
from churn.store.interface import ObjectStore
from churn.tracking import layout, outcomes, predictions

SCORED = datetime(2026, 12, 1, 9, tzinfo=UTC)
LATER = datetime(2027, 4, 15, 9, tzinfo=UTC)


def predicted(
    store: ObjectStore, version: str, customers: Sequence[Any], moment: datetime = SCORED, absent: Sequence[str] = ()
) -> NDArray[np.float64]:
    """Track a prediction of each customer by a release, with these fields absent; returns the probabilities."""
    predictor = release.load(store, version).predictor
    gone = dict.fromkeys(absent)
    if absent:
        probability = np.array(
            [
                predictor.scorer.probabilities(predictor.background.completions(each._replace(**gone))).mean()
                for each in customers
            ]
        )
    else:
        probability = predictor.scorer.probabilities(TELCO.table_of(customers))
    ids = pl.Series([f"C{number}" for number in range(len(customers))])
    columns = [
        pl.Series([None if name in gone else value for value in column], dtype=pl.Float64)
        for name, column in zip(FIELDS, zip(*customers, strict=True), strict=True)
    ]
    moments = pl.Series([moment]).new_from_index(0, len(ids))
    assumed = np.full(len(ids), len(absent), np.uint8)
    table = predictions.frame(TELCO, version, "job", ids, moments, probability, assumed, columns)
    key = f"{layout.PREDICTIONS}{layout.month_of(moment)}{version}.parquet"
    store.put(key, predictions.to_bytes(table, TELCO.hash), content_type="application/octet-stream")
    return probability


def became(store: ObjectStore, truth: NDArray[np.float64], seed: int = 1, known: float = 1.0) -> None:
    """Tell the outcomes of the customers, of this share of them: each leaves with his true probability."""
    chance = random.Random(seed)
    left, stayed = date(2026, 12, 20), date(2027, 3, 20)
    rows = []
    for number, probability in enumerate(truth):
        leaves = chance.random() < probability
        if chance.random() < known:
            dates = (left, None) if leaves else (None, stayed)
            rows.append((f"C{number}", *dates, None, None, None, None, LATER, number))
    table = pl.DataFrame(rows, schema=outcomes.COLUMNS, orient="row")
    store.put(f"{layout.OUTCOMES}month=2027-04/a.parquet", outcomes.to_bytes(table), content_type="x/y")
