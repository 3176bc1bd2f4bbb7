"""Eight bytes that stand for a customer where millions of ids would take too much memory."""

import hashlib
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

Digests = NDArray[np.uint64]

_STORED = np.dtype("<u8")


def digests(ids: Iterable[str]) -> Digests:
    """The first eight bytes of each id's SHA-256, shape (n,).

    Of two different millions of customers, two have the same one by accident once in ten million times.
    """
    held = b"".join(hashlib.sha256(each.encode("utf-8", "surrogatepass")).digest()[:8] for each in ids)
    return np.frombuffer(held, _STORED).astype(np.uint64)


def to_bytes(held: Digests) -> bytes:
    """Digests as they are stored, in rising order, each once."""
    return np.unique(held).astype(_STORED).tobytes()


def from_bytes(data: bytes) -> Digests:
    """What `to_bytes` has written; a piece of a digest at its end, of whatever origin, stands for nobody."""
    return np.frombuffer(data, _STORED, len(data) // _STORED.itemsize)


def are_in(held: Digests, known: Digests) -> NDArray[np.bool_]:
    """Whether each of n digests is among those that are known, which are in rising order; shape (n,)."""
    if not len(known):
        return np.zeros(len(held), np.bool_)
    found: NDArray[np.bool_] = known[np.minimum(np.searchsorted(known, held), len(known) - 1)] == held
    return found
