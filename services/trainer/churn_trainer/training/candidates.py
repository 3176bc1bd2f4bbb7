"""The models that compete, each with the few settings that its grid tries.

The grids are small on purpose. On this kind of table, the choice among sensible settings moves the AUC by less than its
noise, and every point costs a fit in each of hundreds of folds. Each grid begins with its simplest setting, the most
regularised one, and a search keeps it unless another one is better by more than noise. The two slow models have no
grid: a search over two settings would make six of seven fits, and usually keep the first setting.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sklearn.base import ClassifierMixin
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.tree import DecisionTreeClassifier

# Every random number generator is seeded with it, so that a run can be repeated to the last digit.
SEED = 42


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model and its grid, the values of each setting ordered from the simplest model to the most flexible one.

    `complexity` ranks models by how much a person has to follow to check a score, from 1, the simplest. `cost` is the
    share of the run's cross-validation time that the model takes, 0 to 1, for the estimate of the time left.
    """

    name: str
    complexity: int
    interpretability: str
    cost: float
    estimator: Callable[[], ClassifierMixin]
    grid: Mapping[str, Sequence[Any]]


LOGISTIC_REGRESSION = "Logistic Regression"

CANDIDATES: tuple[Candidate, ...] = (
    Candidate(
        LOGISTIC_REGRESSION,
        1,
        "high: one weight per column",
        0.2,
        # Newton's method does not penalise the intercept; liblinear does, which shifts every probability.
        lambda: LogisticRegression(solver="newton-cholesky", max_iter=500, random_state=SEED),
        # A stronger penalty than the first would draw the probabilities visibly together.
        {"C": (0.01, 0.1, 1.0)},
    ),
    Candidate(
        "Gaussian Naive Bayes",
        2,
        "high: two figures per column and class",
        0.12,
        lambda: GaussianNB(),
        {"var_smoothing": (1e-2, 1e-9)},
    ),
    Candidate(
        "Decision Tree",
        3,
        "medium: a path of up to ten questions",
        0.22,
        lambda: DecisionTreeClassifier(max_depth=10, random_state=SEED),
        {"min_samples_leaf": (100, 50, 20)},
    ),
    Candidate(
        "Random Forest",
        4,
        "low: fifty trees of depth ten",
        0.28,
        lambda: RandomForestClassifier(n_estimators=50, max_depth=10, min_samples_leaf=20, n_jobs=1, random_state=SEED),
        {},
    ),
    Candidate(
        "Gradient Boosting",
        5,
        "low: a sum of a hundred small trees",
        0.18,
        lambda: HistGradientBoostingClassifier(
            learning_rate=0.1,
            max_iter=100,
            max_leaf_nodes=4,
            min_samples_leaf=40,
            max_bins=64,
            early_stopping=False,
            random_state=SEED,
        ),
        {},
    ),
)


# The soft vote is over models that err differently and whose probabilities are calibrated without further work.
VOTERS = (LOGISTIC_REGRESSION, "Random Forest", "Gradient Boosting")

VOTING = Candidate(
    "Soft Voting",
    6,
    "low: the mean of three models",
    0.0,
    lambda: VotingClassifier(
        [(voter.name, voter.estimator()) for voter in CANDIDATES if voter.name in VOTERS], voting="soft"
    ),
    {},
)
