"""The groups that the values of a number fall into."""

import math

import pandas as pd
import pytest
from tests.provider import PROVIDER
from tests.telco import TELCO

from churn_trainer.data.bands import banded


@pytest.mark.parametrize(
    ("name", "value", "band"),
    [
        ("tenure", 0, "0–6"),
        ("tenure", 6, "0–6"),
        ("tenure", 7, "7–12"),
        ("tenure", 72, "49–72"),
        ("tenure", 73, "73–100"),
        ("MonthlyCharges", 30.0, "0–30"),
        ("MonthlyCharges", 50.0, "30–50"),
        ("MonthlyCharges", 50.05, "50–70"),
        ("MonthlyCharges", 90.05, "90–110"),
        ("MonthlyCharges", 200.0, "110–200"),
        ("TotalCharges", 100.0, "0–100"),
        ("TotalCharges", 2500.05, "2,500–5,000"),
    ],
)
def test_a_number_falls_into_the_group_whose_upper_end_it_does_not_pass(name, value, band):
    assert list(banded(pd.Series([value]), TELCO.numbers[name])) == [band]


def test_bands_of_whole_numbers_do_not_share_their_edges():
    groups = banded(pd.Series([1.0, 12.0, 13.0, 100.0]), PROVIDER.numbers["tenure"])
    assert list(groups) == ["1–12", "1–12", "13–48", "49–100"]


def test_a_blank_that_is_a_value_is_a_group_of_its_own():
    groups = banded(pd.Series([0.0, 1.1, math.nan]), PROVIDER.numbers["Remaining Contract"])
    assert list(groups) == ["0–1", "1–2.5", "blank"]
