"""The save rate of an offer as campaigns measured it: by risk and by the declared segments, with its uncertainty.

A save rate s is the share of would-be leavers whom an offer keeps. It is negative where the offer drives them away.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from churn.intervals import NORMAL_95

Floats = NDArray[np.float64]

Segments: TypeAlias = Mapping[str, tuple[NDArray[np.integer[Any]], Sequence[str]]]
"""By declared field, the number of each customer's word, shape (n,), and the words that are numbered."""

VERSION = 1

ASSUMED_DEVIATION = 0.5
"""The strength of an assumption: the standard deviation of what the rate may be where nothing is measured.

It is nearly none. An assumption may be far from the truth, and a campaign that has measured something else shall not be
promised what was assumed.
"""

# Customers whose rates are computed at a time.
_ROWS = 20_000

# The save rate follows a trend over the probability, from which it differs by a line between these. Both are told
# relative to what they are at _MIDDLE. Beyond the range that was measured the trend goes on, ever less certain.
_KNOTS = tuple(number / 10 for number in range(11))
_MIDDLE = 0.5

# How far the steps lead away from the trend, as a part of what this one does.
_WALK = 0.4

_RATE, _TREND, _RISK, _SEGMENT = "rate", "trend", "risk:", "segment:"


@dataclass(frozen=True)
class SaveRate:
    """What is known of an offer's save rate: a normal distribution over the coefficients of a linear model.

    `campaign` is that which measured it, None where it is assumed. `names` are of the coefficients: "rate", "trend",
    the steps of risk such as "risk:0.3", and the segments such as "segment:Contract=Two year".
    """

    offer: str
    campaign: str | None
    names: tuple[str, ...]
    mean: Floats
    covariance: Floats
    treated: int = 0
    held_out: int = 0

    def rates(self, probability: Floats, segments: Segments) -> Floats:
        """The rate of each of n customers with these churn probabilities, shape (n,), and words; within -1 and 1.

        A field that is absent, and a word that was not measured, says nothing.
        """
        pieces = [columns @ self.mean for columns in self._columns(probability, segments)]
        return np.clip(np.concatenate(pieces or [np.empty(0)]), -1.0, 1.0)

    def over(self, probability: Floats, segments: Segments) -> tuple[float, float, float]:
        """The rate over all these customers' would-be leavers, and its 95 % interval; see `rates`."""
        total = float(probability.sum())
        if not total:
            return self.over(np.array([_MIDDLE]), {})
        weights = np.split(probability / total, range(_ROWS, len(probability), _ROWS))
        pieces = self._columns(probability, segments)
        column = sum((weight @ columns for weight, columns in zip(weights, pieces, strict=True)), np.zeros(1))
        rate, half = float(column @ self.mean), NORMAL_95 * float(np.sqrt(column @ self.covariance @ column))
        low, middle, high = np.clip([rate - half, rate, rate + half], -1.0, 1.0).tolist()
        return middle, low, high

    def _columns(self, probability: Floats, segments: Segments) -> Iterator[Floats]:
        """The columns of the linear model, some of the customers at a time."""
        for start in range(0, len(probability), _ROWS):
            piece = slice(start, start + _ROWS)
            parts = {field: (codes[piece], words) for field, (codes, words) in segments.items()}
            yield columns_of(self.names, probability[piece], parts)

    def to_json(self) -> dict[str, Any]:
        """As JSON; `from_json` reads it."""
        return {
            "version": VERSION,
            "offer": self.offer,
            "campaign": self.campaign,
            "names": list(self.names),
            "mean": self.mean.tolist(),
            "covariance": self.covariance.tolist(),
            "treated": self.treated,
            "held_out": self.held_out,
        }


def from_json(held: Mapping[str, Any]) -> SaveRate:
    """What `to_json` made. Raises ValueError, KeyError or TypeError for anything else."""
    if held["version"] != VERSION:
        raise ValueError(f"version {held['version']!r} of a save rate, where {VERSION} is read")
    names = tuple(map(str, held["names"]))
    mean, covariance = np.asarray(held["mean"], np.float64), np.asarray(held["covariance"], np.float64)
    if mean.shape != (len(names),) or covariance.shape != (len(names), len(names)):
        raise ValueError(f"a save rate with {len(names)} names and a covariance of shape {covariance.shape}")
    return SaveRate(
        held["offer"], held["campaign"], names, mean, covariance, int(held["treated"]), int(held["held_out"])
    )


def assumed(offer: str, rate: float) -> SaveRate:
    """The same rate for everybody, with the uncertainty of an assumption."""
    return SaveRate(offer, None, (_RATE,), np.array([rate]), np.array([[ASSUMED_DEVIATION**2]]))


def names_of(segments: Segments) -> tuple[str, ...]:
    """The coefficients of a model over these segments."""
    words = [f"{_SEGMENT}{field}={word}" for field, (_, words) in segments.items() for word in words]
    return (_RATE, _TREND, *(f"{_RISK}{knot}" for knot in _KNOTS[:-1]), *words)


def variances(names: Sequence[str], overall: float, by_risk: float, by_segment: float) -> list[float]:
    """Of each coefficient's prior, from standard deviations: of the rate in the middle, over all risks, between words.

    The steps are a random walk beside the trend, less than half as far over all of them.
    """
    steps = sum(name.startswith(_RISK) for name in names)
    kinds = {_RATE: overall, _TREND: by_risk, _RISK: _WALK * by_risk / steps**0.5 if steps else 0.0}
    return [kinds.get(name, kinds[_RISK] if name.startswith(_RISK) else by_segment) ** 2 for name in names]


def columns_of(names: Sequence[str], probability: Floats, segments: Segments) -> Floats:
    """The columns of the linear model, shape (n, len(names))."""
    columns = np.zeros((len(probability), len(names)))
    numbers = {
        f"{_SEGMENT}{field}={word}": (codes, number)
        for field, (codes, words) in segments.items()
        for number, word in enumerate(words)
    }
    for place, name in enumerate(names):
        if name == _RATE:
            columns[:, place] = 1.0
        elif name == _TREND:
            columns[:, place] = probability - _MIDDLE
        elif name.startswith(_RISK):
            columns[:, place] = _step(probability, float(name.removeprefix(_RISK)))
        elif name in numbers:
            codes, number = numbers[name]
            columns[:, place] = codes == number
    return columns


def _step(probability: Floats, start: float) -> Floats:
    """How much of the way between a knot and the next a probability has gone, coming from _MIDDLE: 0 to 1."""
    end = next(knot for knot in _KNOTS if knot > start)
    done = np.clip((probability - start) / (end - start), 0.0, 1.0)
    return done if start >= _MIDDLE else 1.0 - done
