"""Counting tables of tracked predictions by the bins of a reference."""

import time
from datetime import UTC, date, datetime

import numpy as np
import polars as pl
from tests.telco import TELCO, Customer

from churn.tracking.field_counts import by_window, counts_of
from churn.tracking.predictions import frame
from churn.tracking.reference import SCORE, Reference


def tracked(
    customers: list[Customer], probabilities: np.ndarray, moment: datetime = datetime(2026, 11, 25, tzinfo=UTC)
) -> pl.DataFrame:
    """These customers as tracked predictions of one moment; None is an absent value."""
    columns = [
        pl.Series(name, column, strict=False)
        for name, column in zip(TELCO.fields, zip(*customers, strict=True), strict=True)
    ]
    count = len(customers)
    ids, moments = pl.Series(map(str, range(count))), pl.Series([moment] * count)
    assumed = np.zeros(count, np.uint8)
    return frame(TELCO, "20261123_140301", "job", ids, moments, probabilities, assumed, columns)


def test_the_customers_of_a_reference_are_counted_as_it_has_them(
    customers: list[Customer], probabilities: np.ndarray, reference: Reference
) -> None:
    counts = counts_of(tracked(customers, probabilities), TELCO, reference)
    assert {name: tuple(held.tolist()) for name, held in counts.items()} == {
        name: field.counts for name, field in reference.fields.items()
    }


def test_an_absent_value_is_counted_as_such(
    customers: list[Customer], probabilities: np.ndarray, reference: Reference
) -> None:
    few = [customer._replace(Contract=None, tenure=None) for customer in customers[:7]]
    counts = counts_of(tracked(few, probabilities[:7]), TELCO, reference)
    assert counts["Contract"].tolist() == [0, 0, 0, 7]
    assert counts["tenure"][-1] == counts["tenure"].sum() == 7
    assert counts[SCORE][-1] == 0


def test_rows_are_counted_by_weeks_back_from_today(
    customers: list[Customer], probabilities: np.ndarray, reference: Reference
) -> None:
    days = [
        datetime(2026, 11, 22, 23, 59, tzinfo=UTC),
        datetime(2026, 11, 23, tzinfo=UTC),
        datetime(2026, 11, 29, tzinfo=UTC),
        datetime(2026, 11, 30, tzinfo=UTC),  # that day has just begun
    ]
    table = pl.concat([tracked(customers[:10], probabilities[:10], day) for day in days])
    windows = by_window(table, TELCO, reference, date(2026, 11, 29))
    assert [(since, int(counts[SCORE].sum())) for since, counts in windows] == [
        (date(2026, 11, 23), 30),
        (date(2026, 11, 16), 10),
    ]


def test_a_row_takes_a_fraction_of_a_microsecond(
    customers: list[Customer], probabilities: np.ndarray, reference: Reference
) -> None:
    table = pl.concat([tracked(customers, probabilities)] * 200, rechunk=True)
    fastest = float("inf")
    for _ in range(5):
        start = time.process_time()
        counts_of(table, TELCO, reference)
        fastest = min(fastest, time.process_time() - start)
    assert fastest / len(table) < 0.5e-6  # three times what it may be, as other tests run beside this one
