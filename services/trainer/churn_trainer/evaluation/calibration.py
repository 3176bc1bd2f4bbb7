"""Whether probabilities are right: what they would have to be changed by."""

import numpy as np
from numpy.typing import NDArray

from churn.model.scoring import logits, sigmoids
from churn_trainer.model_metrics import NORMAL_95, Labels, Probabilities

Floats = NDArray[np.float64]

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
