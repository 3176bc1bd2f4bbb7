"""What `make chaos` calls lost, and what it calls out of order."""

import pytest

from scripts.stream_accounts import check_order, check_results

PREDICTED, REFUSED = {"0-0": ["low"], "0-1": ["high", "high"]}, {"0-2": ["not JSON"]}
WANTED, FAULTY = {"0-0", "0-1", "0-2"}, {"0-2"}


def test_a_result_that_comes_again_under_its_key_is_one_result():
    assert check_results(WANTED, FAULTY, PREDICTED, REFUSED) == 1


@pytest.mark.parametrize(
    ("predicted", "refused"),
    [
        ({"0-0": ["low"]}, REFUSED),
        (PREDICTED | {"0-3": ["low"]}, REFUSED),
        (PREDICTED | {"0-2": ["low"]}, REFUSED),
        (PREDICTED | {"0-1": ["high", "low"]}, REFUSED),
        ({"0-0": ["low"], "0-2": ["low"]}, {"0-1": ["not JSON"]}),
    ],
    ids=["lost", "of no record", "both", "differing", "the wrong one refused"],
)
def test_whatever_is_not_one_result_for_each_record_ends_the_run(predicted, refused):
    with pytest.raises(SystemExit):
        check_results(WANTED, FAULTY, predicted, refused)


def test_a_batch_that_comes_again_is_in_order():
    check_order([("Ada", 1), ("Bob", 2), ("Ada", 3), ("Ada", 1), ("Bob", 2), ("Ada", 3)])


def test_a_result_that_comes_only_before_an_earlier_one_is_out_of_order():
    with pytest.raises(SystemExit, match="Ada"):
        check_order([("Ada", 3), ("Bob", 2), ("Ada", 1)])
