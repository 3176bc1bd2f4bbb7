"""Groups of customers with about the same number."""

import numpy as np

from churn_trainer.data.groups import equal_groups


def test_numbers_are_put_into_twenty_groups_of_equal_size_in_their_order():
    groups = equal_groups(np.arange(1_000.0))
    assert np.bincount(groups).tolist() == [50] * 20
    assert (np.diff(groups) >= 0).all()


def test_a_number_that_many_have_makes_fewer_groups_and_stays_in_one():
    groups = equal_groups(np.array([0.0] * 900 + [*range(1, 101)]))
    assert len(set(groups[:900])) == 1
    assert len(set(groups)) == 3


def test_blanks_are_the_last_group_for_themselves():
    groups = equal_groups(np.array([np.nan, 1.0, 2.0, 3.0, np.nan]))
    assert groups[0] == groups[4] > max(groups[1:4])
