"""A stack: a logistic regression over the log-odds of its members' predictions for customers that they have not seen.

It weighs members by what each knows that the others do not, where a vote would weigh all alike (Wolpert 1992, "Stacked
generalization").
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.linear_model import LogisticRegression

from churn.model.scoring import FloatArray, logits
from churn_trainer.data.hashes import row_hashes
from churn_trainer.data.prepare import Fed, Floats, Inputs
from churn_trainer.training.folds import Folds, apart

# The folds of the members' predictions that the regression is fitted on.
_FOLDS = 3


class Member(NamedTuple):
    """A member of a stack: its name, what it is fed, and its estimator."""

    name: str
    inputs: Inputs
    estimator: ClassifierMixin


class Stack(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """The stack of these members; `members_` are the same, fitted, and `regression_` weighs their log-odds."""

    def __init__(self, members: Sequence[Member]) -> None:
        self.members = members

    def fit(self, fed: Fed, churn: NDArray[np.int8]) -> "Stack":
        """Fit on what each member is fed, and outcomes of shape (n,)."""
        folds = list(apart(row_hashes(tuple(fed.of("fields").T)), churn, _FOLDS))
        unseen = [_unseen(one.estimator, fed.of(one.inputs), churn, folds) for one in self.members]
        self.regression_ = weighing(unseen, churn)
        self.members_ = [
            one._replace(estimator=clone(one.estimator).fit(fed.of(one.inputs), churn)) for one in self.members
        ]
        self.classes_ = np.unique(churn)
        return self

    def predict_proba(self, fed: Fed) -> FloatArray:
        """The probabilities of staying and churning, shape (n, 2)."""
        each = [one.estimator.predict_proba(fed.of(one.inputs))[:, 1] for one in self.members_]
        probabilities: FloatArray = self.regression_.predict_proba(stacked(each))
        return probabilities


def _unseen(estimator: ClassifierMixin, fed: Floats, churn: NDArray[np.int8], folds: Sequence[Folds]) -> FloatArray:
    """The probability of each customer by a fit without the customer's fold, shape (n,)."""
    unseen = np.empty(len(churn))
    for fitted, rest in folds:
        unseen[rest] = clone(estimator).fit(fed[fitted], churn[fitted]).predict_proba(fed[rest])[:, 1]
    return unseen


def weighing(probabilities: Sequence[FloatArray], churn: NDArray[np.int8]) -> LogisticRegression:
    """The regression of the outcomes on the members' log-odds, each given as probabilities of shape (n,)."""
    return LogisticRegression(C=1.0, solver="newton-cholesky").fit(stacked(probabilities), churn)


def stacked(probabilities: Sequence[FloatArray]) -> FloatArray:
    """The members' log-odds side by side, shape (n, members)."""
    return np.column_stack([logits(each) for each in probabilities])
