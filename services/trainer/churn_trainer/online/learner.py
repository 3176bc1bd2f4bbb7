"""What learns: a logistic regression that begins at the champion's weights and takes a small step for each outcome.

Of a scorecard it moves the weight of every column. Of another additive release it moves a and b of the recalibration
a + b·log-odds, which begins at 0 and 1, and becomes part of its terms. The steps are those of stochastic gradient
descent at a constant rate on standardised columns (Bottou 2012, "Stochastic Gradient Descent Tricks").
"""

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import SGDClassifier

from churn.customer.declaration import Customer
from churn.model.scorecard import Scorecard
from churn.model.scoring import FloatArray, sigmoids
from churn.model.terms import Terms
from churn.release import Release
from churn_trainer.online.errors import CannotLearn
from churn_trainer.online.state import Weights

# The rate of the steps: slow, for what they cost grows with it.
_RATE = 0.003

# In a world that does not change, steps at a constant rate cost a log loss of rate / 4 × E[(y − p)²] × E‖x‖², x being
# the standardised columns: about .001 of so many. Where there are more they are scaled down to the same ‖x‖, or they
# would cost it many times over.
_COLUMNS = 10


class Learner:
    """Predicts and learns; `scorer` is what it has become."""

    def __init__(self, champion: Release, weights: Weights | None = None) -> None:
        """Begin at the champion, or go on at `weights`. Raises CannotLearn unless the champion is additive."""
        scorer = champion.predictor.scorer
        if not isinstance(scorer, Scorecard | Terms):
            raise CannotLearn(champion.version, champion.manifest.kind)
        self._scorer = scorer
        sample = self._columns(champion.predictor.background.table)
        self._means, deviations = sample.mean(axis=0), sample.std(axis=0)
        many = max(1.0, np.sqrt(len(deviations) / _COLUMNS))
        self._scales = many * np.where(deviations > 0, deviations, 1.0)
        self._model = SGDClassifier(
            loss="log_loss", learning_rate="constant", eta0=_RATE, penalty=None, shuffle=False, random_state=0
        )
        begun = weights or self._standardised()
        self._model.classes_ = np.array([0, 1])
        self._model.coef_ = np.array([begun.columns])
        self._model.intercept_ = np.array([begun.intercept])
        if self._model.coef_.shape != (1, len(self._means)):
            raise ValueError("the weights are of other columns")

    @property
    def weights(self) -> Weights:
        """Where it stands."""
        return Weights(tuple(self._model.coef_[0].tolist()), float(self._model.intercept_[0]))

    def learn(self, customers: Customer, churn: NDArray[np.int8], weight: NDArray[np.float64]) -> FloatArray:
        """Learn n outcomes in their order, and return what was predicted of them before any was learned, shape (n,)."""
        columns = (self._columns(customers) - self._means) / self._scales
        before = sigmoids(columns @ self._model.coef_[0] + self._model.intercept_[0])
        self._model.partial_fit(columns, churn, sample_weight=weight)
        return before

    def scorer(self) -> Scorecard | Terms:
        """The release's model as it has learned it; effects are measured from the champion's averages."""
        weights = self._model.coef_[0] / self._scales
        intercept = float(self._model.intercept_[0] - weights @ self._means)
        champion = self._scorer
        if isinstance(champion, Scorecard):
            names = champion.schema.features.names
            of_columns = dict(zip(names, weights.tolist(), strict=True))
            averages = dict(zip(names, champion.averages, strict=True))
            return Scorecard(champion.schema, intercept, of_columns, averages, champion.slopes)
        return _recalibrated(champion, intercept, float(weights[0]))

    def _columns(self, customers: Customer) -> FloatArray:
        """What it is linear in, shape (n, columns)."""
        if isinstance(self._scorer, Scorecard):
            return self._scorer.schema.features.matrix(customers)
        return self._scorer.log_odds_of(customers)[:, None]

    def _standardised(self) -> Weights:
        """The champion's weights, of the standardised columns."""
        card = isinstance(self._scorer, Scorecard)
        weights = np.array(self._scorer.weights if isinstance(self._scorer, Scorecard) else [1.0])
        intercept = (self._scorer.intercept if card else 0.0) + float(weights @ self._means)
        return Weights(tuple((weights * self._scales).tolist()), intercept)


def _recalibrated(terms: Terms, a: float, b: float) -> Terms:
    """The terms whose log-odds are a + b × those of `terms`."""
    tables = [table._replace(entries=b * table.entries, average=b * table.average) for table in terms.tables]
    slopes = [slope._replace(weight=b * slope.weight, average=b * slope.average) for slope in terms.slopes]
    return Terms(terms.schema, a + b * terms.intercept, tables, slopes)
