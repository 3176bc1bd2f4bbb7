"""How good predictions were: figures of customers whose outcome is known, each with its 95 % interval.

Intervals come from influence values: what each row adds to the error of a figure, here of shape (n,). Rows of the same
customer are added up before they are squared, so that one who was predicted every month counts as one witness and not
as twelve (Obuchowski 1997, "Nonparametric analysis of clustered ROC curve data"; Liang & Zeger 1986 for means).
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from churn.intervals import NORMAL_95, clustered_variance, wilson

Floats = NDArray[np.float64]

Figure = dict[str, float]
"""value, low and high."""

FEWEST = 30
"""Fewer rows say too little for any figure."""

_TENTHS = 10
_TOP = 0.1

# Sums of weights are exact to about this.
_ROUNDING = 1e-12
# A mean probability that is no more than this is none: nothing can be divided by it.
_LEAST_EXPECTED = 1e-9


class Sample(NamedTuple):
    """Predictions whose outcome is known; every array has shape (n,)."""

    outcome: NDArray[Any]
    """1 where the customer left, 0 where not."""
    probability: Floats
    weight: Floats
    """How many customers a row stands for."""
    customer: NDArray[np.integer]
    """A number from 0 for each customer."""

    def take(self, rows: NDArray[np.intp]) -> "Sample":
        """The sample of these rows alone."""
        return Sample(self.outcome[rows], self.probability[rows], self.weight[rows], self.customer[rows])


NOBODY = Sample(np.empty(0), np.empty(0), np.empty(0), np.empty(0, np.int64))
"""The sample without a row."""


def pooled(samples: Sequence[Sample]) -> Sample:
    """The rows of all samples, of which there is at least one and whose customers are numbered alike."""
    outcome, probability, weight, customer = (np.concatenate(columns) for columns in zip(*samples, strict=True))
    return Sample(outcome, probability, weight, customer)


def figures(sample: Sample) -> dict[str, Figure | None]:
    """All figures by name; None where there are fewer than FEWEST rows, or one outcome only where both are needed."""
    enough = len(sample.outcome) >= FEWEST
    left = sample.outcome.sum()
    both = enough and 0 < left < len(sample.outcome)
    return {
        "churn_rate": churn_rate(sample) if enough else None,
        "roc_auc": roc_auc(sample) if both else None,
        "log_loss": _mean(sample, log_losses(sample.outcome, sample.probability)) if enough else None,
        "brier": _mean(sample, (sample.probability - sample.outcome) ** 2) if enough else None,
        "calibration": calibration(sample) if enough and sample.probability.mean() > _LEAST_EXPECTED else None,
        "lift": lift(sample) if both else None,
    }


def churn_rate(sample: Sample) -> Figure:
    """The share of those who left, by Wilson with the effective number of customers (Korn & Graubard 1998)."""
    # Weights add up to a hair more or less than their sum: a share above 1, or outside of its own interval.
    share = 1.0 if sample.outcome.all() else _average(sample.outcome, sample.weight)
    low, high = wilson(share * (trials := _effective(sample, share)), trials)
    return {"value": share, "low": min(low, share), "high": max(high, share)}


def roc_auc(sample: Sample) -> Figure:
    """The AUC with DeLong's variance (DeLong et al. 1988) by ranks (Sun & Xu 2014), its interval in log-odds.

    In log-odds it stays below 1 and holds for few customers too (Pepe 2003, section 5.2). Where the scores separate the
    outcomes without a fault, the variance is 0, and the interval is that of a share of the rarer outcome.
    """
    value, influence = auc_influence(sample)
    variance = _variance(sample, influence)
    if variance == 0 or min(value, 1 - value) < _ROUNDING:
        parts = sample.weight * sample.outcome, sample.weight * (1 - sample.outcome)
        fewer = min(float(part.sum() ** 2 / (part @ part)) for part in parts)
        low, high = wilson(value * fewer, fewer)
        return {"value": value, "low": low, "high": high}
    center, reach = np.log(value / (1 - value)), NORMAL_95 * np.sqrt(variance) / (value * (1 - value))
    low, high = (1 / (1 + np.exp(-center + side * reach)) for side in (1, -1))
    return {"value": value, "low": float(low), "high": float(high)}


def auc_influence(sample: Sample) -> tuple[float, Floats]:
    """The AUC of rows of both outcomes and its influence values, shape (n,), whose squares add up to its variance."""
    left, stayed = sample.weight * sample.outcome, sample.weight * (1 - sample.outcome)
    below, above = placements(sample.probability, left, stayed)
    leaving, staying = left.sum(), stayed.sum()
    value = float(left @ below / (leaving * staying))
    # The factors that make the variances unbiased, n / (n − 1), for the effective numbers of both outcomes.
    parts = [
        part * (placed / others - value) / own * np.sqrt(_unbiased(own**2 / (part @ part)))
        for part, placed, own, others in ((left, below, leaving, staying), (stayed, above, staying, leaving))
    ]
    return value, parts[0] + parts[1]


def calibration(sample: Sample) -> Figure:
    """Those who left to those who were expected to, a ratio whose interval is normal in its logarithm."""
    expected = float(sample.weight @ sample.probability)
    value = float(sample.weight @ sample.outcome) / expected
    if value == 0:
        mean = _average(sample.probability, sample.weight)
        return {"value": 0.0, "low": 0.0, "high": churn_rate(sample)["high"] / mean}
    influence = sample.weight * (sample.outcome - value * sample.probability) / expected
    return _ratio(value, _variance(sample, influence / value) * _unbiased(_customers(sample)))


def lift(sample: Sample) -> Figure:
    """The churn rate of the tenth of customers with the highest scores, divided by that of all customers.

    Scores that are equal at the end of the tenth share the places that are left. The variance is that of the
    influence function, in which the end of the tenth is estimated as well.
    """
    weight, outcome = sample.weight, sample.outcome
    total, size = weight.sum(), max(1, round(len(outcome) * _TOP)) / len(outcome)
    half, top, wider = _tops(sample, (0.5 * size, size, 1.5 * size))
    rate, inside = _average(outcome, weight), _average(outcome, weight * top)
    if inside == 0:
        trials = float((weight @ top) ** 2 / ((weight * top) @ (weight * top)))
        return {"value": 0.0, "low": 0.0, "high": wilson(0, trials)[1] / rate}
    # The churn rate about the end of the tenth: that of the places from a half to one and a half times its size.
    edge = _average(outcome, weight * (wider - half))
    influence = (top * (outcome - edge) / size + edge - inside) / inside - (outcome - rate) / rate
    return _ratio(inside / rate, _variance(sample, weight * influence / total) * _unbiased(_customers(sample)))


def reliability(sample: Sample) -> list[dict[str, float]]:
    """Mean predicted and observed churn in each tenth of the probability scale; empty tenths are left out."""
    return [
        {
            "mean_predicted": _average(part.probability, part.weight),
            "observed": (rate := churn_rate(part))["value"],
            "low": rate["low"],
            "high": rate["high"],
            "count": len(part.outcome),
        }
        for part in _tenths(sample)
    ]


def expected(probability: Floats) -> dict[str, Figure | None]:
    """The figures that n probabilities promise if each of them is right, without any outcome.

    `low` and `high` are where the figures of these customers then lie in 95 of 100 worlds. Known as confidence-based
    performance estimation; it cannot see that the world has changed.
    """
    if len(probability) < FEWEST:
        return dict.fromkeys(("churn_rate", "roc_auc", "log_loss", "brier"))
    # One after the other, as each needs arrays as long as the predictions of a year.
    return {
        "churn_rate": _drawn(float(probability.mean()), probability, np.ones(1)),
        "roc_auc": _expected_auc(probability),
        "log_loss": _expected_log_loss(probability),
        "brier": _drawn(float((probability * (1 - probability)).mean()), probability, 1 - 2 * probability),
    }


def _expected_log_loss(probability: Floats) -> Figure:
    tiny = np.finfo(np.float64).eps
    inner = np.clip(probability, tiny, 1 - tiny)
    entropy = -float((inner * np.log(inner) + (1 - inner) * np.log1p(-inner)).mean())
    return _drawn(entropy, probability, np.log(inner / (1 - inner)))


def _expected_auc(probability: Floats) -> Figure | None:
    """None where not even one customer of either outcome is expected."""
    if min(probability.sum(), (1 - probability).sum()) < 1:
        return None
    value, slopes = expected_auc(probability)
    return _drawn(value, probability, slopes * len(probability))


def expected_auc(probability: Floats) -> tuple[float, Floats]:
    """The AUC that right probabilities promise, and by how much it rises with each customer who leaves, shape (n,).

    Over the pairs of different customers, i leaving and j staying with the probability pᵢ(1 − pⱼ).
    """
    left, stayed = probability, 1 - probability
    below, above = placements(probability, left, stayed)
    self_pairs = float(left @ stayed)
    pairs = float(left.sum() * stayed.sum()) - self_pairs
    value = (float(left @ below) - self_pairs / 2) / pairs
    slopes = (below / stayed.sum() - value) / left.sum() - (above / left.sum() - value) / stayed.sum()
    return value, slopes


def placements(probability: Floats, left: Floats, stayed: Floats) -> tuple[Floats, Floats]:
    """For each row, how much weight of `stayed` lies below its score, and of `left` above it; equal scores by half."""
    order = np.argsort(probability, kind="stable")
    ordered = probability[order]
    score = np.cumsum(np.append(False, ordered[1:] != ordered[:-1]), dtype=np.int32)
    del ordered
    lower, higher = (np.bincount(score, part[order]) for part in (stayed, left))
    below, above = np.empty_like(probability), np.empty_like(probability)
    below[order] = (np.cumsum(lower) - lower / 2)[score]
    above[order] = (higher.sum() - np.cumsum(higher) + higher / 2)[score]
    return below, above


def log_losses(outcome: NDArray[np.number], probability: Floats) -> Floats:
    """Each row's log loss, shape (n,); probabilities are clipped away from 0 and 1, as in scikit-learn."""
    tiny = np.finfo(np.float64).eps
    losses: Floats = -np.log(np.clip(np.where(outcome == 1, probability, 1 - probability), tiny, 1 - tiny))
    return losses


def _mean(sample: Sample, values: Floats) -> Figure:
    value = _average(values, sample.weight)
    influence = sample.weight * (values - value) / sample.weight.sum()
    reach = NORMAL_95 * float(np.sqrt(_variance(sample, influence) * _unbiased(_customers(sample))))
    return {"value": value, "low": value - reach, "high": value + reach}


def _drawn(value: float, probability: Floats, gains: Floats) -> Figure:
    """A mean over n drawn outcomes, to each of which one who leaves adds his gain."""
    variance = float((probability * (1 - probability)) @ np.broadcast_to(gains**2, probability.shape))
    reach = NORMAL_95 * float(np.sqrt(variance)) / len(probability)
    return {"value": value, "low": value - reach, "high": value + reach}


def _ratio(value: float, variance: float) -> Figure:
    """A ratio with the variance of its logarithm."""
    reach = NORMAL_95 * float(np.sqrt(variance))
    return {"value": value, "low": value * float(np.exp(-reach)), "high": value * float(np.exp(reach))}


def _average(values: NDArray[np.number], weight: Floats) -> float:
    return float(weight @ values / weight.sum())


def _variance(sample: Sample, influence: Floats) -> float:
    """The variance of a figure from the influence values of its rows."""
    return clustered_variance(influence, sample.customer)


def _customers(sample: Sample) -> int:
    return int(np.count_nonzero(np.bincount(sample.customer)))


def _unbiased(n: float) -> float:
    return n / (n - 1) if n > 1 else 1.0


def _effective(sample: Sample, share: float) -> float:
    """How many independent customers, each counting once, would tell a share as closely as the sample does."""
    variance = _variance(sample, sample.weight * (sample.outcome - share) / sample.weight.sum())
    if variance == 0:
        by_customer = np.bincount(sample.customer, sample.weight)
        return float(by_customer.sum() ** 2 / (by_customer @ by_customer))
    return min(share * (1 - share) / variance, float(len(sample.outcome)))


def _tops(sample: Sample, shares: Sequence[float]) -> list[Floats]:
    """For each row, the part of it that is among these shares of the weight with the highest scores, from 0 to 1."""
    descending = np.argsort(sample.probability)[::-1]
    ordered = sample.probability[descending]
    score = np.cumsum(np.append(False, ordered[1:] != ordered[:-1]))
    held = np.bincount(score, sample.weight[descending])
    before = np.cumsum(held) - held
    parts = [np.empty_like(sample.weight) for _ in shares]
    for part, share in zip(parts, shares, strict=True):
        part[descending] = np.clip((share * held.sum() - before) / held, 0, 1)[score]
    return parts


def _tenths(sample: Sample) -> Iterator[Sample]:
    tenth = np.minimum((sample.probability * _TENTHS).astype(int), _TENTHS - 1)
    yield from (sample.take(np.flatnonzero(tenth == number)) for number in range(_TENTHS) if (tenth == number).any())
