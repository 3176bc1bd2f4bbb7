"""Gates against tables that give the outcome away, and against customers who stand in a table several times."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from churn.customer.declaration import CATEGORIES, FIELDS
from churn_trainer.data.hashes import Hashes
from churn_trainer.data.table import Table
from churn_trainer.gates.evidence import Gate
from churn_trainer.model_metrics import wilson

# Well above what an honest field reaches and well below what was only known after a customer had left, as the gates'
# part of `make validate` shows. In between, whoever knows the field may release by hand.
MAX_FIELD_AUC = 0.85

# Far above what there is to be had with these fields, whatever the model.
MAX_MODEL_AUC = 0.90

# Holders of a value who stay at less than a tenth of everybody's rate did not choose it: they got it by leaving. Values
# of very few customers are left out.
MIN_RELATIVE_STAY = 0.1
MIN_HOLDERS = 0.01

# Hardly anybody equals another customer in every field by chance; in a table that was exported twice every second one.
MAX_REPEATED = 0.10

# Groups of equal size into which a number is cut: fine enough for a step anywhere, too coarse to learn noise.
_GROUPS = 20


class Value(NamedTuple):
    """A value of a field: who holds it, and how many of them left."""

    field: str
    value: str
    holders: int
    left: int


def single_field(table: Table) -> Gate:
    """The churn rate of each field's values as a score: no honest field ranks customers that well by itself."""
    aucs = {name: field_auc(name, table) for name in FIELDS}
    best = max(aucs, key=lambda name: aucs[name])
    detail = f"{best} alone reaches AUC {aucs[best]:.3f}, {MAX_FIELD_AUC} is allowed"
    return Gate("no single field tells the outcome", aucs[best] <= MAX_FIELD_AUC, detail)


def field_auc(name: str, table: Table) -> float:
    """The AUC of the churn rates of a category's values, or of a number's twenty groups of equal size."""
    column = getattr(table.customers, name)
    level = column if name in CATEGORIES else _groups(column)
    holders = np.bincount(level)
    rates = np.bincount(level, weights=table.churn) / np.maximum(holders, 1)
    return float(roc_auc_score(table.churn, rates[level]))


def made_of_outcome(table: Table) -> Gate:
    """A value that is written when a customer leaves, such as a bill of zero, is held by hardly anybody who stayed."""
    worst = min(values(table), key=lambda value: _relative_stay(value, table))
    stay = _relative_stay(worst, table)
    detail = (
        f"{worst.left:,} of the {worst.holders:,} customers with {worst.field} {worst.value} left: they stay at "
        f"{stay:.3f} of the usual rate or less, {MIN_RELATIVE_STAY} is the least"
    )
    return Gate("no value is made of the outcome", stay >= MIN_RELATIVE_STAY, detail)


def values(table: Table) -> Iterator[Value]:
    """Every value of a field that at least one customer of a hundred holds."""
    for name in FIELDS:
        found, level, holders = np.unique(getattr(table.customers, name), return_inverse=True, return_counts=True)
        left = np.bincount(level, weights=table.churn)
        for place in np.flatnonzero(holders >= MIN_HOLDERS * len(table)):
            value = CATEGORIES[name].names[found[place]] if name in CATEGORIES else f"{found[place]:g}"
            yield Value(name, value, int(holders[place]), int(left[place]))


def _relative_stay(value: Value, table: Table) -> float:
    """The highest rate of staying among holders (95 % interval by Wilson) as a share of everybody's."""
    _, high = wilson(value.holders - value.left, value.holders)
    return high / float(np.mean(table.churn == 0))


def implausible_model(auc: float) -> Gate:
    detail = f"cross-validated AUC {auc:.4f}, {MAX_MODEL_AUC} is allowed"
    return Gate("the model is not implausibly good", auc <= MAX_MODEL_AUC, detail)


def repeats(groups: Hashes) -> Gate:
    """`groups` are the same number for customers alike in every field."""
    repeated = len(groups) - len(np.unique(groups))
    share = repeated / len(groups)
    detail = f"{repeated:,} of {len(groups):,} customers equal another one ({share:.1%}), {MAX_REPEATED:.0%} is allowed"
    return Gate("few customers equal another one in every field", share <= MAX_REPEATED, detail)


def _groups(column: NDArray[np.float64]) -> NDArray[np.intp]:
    """The group of each number, from 0."""
    edges = np.unique(np.quantile(column, np.linspace(0, 1, _GROUPS + 1)[1:-1]))
    return np.searchsorted(edges, column, side="left")
