"""The customers whom a campaign may choose from, as arrays."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from churn.campaigns.plans import MAX_MONEY
from churn.campaigns.save_rates import Segments
from churn.model.scoring import FloatArray

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Candidates:
    """n customers, each array of shape (n,).

    `probability` is that of leaving within the label window, `value` the money of a customer who survives it (see
    `churn.campaigns.value`), in the currency. `treat` is the arm: False for those who are held out. `segments` has
    the codes of their words in the declared segment fields, -1 where a field is absent; it may be empty if all save
    rates are assumed. `by_window` has the values under other label windows, by months; it may be empty.

    What is no number becomes 0, and amounts are cut at MAX_MONEY, so that every sum is finite.
    """

    probability: FloatArray
    value: FloatArray
    treat: Flags
    segments: Segments = field(default_factory=dict)
    by_window: Mapping[int, FloatArray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raises ValueError for arrays of different lengths."""
        set_to = object.__setattr__  # the class is frozen for everybody else
        set_to(self, "probability", _clean(self.probability, 1.0))
        set_to(self, "value", _clean(self.value, MAX_MONEY))
        set_to(self, "treat", np.asarray(self.treat, np.bool_))
        set_to(self, "by_window", {months: _clean(value, MAX_MONEY) for months, value in self.by_window.items()})
        arrays: list[NDArray[Any]] = [self.value, self.treat, *self.by_window.values()]
        arrays += [codes for codes, _ in self.segments.values()]
        if any(array.shape != self.probability.shape for array in arrays):
            raise ValueError(f"candidates need arrays of one length, {len(self)}")

    def __len__(self) -> int:
        return len(self.probability)

    def take(self, rows: NDArray[np.intp] | Flags) -> "Candidates":
        """Those at these positions, or where this mask is True."""
        if rows.dtype == np.bool_:
            rows = np.flatnonzero(rows)
        return Candidates(
            self.probability[rows],
            self.value[rows],
            self.treat[rows],
            {name: (codes[rows], words) for name, (codes, words) in self.segments.items()},
            {months: value[rows] for months, value in self.by_window.items()},
        )

    def replaced(self, *, value: FloatArray | None = None, treat: Flags | None = None) -> "Candidates":
        """The same customers with other values or arms."""
        return Candidates(
            self.probability,
            self.value if value is None else value,
            self.treat if treat is None else treat,
            self.segments,
            self.by_window,
        )


def joined(parts: Iterable[Candidates]) -> Candidates:
    """The candidates of all parts, one after the other; the parts have the same segments, words and windows."""
    held: Sequence[Candidates] = list(parts)
    if not held:
        return Candidates(np.empty(0), np.empty(0), np.empty(0, np.bool_))
    return Candidates(
        np.concatenate([part.probability for part in held]),
        np.concatenate([part.value for part in held]),
        np.concatenate([part.treat for part in held]),
        {
            name: (np.concatenate([part.segments[name][0] for part in held]), words)
            for name, (_, words) in held[0].segments.items()
        },
        {months: np.concatenate([part.by_window[months] for part in held]) for months in held[0].by_window},
    )


def _clean(amounts: Any, most: float) -> FloatArray:
    numbers = np.nan_to_num(np.asarray(amounts, np.float64), nan=0.0, posinf=most, neginf=0.0)
    clean: FloatArray = np.clip(numbers, 0.0, most)
    return clean
