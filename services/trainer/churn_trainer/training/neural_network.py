"""A small neural network whose probabilities are put right by customers that it has not seen."""

import warnings

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier

from churn.model.scoring import FloatArray, sigmoids
from churn_trainer.data.hashes import row_hashes
from churn_trainer.training.folds import apart

# The folds of the predictions that the scaling is fitted on.
_FOLDS = 3


class NeuralNetwork(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """One layer of ReLU units, then Platt's scaling: a logistic regression on out-of-fold log-odds.

    Networks are too sure of themselves as they are fitted (Platt 1999, "Probabilistic outputs for support vector
    machines"; Niculescu-Mizil and Caruana 2005). The strong penalty stands in for stopping early, which would need
    customers of its own; L-BFGS on all customers at once needs neither batches nor a rate.
    """

    def __init__(self, units: int = 8, penalty: float = 30.0, steps: int = 40, random_state: int = 0) -> None:
        self.units = units
        self.penalty = penalty
        self.steps = steps
        self.random_state = random_state

    def fit(self, columns: NDArray[np.float32], churn: NDArray[np.int8]) -> "NeuralNetwork":
        """Fit on scaled columns, shape (n, columns), and outcomes, shape (n,)."""
        # It is meant to end after its steps.
        warnings.filterwarnings("ignore", "lbfgs failed to converge", ConvergenceWarning)
        self.classes_ = np.unique(churn)
        self.n_features_in_ = columns.shape[1]
        unseen = np.empty(len(churn))
        network = MLPClassifier(
            (self.units,), solver="lbfgs", alpha=self.penalty, max_iter=self.steps, random_state=self.random_state
        )
        for fitted, rest in apart(row_hashes(tuple(columns.T)), churn, _FOLDS):
            unseen[rest] = log_odds(clone(network).fit(columns[fitted], churn[fitted]), columns[rest])
        platt = LogisticRegression(C=np.inf, solver="newton-cholesky").fit(unseen[:, None], churn)
        self.slope_, self.intercept_ = float(platt.coef_.item()), float(platt.intercept_.item())
        self.network_ = network.fit(columns, churn)
        return self

    def predict_proba(self, columns: NDArray[np.float32]) -> FloatArray:
        """The probabilities of staying and churning, shape (n, 2)."""
        churned = sigmoids(self.slope_ * log_odds(self.network_, columns) + self.intercept_)
        return np.column_stack([1 - churned, churned])


def log_odds(network: MLPClassifier, columns: NDArray[np.float32]) -> FloatArray:
    """What the network's last unit adds up, shape (n,): its log-odds, however certain."""
    (weights, last), (biases, bias) = network.coefs_, network.intercepts_
    sums: FloatArray = (np.maximum(columns.astype(np.float64) @ weights + biases, 0) @ last + bias)[:, 0]
    return sums
