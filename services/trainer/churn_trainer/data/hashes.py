"""Hashes of rows: the same in every run and on every machine, whatever the order of a table."""

import numpy as np

from churn.customer.declaration import Customer
from churn.split import Hashes, digest

# Rows converted to double precision at a time, which take a few megabytes.
_BLOCK = 10_000


def row_hashes(customers: Customer) -> Hashes:
    """A 64-bit hash of all fields for each of n customers, shape (n,): the same for customers alike in every field."""
    blocks = [_hashed(customers, start) for start in range(0, len(customers[0]), _BLOCK)]
    return np.concatenate(blocks) if blocks else np.empty(0, np.uint64)


def _hashed(customers: Customer, start: int) -> Hashes:
    rows = np.column_stack([column[start : start + _BLOCK].astype("<f8") for column in customers])
    return np.frombuffer(b"".join(digest(row.tobytes()) for row in rows), ">u8").astype(np.uint64)
