"""Which customers no release is fitted on."""

import hashlib

import numpy as np
import pytest

from churn.split import SCHEME, TEST_SHARE, id_hash, places, spares_test_part

SAID = {"scheme": SCHEME, "key": "id", "test_share": TEST_SHARE, "fitted_on": ["train", "validation"]}


def test_an_id_has_the_first_bits_of_its_salted_sha256() -> None:
    expected = int.from_bytes(hashlib.sha256(b"churn split 1:7590-VHVEG").digest()[:8], "big")
    assert id_hash("7590-VHVEG") == expected
    assert places(np.array([0, expected], np.uint64)).tolist() == [0, expected / 2**64]


def test_a_release_says_whether_it_was_fitted_on_customers_of_the_test_part() -> None:
    assert spares_test_part(SAID)
    assert spares_test_part(SAID | {"key": "row"}, "row")


@pytest.mark.parametrize(
    "split",
    [
        None,
        SAID | {"scheme": "sha256-2"},
        SAID | {"key": "row"},
        SAID | {"test_share": 0.1},
        SAID | {"fitted_on": ["train", "validation", "test"]},
        {name: value for name, value in SAID.items() if name != "fitted_on"},
    ],
    ids=["nothing", "another scheme", "another key", "another share", "the test part too", "not on whom"],
)
def test_one_that_says_otherwise_may_have_been(split: object) -> None:
    assert not spares_test_part(split)
