"""Predictions whose outcome is known since, as rows of the declared table.

A customer has a row for each month in which he was predicted: what he was like on that day, and whether he left within
the label window. Given the fields, the months of one customer are as independent as customers are (Allison 1982,
"Discrete-time methods for the analysis of event histories"), and a row for the last month alone would make all who ever
left leave in each window. His rows stay in one part of the split, since that goes by the id.

Left out are customers who were treated in a campaign, for whom those stand who were held out; months of whose customers
the outcome is known of less than a half, who are seldom like the others; predictions of other declarations, whose codes
mean something else; and those with an absent field, since training needs every value.
"""

import hashlib
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from churn.split import Hashes

# Which of the held-out customers stand for one more than others, where the weight is no whole number.
_SEED = 1


@dataclass(frozen=True, slots=True)
class Tracked:
    """n rows in the order of their days; arrays have the shape (n,)."""

    customers: tuple[NDArray[Any], ...]
    """A column for each field, in the schema's order: codes of a category, or numbers."""

    churn: NDArray[np.int8]
    keys: Hashes
    day: NDArray[np.int32]
    """Of the prediction, in days since 1970."""

    ends: NDArray[np.int32]
    """The end of its label window, in days since 1970."""

    weight: NDArray[np.float64]
    """How many customers a row stands for: more than one of those who were held out of a campaign."""

    incomplete: int = 0
    """Rows with an absent field, which were left out."""

    untold: int = 0
    """Months of which too few outcomes are known."""

    shares: int = 1
    """Of so many customers one was taken, as there is memory for no more."""

    def __len__(self) -> int:
        return len(self.churn)

    def take(self, rows: NDArray[Any]) -> "Tracked":
        """Some of the rows."""
        return replace(
            self,
            customers=tuple(column[rows] for column in self.customers),
            churn=self.churn[rows],
            keys=self.keys[rows],
            day=self.day[rows],
            ends=self.ends[rows],
            weight=self.weight[rows],
        )

    def repeated(self) -> "Tracked":
        """The rows as often as they count, so that whatever learns or measures needs to know of no weights."""
        whole = np.floor(self.weight)
        drawn = np.random.default_rng(_SEED).random(len(self)) < self.weight - whole
        rows = np.repeat(np.arange(len(self)), (whole + drawn).astype(np.intp))
        return self.take(rows)

    @property
    def sha256(self) -> str:
        """A checksum of all rows."""
        digest = hashlib.sha256()
        for array in (*self.customers, self.churn, self.keys, self.day, self.weight):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()
