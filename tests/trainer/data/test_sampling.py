"""Which customers of a very large table are trained on."""

import numpy as np
import pytest
from tests.telco import COLUMNS

from churn_trainer.data import sampling
from churn_trainer.data.prepare import prepare
from churn_trainer.data.sampling import sampled
from churn_trainer.data.table import Findings


@pytest.fixture
def a_thousand(monkeypatch):
    """There is memory for a thousand customers."""
    monkeypatch.setattr(sampling, "MOST_CELLS", 1_000 * len(COLUMNS))


def test_a_table_that_fits_is_taken_whole(small_table):
    findings = Findings()
    assert sampled(small_table, findings) is small_table
    assert findings.repairs == {}


def test_of_a_larger_one_as_many_as_fit_are_taken_and_the_others_told(small_table, a_thousand):
    findings = Findings()
    assert len(sampled(small_table, findings)) == 1_000
    assert findings.repairs == {"customers left out, as there is memory for the others alone": 500}


def test_whatever_the_order_the_same_ones_are_taken(small_table, a_thousand):
    shuffled = small_table.take(np.random.default_rng(1).permutation(len(small_table)))
    assert set(sampled(shuffled, Findings()).keys) == set(sampled(small_table, Findings()).keys)


def test_every_part_of_the_split_keeps_its_share(small_table, a_thousand):
    split = prepare(sampled(small_table, Findings())).split
    assert len(split.test) + len(split.repeated) == pytest.approx(200, abs=40)
    assert len(split.validation) == pytest.approx(200, abs=40)
