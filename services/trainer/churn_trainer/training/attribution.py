"""How much of the charges the services and the tenure explain, so that reasons can tell them apart.

A bill is the sum of its services' prices, to within a dollar, and the total is about the bill times the tenure. So a
model cannot tell which of them a weight belongs to: whichever weights the penalty prefers, the predictions are the
same. Reasons therefore credit services and tenure with what they explain, and the charges only with the rest.
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

# More customers than this change no digit of a price that is shown.
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
"""For each column of charges, the columns that explain it."""


def slopes_of(prepared: Prepared, rows: Rows) -> Slopes:
    """By how much each column of charges grows with each column that explains it, by linear regression on the rows."""
    columns = _sample(prepared, rows)
    return {
        name: dict(zip(others, _regression(columns, name, others).coef_.tolist(), strict=True))
        for name, others in EXPLAINED_BY.items()
    }


def explained_shares(prepared: Prepared, rows: Rows) -> dict[str, float]:
    """The share of each charge's variance that is explained (R², 0 to 1)."""
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
    """The regression of one column on others; of minimum norm where these depend on each other, as add-ons do."""
    return LinearRegression().fit(_of(columns, others), _of(columns, [name])[:, 0])


def _of(columns: Floats, names: Sequence[str]) -> Floats:
    return columns[:, [COLUMNS.index(name) for name in names]]
