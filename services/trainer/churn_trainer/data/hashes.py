"""Hashes of ids and of rows: the same in every run and on every machine, whatever the order of a table."""

import hashlib

import numpy as np
from numpy.typing import NDArray

from churn.customer.declaration import Customer

# The salt makes the split independent of others that also hash ids, such as the control group of a campaign.
_SALT = b"churn split 1:"

# Rows converted to double precision at a time, which take a few megabytes.
_BLOCK = 10_000

Hashes = NDArray[np.uint64]


def id_hash(customer_id: str) -> int:
    """The first 64 bits of SHA-256 over the salt and the id, as a number below 2⁶⁴."""
    return int.from_bytes(_digest(customer_id.encode()), "big")


def row_hashes(customers: Customer) -> Hashes:
    """A 64-bit hash of all fields for each of n customers, shape (n,): the same for customers alike in every field."""
    blocks = [_hashed(customers, start) for start in range(0, len(customers[0]), _BLOCK)]
    return np.concatenate(blocks) if blocks else np.empty(0, np.uint64)


def _hashed(customers: Customer, start: int) -> Hashes:
    rows = np.column_stack([column[start : start + _BLOCK].astype("<f8") for column in customers])
    return np.frombuffer(b"".join(_digest(row.tobytes()) for row in rows), ">u8").astype(np.uint64)


def _digest(data: bytes) -> bytes:
    return hashlib.sha256(_SALT + data).digest()[:8]
