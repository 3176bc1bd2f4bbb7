"""What a release was trained on, to compare with what it is asked now: how many customers were in each bin of a field.

`reference.json` of a release holds {"fields": {name: {"cuts", "bins", "counts", "quantile"}}}, the fields in the
schema's order and the score last. The score's counts are of customers whom the model had not seen, since a model is
surer of those that it was fitted on.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from churn.schema import Schema

REFERENCE = "reference.json"

SCORE = "churn_probability"
"""The name under which the answered probability is counted beside the fields, unless one of them is called so."""

TENTHS = tuple(step / 10 for step in range(1, 10))
"""The cuts of the score."""

ABSENT, BLANK = "absent", "blank"

Counts = Mapping[str, NDArray[np.int64]]
"""How many rows were in each bin, by field and for the score: arrays as long as the field's `bins`."""


def score_name(schema: Schema) -> str:
    """The name under which the answered probability is counted beside the fields of this schema."""
    name = SCORE
    while name in schema.fields:
        name += "_"
    return name


@dataclass(frozen=True, slots=True)
class FieldReference:
    """The bins of a field, and how many of the release's customers were in each.

    The bins of a category are its values in the order of their codes; those of a number lie between its `cuts`, x ≤ cut
    to the left, and one for a blank follows where that is a value. The last bin of both is that of an absent value.
    `quantile` is the χ² quantile of the drift that chance alone may look like (see `churn.tracking.drift`).
    """

    cuts: tuple[float, ...] | None
    """None for a category."""

    bins: tuple[str, ...]
    counts: tuple[int, ...]
    quantile: float

    @property
    def rows(self) -> int:
        """How many customers were counted."""
        return sum(self.counts)

    def count(self, values: NDArray[Any], absent: int = 0) -> NDArray[np.int64]:
        """How many of these values are in each bin; they are codes or numbers, a blank number NaN, shape (n,).

        `absent` further rows have no value.
        """
        if self.cuts is None:
            counts = np.bincount(values.astype(np.intp, copy=False), minlength=len(self.bins))
        else:
            # Comparing with each of a few cuts takes a fifth of the time of a search among them.
            below = [int(np.count_nonzero(values <= cut)) for cut in (*self.cuts, math.inf)]
            counts = np.zeros(len(self.bins), np.int64)
            counts[: len(below) + 1] = np.diff([0, *below, len(values)])
        counts[-1] += absent
        return counts

    def count_column(self, column: Sequence[float | None] | NDArray[Any]) -> NDArray[np.int64]:
        """The same of a column in which None is an absent value, or of an array, which has none."""
        if isinstance(column, np.ndarray):
            return self.count(column)
        absent = column.count(None)
        known = [value for value in column if value is not None] if absent else column
        return self.count(np.array(known, np.float64), absent)


@dataclass(frozen=True, slots=True)
class Reference:
    """The references of a release by field, in the schema's order, that of the score last."""

    fields: Mapping[str, FieldReference]

    def to_bytes(self) -> bytes:
        """The content of reference.json."""
        return json.dumps({"fields": {name: asdict(field) for name, field in self.fields.items()}}).encode()

    @classmethod
    def from_bytes(cls, data: bytes, schema: Schema) -> "Reference":
        """Raises ValueError, KeyError or TypeError unless the content is a reference for this schema."""
        held = json.loads(data)["fields"]
        if list(held) != [*schema.fields, score_name(schema)]:
            raise ValueError("the reference is of other fields")
        return cls({name: _field(schema, name, entry) for name, entry in held.items()})


def category_bins(names: tuple[str, ...]) -> tuple[str, ...]:
    """The names of a category's bins by those of its values; a value may be called as one of the added bins is."""
    added = (ABSENT, BLANK)
    return (*(f"{name} (value)" if name in added else name or BLANK for name in names), ABSENT)


def number_bins(cuts: tuple[float, ...], *, blank: bool, whole: bool = False) -> tuple[str, ...]:
    """The names of a number's bins: "≤ 12", "12–24", "> 24", and where a blank is a value "blank".

    Bins of whole numbers do not share their edges: "≤ 12", "13–24", "> 24".
    """
    ends = [(f"{low + whole:.10g}", f"{high:.10g}") for low, high in pairwise(cuts)]
    inner = [high if low == high else f"{low}–{high}" for low, high in ends]
    names = [f"≤ {cuts[0]:.10g}", *inner, f"> {cuts[-1]:.10g}"] if cuts else ["any"]
    return (*names, *([BLANK] if blank else []), ABSENT)


def _field(schema: Schema, name: str, entry: Mapping[str, Any]) -> FieldReference:
    cuts, quantile = entry["cuts"], float(entry["quantile"])
    field = FieldReference(None if cuts is None else tuple(map(float, cuts)), *_counted(entry), quantile)
    if name in schema.categories:
        fits = field.cuts is None and field.bins == category_bins(schema.categories[name].names)
    else:
        number = schema.numbers.get(name)
        blank, whole = (number.blank_is_value, number.whole) if number else (False, False)
        fits = field.cuts is not None and field.bins == number_bins(field.cuts, blank=blank, whole=whole)
        fits = fits and all(low < high for low, high in pairwise(field.cuts or ()))
    if not (fits and len(field.counts) == len(field.bins) and 0 < quantile < math.inf):
        raise ValueError(f"the reference of {name} does not fit the field")
    return field


def _counted(entry: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """The bins' names and counts. Raises ValueError where a count is none."""
    counts = tuple(entry["counts"])
    if not all(type(count) is int and count >= 0 for count in counts):
        raise ValueError("the reference has something that is no count")
    return tuple(entry["bins"]), counts
