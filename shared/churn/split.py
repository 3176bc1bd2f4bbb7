"""Which customers no release is fitted on: those of the test part, by a hash of the id alone.

The trainer splits by it, and whoever judges a release by what became of customers tells by it whose past the release
cannot have learned from.
"""

import hashlib

import numpy as np
from numpy.typing import NDArray

# The share of the test part, in the published proportion of 60/20/20.
TEST_SHARE = 0.2

# Change the name whenever a customer's part is computed differently.
SCHEME = "sha256-1"

# The salt makes the split independent of others that also hash ids, such as the control group of a campaign.
_SALT = b"churn split 1:"

Hashes = NDArray[np.uint64]


def digest(data: bytes) -> bytes:
    """The first 64 bits of SHA-256 over the salt and the data."""
    return hashlib.sha256(_SALT + data).digest()[:8]


def id_hash(customer_id: str) -> int:
    """The first 64 bits of SHA-256 over the salt and the id, as a number below 2⁶⁴."""
    return int.from_bytes(digest(customer_id.encode()), "big")


def places(hashes: Hashes) -> NDArray[np.float64]:
    """Where n customers stand from 0 to 1, shape (n,): the test part comes first, and ends at TEST_SHARE."""
    return hashes / 2.0**64


def spares_test_part(split: object, key: str = "id") -> bool:
    """Whether a release with this `split` entry in its manifest was fitted on no customer of the test part.

    `key` is what is hashed of a customer: "id", or "row" for tables without ids. Customers who joined after that
    release was trained cannot have been fitted on.
    """
    if not isinstance(split, dict) or "test" in split.get("fitted_on", ["test"]):
        return False
    return (split.get("scheme"), split.get("key"), split.get("test_share")) == (SCHEME, key, TEST_SHARE)
