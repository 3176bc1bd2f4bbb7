"""How much of the charges the services and the tenure explain, so that reasons can tell them apart.

A bill is the sum of its services' prices, to within a dollar, and the total is about the bill times the tenure. So a
model cannot tell which of them a weight belongs to: whichever weights the penalty prefers, the predictions are the
same. Reasons therefore credit services and tenure with what they explain, and the charges only with the rest.
"""

from collections.abc import Sequence

import numpy as np
from sklearn.linear_model import LinearRegression

from churn.model.scorecard import Slopes
from churn.schema import Schema
from churn_trainer.data.prepare import Floats, Prepared, matrix
from churn_trainer.data.split import Rows
from churn_trainer.training.candidates import SEED

# More customers than this change no digit of a price that is shown.
_MOST_ROWS = 20_000


def explained_by(schema: Schema) -> dict[str, tuple[str, ...]]:
    """For each column of charges, the columns that explain it; empty unless tenure, bill and total are all declared.

    They are the columns made of one service, and for the total and its averages per month those of tenure as well. A
    column that nothing would explain, such as the bill where no group of fields is of services, is left out.
    """
    tenure, monthly, total = (schema.role(role) for role in ("tenure", "monthly_value", "total_value"))
    if tenure is None or monthly is None or total is None:
        return {}
    alone = {one.name: one.fields[0] for one in schema.features.features if len(one.fields) == 1}
    services = tuple(column for column, field in alone.items() if schema.fields[field].group == schema.services)
    with_tenure = (*services, *(column for column, field in alone.items() if field == tenure))
    averages = [one.name for one in schema.features.features if one.fields == (total, tenure)]
    explaining = {monthly: services, total: with_tenure, **dict.fromkeys(averages, with_tenure)}
    return {column: others for column, others in explaining.items() if others}


def slopes_of(prepared: Prepared, rows: Rows) -> Slopes:
    """By how much each column of charges grows with each column that explains it, by linear regression on the rows."""
    columns = _sample(prepared, rows)
    return {
        name: dict(zip(others, _regression(prepared, columns, name, others).coef_.tolist(), strict=True))
        for name, others in explained_by(prepared.table.schema).items()
    }


def explained_shares(prepared: Prepared, rows: Rows) -> dict[str, float]:
    """The share of each charge's variance that is explained (R², 0 to 1)."""
    columns = _sample(prepared, rows)
    return {
        name: float(_regression(prepared, columns, name, others).score(*_parts(prepared, columns, name, others)))
        for name, others in explained_by(prepared.table.schema).items()
    }


def _sample(prepared: Prepared, rows: Rows) -> Floats:
    if len(rows) > _MOST_ROWS:
        rows = np.random.default_rng(SEED).choice(rows, _MOST_ROWS, replace=False)
    return matrix(prepared.table, rows)


def _regression(prepared: Prepared, columns: Floats, name: str, others: Sequence[str]) -> LinearRegression:
    """The regression of one column on others; of minimum norm where these depend on each other, as add-ons do."""
    return LinearRegression().fit(*_parts(prepared, columns, name, others))


def _parts(prepared: Prepared, columns: Floats, name: str, others: Sequence[str]) -> tuple[Floats, Floats]:
    """The columns that explain, shape (n, k), and the one that they explain, shape (n,)."""
    place = prepared.columns.index
    return columns[:, [place(other) for other in others]], columns[:, [place(name)]][:, 0]
