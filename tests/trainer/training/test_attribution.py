"""What services and tenure explain of the charges."""

from dataclasses import replace

import numpy as np
import pytest
from tests.telco import CATEGORIES, TELCO

from churn_trainer.data.prepare import prepare
from churn_trainer.data.table import load
from churn_trainer.training.attribution import explained_by, explained_shares, slopes_of

YES = CATEGORIES["TechSupport"].code("Yes")
FIBER = CATEGORIES["InternetService"].code("Fiber optic")


@pytest.fixture(scope="module")
def billed(prepared):
    """Customers who pay $20, $25 for fiber optic internet, $5 for tech support, and some cents more or less."""
    customers = prepared.table.customers
    cents = np.random.default_rng(3).normal(0, 0.1, len(prepared.table))
    bill = 20 + 25.0 * (customers.InternetService == FIBER) + 5.0 * (customers.TechSupport == YES) + cents
    changed = customers._replace(MonthlyCharges=bill, TotalCharges=bill * customers.tenure)
    return replace(prepared, table=replace(prepared.table, customers=changed))


def test_the_slopes_of_the_bill_are_the_prices(billed):
    prices = slopes_of(billed, billed.split.development)["MonthlyCharges"]
    assert prices["InternetService_Fiber Optic"] == pytest.approx(25, abs=0.05)
    assert prices["TechSupport_Yes"] == pytest.approx(5, abs=0.05)
    assert prices["OnlineBackup_Yes"] == pytest.approx(0, abs=0.05)


def test_they_are_those_of_the_rows_asked_about(billed):
    assert slopes_of(billed, billed.split.development) != slopes_of(billed, billed.split.test)


def test_what_is_billed_in_all_grows_with_the_tenure(billed):
    total = slopes_of(billed, billed.split.development)["TotalCharges"]
    assert total["tenure"] == pytest.approx(billed.table.customers.MonthlyCharges.mean(), rel=0.2)
    assert set(explained_by(TELCO)["MonthlyCharges"]).isdisjoint({"tenure", "LogTenure", "gender_Male", "StreamxFiber"})


def test_a_bill_that_is_a_sum_of_prices_is_explained_whole(billed):
    shares = explained_shares(billed, billed.split.development)
    assert shares["MonthlyCharges"] == pytest.approx(1, abs=0.001)
    assert 0.5 < shares["TotalCharges"] < shares["MonthlyCharges"]


def test_the_real_bill_is_the_sum_of_the_services_prices_to_within_a_dollar(telco_csv, source_of):
    whole = prepare(load(source_of(telco_csv.read_bytes()), TELCO)[0])
    assert explained_shares(whole, whole.split.development)["MonthlyCharges"] > 0.998
    prices = slopes_of(whole, whole.split.development)["MonthlyCharges"]
    assert prices["InternetService_Fiber Optic"] == pytest.approx(25, abs=0.2)
    assert prices["StreamingTV_Yes"] == pytest.approx(10, abs=0.2)
    assert prices["TechSupport_Yes"] == pytest.approx(5, abs=0.2)
