"""Whether probabilities are right on average, by logistic recalibration."""

import numpy as np
from numpy.typing import NDArray

from churn.intervals import NORMAL_95
from churn.model.scoring import logits, sigmoids
from churn_trainer.clusters import Clusters, count
from churn_trainer.model_metrics import Labels, Probabilities

Floats = NDArray[np.float64]

# Newton's method needs half a dozen steps; if the scores separate the outcomes perfectly, it never converges.
_STEPS = 25
# Too weak to change a digit that is shown, but it keeps the curvature from being singular.
_RIDGE = 1e-6


def recalibration(churn: Labels, probability: Probabilities, customer: Clusters = None) -> dict[str, dict[str, float]]:
    """Slope and intercept of calibration with standard errors and 95 % intervals; right probabilities have 1 and 0.

    By logistic recalibration (Cox 1958, "Two further applications of a model for binary regression"). The slope is what
    the log-odds would have to be multiplied by; it is below 1 if they are overconfident. The intercept is what would
    have to be added to the log-odds as they are; it is above 0 if more customers leave than predicted (Van Calster et
    al. 2019, "Calibration: the Achilles heel of predictive analytics").

    Where some customers have several rows, `customer` tells which are whose.
    """
    log_odds = logits(probability)
    ones = np.ones_like(log_odds)
    both, errors = _logistic(np.column_stack([log_odds, ones]), np.zeros_like(log_odds), churn, customer)
    (shift,), (error,) = _logistic(ones[:, None], log_odds, churn, customer)
    return {"slope": _estimate(both[0], errors[0]), "intercept": _estimate(shift, error)}


def _estimate(value: float, error: float) -> dict[str, float]:
    reach = NORMAL_95 * error
    return {"value": float(value), "error": float(error), "low": float(value - reach), "high": float(value + reach)}


def _logistic(columns: Floats, offset: Floats, churn: Labels, customer: Clusters) -> tuple[Floats, Floats]:
    """The weights of a logistic regression and their standard errors, by Newton's method.

    `columns` has shape (n, weights), `offset` shape (n,). scikit-learn's regression has neither an offset nor errors.
    """
    weights = np.zeros(columns.shape[1])
    for _ in range(_STEPS):
        expected = sigmoids(columns @ weights + offset)
        ridge = _RIDGE * np.eye(len(weights))
        information = columns.T @ (columns * (expected * (1 - expected))[:, None]) + ridge
        weights = weights + np.linalg.solve(information, columns.T @ (churn - expected) - _RIDGE * weights)
    inverse = np.linalg.inv(information)
    errors = np.sqrt(np.diag(inverse))
    if customer is None:
        return weights, errors
    residuals = churn - sigmoids(columns @ weights + offset)
    return weights, np.maximum(errors, _clustered(columns * residuals[:, None], inverse, customer))


def _clustered(gradients: Floats, inverse: NDArray[np.floating], customer: NDArray[np.intp]) -> Floats:
    """The standard errors with the gradients of a customer's rows added up, by the sandwich of Liang & Zeger (1986)."""
    sums = np.column_stack([np.bincount(customer, gradient) for gradient in gradients.T])
    customers = count(customer)
    middle = sums.T @ sums * customers / max(1, customers - 1)
    errors: Floats = np.sqrt(np.diag(inverse @ middle @ inverse))
    return errors
