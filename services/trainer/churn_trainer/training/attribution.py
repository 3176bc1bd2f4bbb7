"""What the services and the tenure explain of the charges, so that reasons can tell these apart.

A bill is the sum of the prices of its services, to within a dollar; what was billed so far is about that many times the
tenure. A model cannot know which of them its weight belongs to: whichever weights the penalty prefers, the predictions
are the same. So reasons give the services and the tenure what they explain, and the charges only what is left.
"""

from collections.abc import Sequence

import numpy as np
from sklearn.linear_model import LinearRegression

from churn.customer.declaration import FIELDS, SERVICES
from churn.model.features import COLUMNS, FEATURES, matrix
from churn.model.scorecard import Slopes
from churn_trainer.data.prepare import Floats, Prepared
from churn_trainer.data.split import Rows
from churn_trainer.training.candidates import SEED

# More customers than these change no digit of a price that anybody sees.
_MOST_ROWS = 20_000

_OF_SERVICES = tuple(
    feature.name for feature in FEATURES if len(feature.fields) == 1 and FIELDS[feature.fields[0]].group == SERVICES
)
_OF_TENURE = tuple(feature.name for feature in FEATURES if feature.fields == ("tenure",))

EXPLAINED_BY = {
    "MonthlyCharges": _OF_SERVICES,
    "TotalCharges": (*_OF_SERVICES, *_OF_TENURE),
    "AvgChargePerMonth": (*_OF_SERVICES, *_OF_TENURE),
}
"""Of each column of charges, the columns that explain it."""


def slopes_of(prepared: Prepared, rows: Rows) -> Slopes:
    """By how much each of the charges grows with each column that explains it, by linear regression."""
    columns = _sample(prepared, rows)
    return {
        name: dict(zip(others, _regression(columns, name, others).coef_.tolist(), strict=True))
        for name, others in EXPLAINED_BY.items()
    }


def explained_shares(prepared: Prepared, rows: Rows) -> dict[str, float]:
    """How much of the variance of each of the charges is explained (R², 0 to 1)."""
    columns = _sample(prepared, rows)
    return {
        name: float(_regression(columns, name, others).score(_of(columns, others), _of(columns, [name])[:, 0]))
        for name, others in EXPLAINED_BY.items()
    }


def _sample(prepared: Prepared, rows: Rows) -> Floats:
    if len(rows) > _MOST_ROWS:
        rows = np.random.default_rng(SEED).choice(rows, _MOST_ROWS, replace=False)
    return matrix(prepared.table.take(rows).customers)


def _regression(columns: Floats, name: str, others: Sequence[str]) -> LinearRegression:
    """The solution of smallest size where some columns are always the same, as for add-ons without internet."""
    return LinearRegression().fit(_of(columns, others), _of(columns, [name])[:, 0])


def _of(columns: Floats, names: Sequence[str]) -> Floats:
    return columns[:, [COLUMNS.index(name) for name in names]]
