"""Whether what came of a release's predictions is still what they said: a verdict with few false alarms.

Each ripe month is tested once, by a test of the rate and one of the ranking. Of all releases whose probabilities are
right, at most ALPHA ever get an alarm, however many customers and months they have.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from churn.tracking.figures import FEWEST, Floats, Sample, expected_auc, roc_auc

# Month k spends 6 / (π²k²) of it, half on each test: over any number of months no more than all of it, by the union
# bound, since the sum of 1 / k² is π² / 6 (alpha spending, Lan & DeMets 1983; for streams of tests Javanmard &
# Montanari 2018, "Online rules for control of false discovery rate"). Early months get most: a bad release shows soon.
ALPHA = 0.01

# A change that is certain but smaller than this is worth a notice and no alarm: with enough customers everything is
# certain. In the rate, those who left to those who were expected to; in the AUC, what it fell by.
_RATE_RATIO = 1.1
_AUC_LOSS = 0.03

# An alarm becomes a notice after so many ripe months without one.
_QUIET_MONTHS = 3

# Of θ in `_tail`: at it, outcomes are all but certain. Any θ gives a bound, and one this close to the best the same.
_LARGEST, _STEPS, _CLOSE = 256.0, 60, 1e-5


class Evidence(NamedTuple):
    """The predictions of a month whose outcomes are known; each customer stands in it once."""

    month: str
    number: int
    """Of the month since the release's first predictions, from 1."""
    sample: Sample


class _Finding(NamedTuple):
    month: str
    state: str
    words: str


def verdict(months: Sequence[Evidence], promised_auc: float | None) -> dict[str, Any]:
    """The state (none, notice or alarm), words for people, and since which month, from the release's ripe months.

    `promised_auc` is the lower end of the interval that the release promises; None where it promises none.
    """
    tested = [evidence for evidence in months if len(evidence.sample.outcome) >= FEWEST]
    if not tested:
        words = (
            f"No whole ripe month has {FEWEST} known outcomes, of half of its customers or more: nothing can be said."
        )
        return {"state": "none", "words": words, "since": None}
    findings = [finding for evidence in tested for finding in _findings(evidence, promised_auc)]
    if not findings:
        return {"state": "none", "words": "What came of the predictions is what they said.", "since": None}
    recent = {evidence.month for evidence in tested[-_QUIET_MONTHS:]}
    alarms = [finding for finding in findings if finding.state == "alarm"]
    shown = alarms or findings
    state = "alarm" if any(finding.month in recent for finding in alarms) else "notice"
    since = shown[0].month
    words = " ".join(finding.words for finding in shown if finding.month == since)
    return {"state": state, "words": f"{words} {_remedy(state, alarms, recent)}", "since": since}


def _remedy(state: str, alarms: list[_Finding], recent: set[str]) -> str:
    if state == "alarm":
        return "Train again with the outcomes that are known since."
    if alarms:
        return f"The last {len(recent)} ripe months show nothing of the kind."
    return "The difference is certain but small; nothing needs to be done yet."


def _findings(evidence: Evidence, promised_auc: float | None) -> Iterator[_Finding]:
    month, number, sample = evidence
    level = ALPHA * 6 / (math.pi * number) ** 2 / 2
    if rate_test(sample) <= level:
        total = sample.weight.sum()
        observed, foreseen = (float(sample.weight @ column / total) for column in sample[:2])
        large = not 1 / _RATE_RATIO < observed / foreseen < _RATE_RATIO
        more = "More" if observed > foreseen else "Fewer"
        words = f"{more} customers left than predicted: {observed:.1%} of those scored in {month}, where {foreseen:.1%}"
        yield _Finding(month, "alarm" if large else "notice", f"{words} were to be expected.")
    if 0 < sample.outcome.sum() < len(sample.outcome) and ranking_test(sample) <= level:
        value, foreseen = roc_auc(sample)["value"], expected_auc(sample.probability)[0]
        kept = promised_auc is not None and value >= promised_auc
        large = foreseen - value > _AUC_LOSS and not kept
        words = f"The ranking is worse than promised: an AUC of {value:.3f} for the predictions of {month}, where"
        yield _Finding(month, "alarm" if large else "notice", f"{words} {foreseen:.3f} was to be expected.")


def rate_test(sample: Sample) -> float:
    """The chance, at most, that right probabilities have a churn rate this far from what they said, on either side.

    The score test of the intercept a in logit(y) = a + logit(p), whose statistic is Σ w(y − p).
    """
    excess = float(sample.weight @ (sample.outcome - sample.probability))
    return min(1.0, 2 * _tail(sample.probability, math.copysign(1, excess) * sample.weight, abs(excess)))


def ranking_test(sample: Sample) -> float:
    """The chance, at most, that right probabilities rank customers this badly.

    The statistic is Σ (y − p)h: h is by how much the expected AUC rises with a customer who leaves, without the part
    that a change of the intercept alone would make (Cox & Hinkley 1974, section 9.3: the efficient score).
    """
    slopes = sample.weight * expected_auc(sample.probability)[1]
    variance = sample.probability * (1 - sample.probability)
    level = sample.weight * float(slopes @ (sample.weight * variance) / (sample.weight**2 @ variance))
    gains = slopes - level
    return _tail(sample.probability, -gains, -float(gains @ (sample.outcome - sample.probability)))


def _tail(probability: Floats, factors: Floats, excess: float) -> float:
    """At least the chance that Σ aᵢ(yᵢ − pᵢ) reaches `excess`, for independent outcomes; 1 unless it is positive.

    By Chernoff (1952, "A measure of asymptotic efficiency"): exp(−max over θ of θ·excess − K(θ)), with K the cumulant
    generating function. A normal tail would be far too small where few customers are expected to leave.
    """
    if excess <= 0:
        return 1.0
    scale = float(np.abs(factors).max())
    factors, excess = factors / scale, excess / scale
    mean = float(factors @ probability)
    low, high, theta = 0.0, _LARGEST, 0.0
    for _ in range(_STEPS):
        grown = probability * np.exp(theta * factors)
        tilted = grown / (1 - probability + grown)
        missing = excess + mean - float(factors @ tilted)
        if abs(missing) < _CLOSE * excess:
            break
        low, high = (theta, high) if missing > 0 else (low, theta)
        # Newton's step, or half the way to the end of the range where that leads out of it.
        curvature = float(factors**2 @ (tilted * (1 - tilted)))
        step = theta + missing / curvature if curvature > 0 else high
        theta = step if low < step < high else (low + min(high, 2 * low + 1)) / 2
    cumulant = float(np.log1p(probability * np.expm1(theta * factors)).sum()) - theta * mean
    return math.exp(min(cumulant - theta * excess, 0.0))
