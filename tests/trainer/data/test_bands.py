"""The groups that the values of a number fall into."""

import math

import pandas as pd
from tests.provider import PROVIDER

from churn_trainer.data.bands import banded


def test_bands_of_whole_numbers_do_not_share_their_edges():
    groups = banded(pd.Series([1.0, 12.0, 13.0, 100.0]), PROVIDER.numbers["tenure"])
    assert list(groups) == ["1–12", "1–12", "13–48", "49–100"]


def test_a_blank_that_is_a_value_is_a_group_of_its_own():
    groups = banded(pd.Series([0.0, 1.1, math.nan]), PROVIDER.numbers["Remaining Contract"])
    assert list(groups) == ["0–1", "1–2.5", "blank"]
