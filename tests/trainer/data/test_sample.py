"""The synthetic sample."""

import hashlib

import numpy as np
from tests.telco import TELCO

from churn_trainer.data import sample
from churn_trainer.data.check import check
from churn_trainer.data.table import load

# Changes only when the generator is changed on purpose: then every release made of a sample is made anew.
SHA256 = "1d35545258a9413af5a859a908852e65b93672f0c4e4c2e6784fde5c191f9b7b"


def test_the_sample_is_the_same_bytes_on_every_run_and_machine():
    assert hashlib.sha256(sample.csv_bytes()).hexdigest() == SHA256


def test_the_sample_passes_the_checks_of_a_real_table(source_of):
    table, findings = load(source_of(sample.csv_bytes()), TELCO)
    check(table, findings, "sample")
    assert (len(table), findings.faulty_rows) == (sample.ROWS, 0)


def test_the_sample_churns_as_telephone_customers_do(source_of):
    table, _ = load(source_of(sample.csv_bytes()), TELCO)
    customers, churned = table.customers, table.churn == 1
    assert 0.2 < churned.mean() < 0.35
    monthly, one_year, two_year = (churned[customers.Contract == code].mean() for code in range(3))
    assert monthly > 2 * one_year > 2 * two_year
    assert np.median(customers.tenure[churned]) < np.median(customers.tenure[~churned])


def test_a_new_customer_of_the_sample_has_not_been_billed_yet():
    rows = sample.csv_bytes().decode().splitlines()
    assert any(row.split(",")[5] == "0" and row.split(",")[-2] == " " for row in rows)
