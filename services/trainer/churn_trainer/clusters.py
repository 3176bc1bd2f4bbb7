"""Rows of one customer, who is one witness: his months, and the copies by which he stands for others."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from churn.intervals import wilson

Clusters = NDArray[np.intp] | None
"""The number from 0 of each row's customer, shape (n,); None where each row is a customer of its own."""


def of_rows(customer: Clusters, rows: NDArray[np.intp | np.bool]) -> Clusters:
    """The clusters of these rows alone, given by number or as a mask."""
    return None if customer is None else customer[rows]


def count(customer: NDArray[np.intp]) -> int:
    """How many customers there are."""
    return int(np.count_nonzero(np.bincount(customer)))


def design_effect(values: NDArray[np.float64 | np.bool], customer: Clusters) -> float:
    """By how much the variance of the mean of n values is larger than if each row were a customer; at least 1.

    What a customer's rows differ from the mean by is added up before it is squared (Liang & Zeger 1986); the ratio is
    that of Kish (1965, "Survey Sampling", section 8.2). Values that are all alike count as the customers do whose rows
    they are.
    """
    if customer is None or not len(values):
        return 1.0
    residuals, sizes, n = values - values.mean(), np.bincount(customer), len(values)
    squares, customers = float(residuals @ residuals), count(customer)
    if squares == 0 or customers == 1:
        return float(sizes @ sizes) / n
    sums = np.bincount(customer, residuals)
    return max(1.0, float(sums @ sums) / squares * customers / (customers - 1) * (n - 1) / n)


def resamples(n: int, customer: Clusters, rng: np.random.Generator, times: int) -> Iterator[NDArray[np.intp]]:
    """So many times the numbers, ascending, of all rows of customers who are drawn with replacement.

    They are as many as there are customers of the n rows.
    """
    if customer is None:
        yield from (np.sort(rng.integers(n, size=n)) for _ in range(times))
        return
    _, numbers = np.unique(customer, return_inverse=True)
    rows, customers = np.arange(n), count(customer)
    for _ in range(times):
        drawn = np.bincount(rng.integers(customers, size=customers), minlength=customers)
        yield np.repeat(rows, drawn[numbers])


def share_interval(hits: NDArray[np.bool], customer: Clusters = None) -> dict[str, float]:
    """The 95 % interval (low, high) of the share of True.

    By Wilson with the effective number of rows (Korn & Graubard 1998).
    """
    effect = design_effect(hits, customer)
    low, high = wilson(float(hits.sum()) / effect, len(hits) / effect)
    return {"low": low, "high": high}
