"""A chunk's rows as tracked predictions: absent is null, and a blank that is a value is none."""

from math import isnan, nan

import numpy as np
from tests.telco import FIELDS, TELCO

from churn_api.jobs.csv.tracked_rows import AbsentFields


def test_absent_values_are_null_in_their_rows_alone() -> None:
    customers = TELCO.customer(np.zeros(3, np.int8) for _ in FIELDS)
    absent = AbsentFields(3)
    absent.note(1, ["tenure", "Contract"])
    columns = dict(zip(FIELDS, absent.without(TELCO, customers, slice(None)), strict=True))
    assert columns["tenure"].to_list() == columns["Contract"].to_list() == [0, None, 0]
    assert columns["gender"].to_list() == [0, 0, 0]
    chosen = dict(zip(FIELDS, absent.without(TELCO, customers, np.array([1, 2])), strict=True))
    assert chosen["tenure"].to_list() == [None, 0]


def test_a_blank_that_is_a_value_is_no_absent_one() -> None:
    customers = TELCO.customer(np.array([nan, nan]) for _ in FIELDS)
    absent = AbsentFields(2)
    absent.note(1, ["tenure"])
    [blank, gone] = dict(zip(FIELDS, absent.without(TELCO, customers, slice(None)), strict=True))["tenure"].to_list()
    assert isnan(blank)
    assert gone is None
