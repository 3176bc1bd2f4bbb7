"""A column of a table as its distinct texts and a code for each row, which is small, and quick to ask."""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from churn.customer.numbers import meant
from churn.customer.spellings import MISSING, folded

BLANK = -1
"""The code of a blank."""

# Texts that are looked at one by one: no list of values is as long.
FEW = 1_000

# The share of what is not blank that must be numbers in a column of numbers.
_NUMBERS = 0.99

_MONTHS = "(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_DATE = (
    r"^(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](\d{4}|\d{2})"
    rf"|\d{{1,2}}[- ]{_MONTHS}[- ]\d{{2,4}})([T ]\d{{1,2}}:\d{{2}}.*)?$"
    r"|^(19|20)\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])$"
)

# Units that are read beside numbers whatever the column is called, the likeliest first.
_UNITS = ("$", "%", "months")

# One to three digits, a comma and three digits, with or without a sign and a currency.
_UNCLEAR = r"^[^\d.,]*[1-9]\d{0,2},\d{3}[^\d.,]*$"

# The share of what is not blank that must be dates in a column of dates.
_DATES = 0.9

# Words for "not known" that are also values, if they are as frequent as this.
_MAY_BE_VALUES = frozenset({"none", "unknown", "missing", "not available", "nil"})
_OFTEN = 0.01


@dataclass(frozen=True, eq=False)
class Column:
    """A column: its name, its distinct `texts`, none of them blank, and the code of each row's text, shape (n,)."""

    name: str
    texts: pl.Series
    codes: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.codes)

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """How many rows have each text."""
        return np.bincount(self.codes[self.codes >= 0], minlength=len(self.texts)).astype(np.int64)

    @property
    def blank(self) -> NDArray[np.bool_]:
        """Whether each row is blank, shape (n,)."""
        return self.codes < 0

    @cached_property
    def blank_share(self) -> float:
        """The share of the rows that are blank."""
        return float(self.blank.mean()) if len(self) else 1.0

    @cached_property
    def numbers(self) -> NDArray[np.float64]:
        """The number that each distinct text is; NaN where it is none."""
        numbers = self._plain.copy()
        others = np.flatnonzero(np.isnan(numbers))
        if 0 < len(others) <= FEW or (
            len(others) and all(meant(self.texts[int(at)], self.unit) for at in others[:FEW])
        ):
            for at in others:
                numbers[at] = next(iter(meant(self.texts[int(at)], self.unit)), np.nan)
        return numbers

    @cached_property
    def unit(self) -> str:
        """The unit beside the numbers, of those that are read; "$", for any currency, if there is none."""
        others = [self.texts[int(at)] for at in np.flatnonzero(np.isnan(self._plain))[:FEW]]
        return max(_UNITS, key=lambda unit: sum(bool(meant(text, unit)) for text in others))

    @cached_property
    def _plain(self) -> NDArray[np.float64]:
        """The number that each distinct text is without more ado."""
        numbers = self.texts.cast(pl.Float64, strict=False).to_numpy().astype(np.float64)
        return np.where(np.isfinite(numbers), numbers, np.nan)

    @cached_property
    def unclear(self) -> NDArray[np.bool_]:
        """Whether each row's only comma may be a decimal one or part thousands, shape (n,)."""
        return np.append(self.texts.str.contains(_UNCLEAR).to_numpy(), False)[self.codes]

    @property
    def amounts(self) -> NDArray[np.float64]:
        """Each row's number, NaN where it is blank or none, shape (n,); not kept, as it is large."""
        return self.amounts_of(slice(None))

    def amounts_of(self, rows: slice) -> NDArray[np.float64]:
        """The numbers of these rows."""
        return np.append(self.numbers, np.nan)[self.codes[rows]]

    @cached_property
    def is_numeric(self) -> bool:
        """Whether nearly all that is not blank are numbers."""
        total = self.counts.sum()
        return bool(total) and self.counts[~np.isnan(self.numbers)].sum() >= _NUMBERS * total

    @cached_property
    def is_date(self) -> bool:
        """Whether nearly all that is not blank are dates as people and programs write them."""
        dates = self.texts.str.contains(_DATE).to_numpy()
        return bool(self.counts[dates].sum() >= _DATES * self.counts.sum() > 0)

    def most_common(self, most: int) -> list[str]:
        """The `most` most frequent texts."""
        top = np.argsort(-self.counts, kind="stable")[:most]
        return [self.texts[int(at)] for at in top]

    def taken(self, rows: NDArray[np.bool_]) -> "Column":
        """The column of these rows alone; texts that are in none of them are left out."""
        return self._compact(self.codes[rows])

    def without(self, wrong: NDArray[np.bool_]) -> "Column":
        """The column with these of its distinct texts read as blanks."""
        return self._compact(
            np.append(np.where(wrong, BLANK, np.arange(len(wrong))), BLANK).astype(np.int32)[self.codes]
        )

    def _compact(self, codes: NDArray[np.int32]) -> "Column":
        kept = np.flatnonzero(np.bincount(codes[codes >= 0], minlength=len(self.texts)))
        if len(kept) == len(self.texts):
            return Column(self.name, self.texts, codes)
        new = np.full(len(self.texts) + 1, BLANK, np.int32)
        new[kept] = np.arange(len(kept), dtype=np.int32)
        return Column(self.name, self.texts.gather(kept), new[codes])


def cleaned(column: Column) -> Column:
    """The column with words for "not known" as blanks, and each value in its most frequent spelling.

    A word such as "Unknown" or "None" stays if it is frequent and the column not of numbers: then it is a value.
    """
    if len(column.texts) > FEW:
        wrong = column.texts.str.to_lowercase().is_in(sorted(MISSING)).to_numpy()
        return column.without(wrong) if wrong.any() else column
    spelt = [folded(text) for text in column.texts]
    numeric = column.without(np.array([text in MISSING for text in spelt], np.bool_)).is_numeric
    kept = [
        text not in MISSING or (not numeric and text in _MAY_BE_VALUES and count >= _OFTEN * len(column))
        for text, count in zip(spelt, column.counts, strict=True)
    ]
    column = column.without(~np.array(kept, np.bool_))
    return _joined(column)


def _joined(column: Column) -> Column:
    """The column with texts that differ only in letter case and blanks read as the most frequent one of them."""
    spelt = [folded(text) for text in column.texts]
    if max(Counter(spelt).values(), default=1) == 1:
        return column
    best: dict[str, int] = {}
    for at in np.argsort(-column.counts, kind="stable"):
        best.setdefault(spelt[at], int(at))
    codes = np.array([*(best[text] for text in spelt), BLANK], np.int32)[column.codes]
    return Column(column.name, column.texts, codes).taken(np.ones(len(codes), np.bool_))
