"""The models that compete, each with the few settings that its grid tries.

The grids are small on purpose. On this kind of table, the choice among sensible settings moves the AUC by less than its
noise, and every point costs a fit in each of hundreds of folds. Each grid begins with its simplest setting, the most
regularised one, and a search keeps it unless another one is better by more than noise. The slow models have
no grid: a search over two settings would make six of seven fits, and usually keep the first setting.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sklearn.base import ClassifierMixin
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.tree import DecisionTreeClassifier

from churn.schema import Schema
from churn_trainer.data.prepare import Inputs
from churn_trainer.training.neural_network import NeuralNetwork
from churn_trainer.training.stack import Member, Stack

# Every random number generator is seeded with it, so that a run can be repeated to the last digit.
SEED = 42


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model and its grid, the values of each setting ordered from the simplest model to the most flexible one.

    `complexity` ranks models by how much a person has to follow to check a score, from 1, the simplest. `cost` is the
    share of the run's cross-validation time that the model takes, 0 to 1, for the estimate of the time left.
    `estimator` makes the model for a schema, and `inputs` is what the model is fed.
    """

    name: str
    complexity: int
    interpretability: str
    cost: float
    estimator: Callable[[Schema], ClassifierMixin]
    grid: Mapping[str, Sequence[Any]]
    inputs: Inputs = "columns"


LOGISTIC_REGRESSION = "Logistic Regression"
PAIRWISE_BOOSTING = "Pairwise Boosting"
NEURAL_NETWORK = "Neural Network"


def _pairwise_boosting(schema: Schema) -> HistGradientBoostingClassifier:
    """Boosting that asks about at most two fields on the way to a leaf, so that it is a sum over pairs of fields."""
    categories = schema.categories
    return HistGradientBoostingClassifier(
        learning_rate=0.1,
        max_iter=200,
        max_leaf_nodes=6,
        max_bins=max(64, *(len(field.names) for field in categories.values())) if categories else 64,
        categorical_features=[name in categories for name in schema.fields],
        interaction_cst="pairwise",
        early_stopping=False,
        random_state=SEED,
    )


CANDIDATES: tuple[Candidate, ...] = (
    Candidate(
        LOGISTIC_REGRESSION,
        1,
        "high: one weight per column",
        0.2,
        # Newton's method does not penalise the intercept; liblinear does, which shifts every probability.
        lambda _: LogisticRegression(solver="newton-cholesky", max_iter=500, random_state=SEED),
        # A stronger penalty than the first would draw the probabilities visibly together.
        {"C": (0.01, 0.1, 1.0)},
    ),
    Candidate(
        "Gaussian Naive Bayes",
        2,
        "high: two figures per column and class",
        0.12,
        lambda _: GaussianNB(),
        {"var_smoothing": (1e-2, 1e-9)},
    ),
    Candidate(
        "Decision Tree",
        3,
        "medium: a path of up to ten questions",
        0.22,
        lambda _: DecisionTreeClassifier(max_depth=10, random_state=SEED),
        {"min_samples_leaf": (100, 50, 20)},
    ),
    Candidate(
        PAIRWISE_BOOSTING,
        4,
        "medium: tables over one field or two, which add up",
        0.3,
        _pairwise_boosting,
        {},
        inputs="fields",
    ),
    Candidate(
        "Random Forest",
        5,
        "low: fifty trees of depth ten",
        0.28,
        lambda _: RandomForestClassifier(
            n_estimators=50, max_depth=10, min_samples_leaf=20, n_jobs=1, random_state=SEED
        ),
        {},
    ),
    Candidate(
        "Gradient Boosting",
        6,
        "low: a sum of fifty small trees",
        0.3,
        lambda _: HistGradientBoostingClassifier(
            max_iter=50,
            max_leaf_nodes=4,
            min_samples_leaf=40,
            max_bins=64,
            early_stopping=False,
            random_state=SEED,
        ),
        {"learning_rate": (0.1, 0.2)},
    ),
    Candidate(
        NEURAL_NETWORK,
        7,
        "low: eight units that each weigh all columns",
        0.3,
        lambda _: NeuralNetwork(random_state=SEED),
        {},
    ),
)


# The stack is over models that err differently: a sum over columns, a sum over pairs of fields, and neither.
MEMBERS = (LOGISTIC_REGRESSION, PAIRWISE_BOOSTING, NEURAL_NETWORK)

STACK = Candidate(
    "Stack",
    len(CANDIDATES) + 1,
    "low: three models, weighed",
    0.0,
    lambda schema: Stack(
        [Member(one.name, one.inputs, one.estimator(schema)) for one in CANDIDATES if one.name in MEMBERS]
    ),
    {},
    inputs="both",
)
