"""Looking up gives what adding up the columns gives."""

import numpy as np
import pytest

from churn.customer import Customer
from churn.features import matrix
from churn.scorecard import Scorecard
from churn.scoring import FloatArray, table_of
from churn.tabulated import Tabulated


def columns(table: Customer) -> FloatArray:
    """The columns themselves are sums over columns."""
    return np.asarray(matrix(table), np.float64)


def test_every_column_comes_out_as_its_formula_has_it(customers: list[Customer]) -> None:
    tabulated = Tabulated(columns)
    looked_up = np.array([tabulated.all(customer) for customer in customers])
    np.testing.assert_allclose(looked_up, matrix(table_of(customers)), rtol=1e-12, atol=1e-9)


def test_a_sum_is_the_same_to_twelve_digits(customers: list[Customer], scorecard: Scorecard) -> None:
    added = scorecard.intercept + matrix(table_of(customers)) @ np.array(scorecard.weights)
    looked_up = [scorecard.log_odds(customer) for customer in customers]
    np.testing.assert_allclose(looked_up, added, rtol=1e-12, atol=1e-12)


def test_the_first_sum_is_the_first_of_all(customers: list[Customer]) -> None:
    tabulated = Tabulated(columns)
    for customer in customers[:50]:
        assert tabulated.first(customer) == tabulated.all(customer)[0]


def test_a_customer_whom_no_rule_allows_has_no_entry(customers: list[Customer]) -> None:
    contradiction = customers[0]._replace(InternetService=2, OnlineSecurity=2)
    with pytest.raises(KeyError):
        Tabulated(columns).first(contradiction)


def test_columns_of_customers_come_out_as_each_of_them_does(customers: list[Customer]) -> None:
    tabulated = Tabulated(columns)
    one_by_one = np.array([tabulated.all(customer) for customer in customers]).T
    np.testing.assert_allclose(tabulated.table(table_of(customers)), one_by_one, rtol=1e-12, atol=1e-9)


def test_no_customers_have_no_sums(customers: list[Customer]) -> None:
    assert Tabulated(columns).table(table_of(customers[:0])).shape == (45, 0)


def test_one_whom_no_rule_allows_is_found_among_columns(customers: list[Customer]) -> None:
    contradiction = customers[0]._replace(InternetService=2, OnlineSecurity=2)
    with pytest.raises(IndexError):
        Tabulated(columns).table(table_of([*customers[:3], contradiction]))
