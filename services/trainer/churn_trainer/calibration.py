"""Whether probabilities are right: what they would have to be changed by, and the gate on it."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from churn.scoring import logits, sigmoids
from churn_trainer.evidence import Evidence, Gate
from churn_trainer.metrics import NORMAL_95, Labels, Probabilities

Floats = NDArray[np.float64]

# What may be off: log-odds a fifth too large or a quarter too small, and all of them by 0.2, which takes 26 % to 23 or
# 30 %.
SLOPES, INTERCEPTS = (0.8, 1.25), (-0.2, 0.2)

# So many standard errors are what chance may do: it holds back one honest release of four hundred.
_CHANCE = 3

# Newton's method needs half a dozen steps; where outcomes are told without error it would go on for ever.
_STEPS = 25
# So weak that it changes no digit that is shown, and the curvature is never nothing.
_RIDGE = 1e-6


def recalibration(churn: Labels, probability: Probabilities) -> dict[str, dict[str, float]]:
    """Slope and intercept of calibration with standard errors and 95 % intervals; right probabilities have 1 and 0.

    By logistic recalibration (Cox 1958, "Two further applications of a model for binary regression"): the slope is
    what log-odds would have to be multiplied by, below 1 where they are overconfident; the intercept is what would
    have to be added to them as they are, above 0 where more leave than predicted (Van Calster et al. 2019,
    "Calibration: the Achilles heel of predictive analytics").
    """
    log_odds = logits(probability)
    ones = np.ones_like(log_odds)
    both, errors = _logistic(np.column_stack([log_odds, ones]), np.zeros_like(log_odds), churn)
    (shift,), (error,) = _logistic(ones[:, None], log_odds, churn)
    return {"slope": _estimate(both[0], errors[0]), "intercept": _estimate(shift, error)}


def calibrated(evidence: Evidence) -> Iterator[Gate]:
    yield calibration_gate(evidence.unseen.churn, evidence.probability)


def calibration_gate(churn: Labels, probability: Probabilities) -> Gate:
    """It fails where slope or intercept is further off than is allowed, unless chance alone could have it so."""
    found = recalibration(churn, probability)
    slope, intercept = found["slope"], found["intercept"]
    passed = _bearable(slope, 1, SLOPES) and _bearable(intercept, 0, INTERCEPTS)
    detail = f"slope {_words(slope, SLOPES)}; intercept {_words(intercept, INTERCEPTS)}"
    return Gate("the probabilities are calibrated", passed, detail)


def _bearable(estimate: dict[str, float], right: float, allowed: tuple[float, float]) -> bool:
    by_chance = abs(estimate["value"] - right) <= _CHANCE * estimate["error"]
    return allowed[0] <= estimate["value"] <= allowed[1] or by_chance


def _words(estimate: dict[str, float], allowed: tuple[float, float]) -> str:
    interval = f"{estimate['low']:.2f} to {estimate['high']:.2f}"
    return f"{estimate['value']:.2f} ({interval}), {allowed[0]:g} to {allowed[1]:g} allowed"


def _estimate(value: float, error: float) -> dict[str, float]:
    reach = NORMAL_95 * error
    return {"value": float(value), "error": float(error), "low": float(value - reach), "high": float(value + reach)}


def _logistic(columns: Floats, offset: Floats, churn: Labels) -> tuple[Floats, Floats]:
    """The weights of a logistic regression and their standard errors, by Newton's method; scikit-learn's regression has
    neither an offset nor errors."""
    weights = np.zeros(columns.shape[1])
    for _ in range(_STEPS):
        expected = sigmoids(columns @ weights + offset)
        ridge = _RIDGE * np.eye(len(weights))
        information = columns.T @ (columns * (expected * (1 - expected))[:, None]) + ridge
        weights = weights + np.linalg.solve(information, columns.T @ (churn - expected) - _RIDGE * weights)
    return weights, np.sqrt(np.diag(np.linalg.inv(information)))
