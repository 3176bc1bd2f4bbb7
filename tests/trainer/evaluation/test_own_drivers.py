"""What goes with churn in a table that is not IBM's: every number has a driver, and a blank that is a value its own."""

import math

import numpy as np
import pytest

from churn.model.scorecard import Scorecard
from churn.schema import load_schema
from churn_trainer.data.prepare import prepare
from churn_trainer.data.table import Table
from churn_trainer.evaluation.drivers import Change, _text, drivers

OURS = load_schema(
    """
    [table]
    name = "ours"
    id = "no"
    outcome = "gone"
    left = ["1"]
    stayed = ["0"]
    [[field]]
    name = "calls"
    type = "number"
    low = 0
    high = 10
    words = "{} calls"
    [[field]]
    name = "months left"
    type = "number"
    low = 0
    high = 10
    words = "{} months left"
    blank = "value"
    """,
    "ours.toml",
)
ROWS = 400


@pytest.fixture(scope="module")
def told():
    rng = np.random.default_rng(3)
    calls, left = (rng.integers(11, size=ROWS).astype(float) for _ in range(2))
    left[rng.random(ROWS) < 0.3] = np.nan
    table = Table(OURS, OURS.customer([calls, left]), (calls > 5).astype(np.int8), rng.integers(2**63, size=ROWS), True)
    zeros = dict.fromkeys(OURS.features.names, 0.0)
    cards = [Scorecard(OURS, 0.0, zeros | weights, zeros, {}) for weights in WEIGHTS]
    return drivers(cards[0], cards[1:], 300, prepare(table.take(np.arange(ROWS))))


@pytest.fixture(scope="module")
def found(told):
    return told["fields"]


WEIGHTS = [{"calls": 0.1, "months left_Blank": 2.0}, {"calls": 0.2}, {"calls": 0.1}]


def test_a_number_goes_from_the_lower_to_the_upper_quartile(found):
    (calls,) = (one for one in found if one["field"] == "calls")
    assert 0 < calls["from"] < calls["to"]
    assert calls["log_odds"] == pytest.approx(0.1 * (calls["to"] - calls["from"]))
    assert calls["text"] == f"{calls['to']:g} calls instead of {calls['from']:g} calls"


def test_where_no_bill_is_declared_no_price_is_told_of(told):
    """A service of a table without bills is changed alone."""
    assert "where one field differs and the others do not" in told["meaning"]
    source = OURS.source.replace('type = "number"', 'type = "number"\n    group = "Calls"')
    schema = load_schema(source.replace('id = "no"', 'services = "Calls"\n    groups = ["Calls"]'), "ours.toml")
    people = schema.customer([np.array([2.0]), np.array([1.0])])
    after = schema.customer([np.array([3.0]), np.array([1.0])])
    assert _text(schema, Change("calls", 2, 3, people, after)) == "3 calls instead of 2 calls"


def test_a_blank_stands_against_the_median(found):
    (blank,) = (one for one in found if one["to"] is None)
    assert (blank["field"], blank["odds_ratio"]) == ("months left", pytest.approx(math.exp(2)))
    assert blank["from"] in range(3, 8)
    assert found[0] is blank
