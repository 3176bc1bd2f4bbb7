"""Gates against tables that give the outcome away, and against tables with the same customers several times."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from sklearn.metrics import roc_auc_score

from churn.intervals import wilson
from churn.schema import Schema
from churn.split import Hashes
from churn_trainer.data.declared import is_built_in
from churn_trainer.data.groups import equal_groups
from churn_trainer.data.table import Table
from churn_trainer.gates.evidence import Gate

# Well above the AUC of an honest field and well below that of a field that is only known once a customer has left, as
# `make validate` shows. A release with a field in between can be promoted by somebody who knows the field.
MAX_FIELD_AUC = 0.85

# The same in a table of one's own, whose declaration a person wrote field by field: an honest one reaches 0.94 there,
# as does one that leaks, so that a person is asked from MAX_FIELD_AUC on. Above this it is the outcome by another name.
MAX_DECLARED_AUC = 0.98

# Far above what any model reaches with the fields of IBM's customers.
MAX_MODEL_AUC = 0.90

# If customers with a value stay at less than a tenth of the usual rate, the value was written because they left.
# Values of very few customers are ignored.
MIN_RELATIVE_STAY = 0.1
MIN_HOLDERS = 0.01

# By chance, hardly any customer equals another one in every field. In a table that was exported twice, half of them do.
MAX_REPEATED = 0.10

# What a person who declared a field has to ask.
_LEAVE_OUT = "a field that is known only once a customer has left belongs into leave_out of the declaration"


class Value(NamedTuple):
    """A value of a field: how many customers have it, and how many of them left."""

    field: str
    value: str
    holders: int
    left: int


def single_field(table: Table) -> Gate:
    """That no field alone ranks customers too well, with the churn rate of its value as the score."""
    aucs = {name: field_auc(name, table) for name in table.schema.fields}
    best = max(aucs, key=lambda name: aucs[name])
    limit = MAX_FIELD_AUC if is_built_in(table.schema) else MAX_DECLARED_AUC
    passed, detail = aucs[best] <= limit, f"{best} alone reaches AUC {aucs[best]:.3f}, {limit} is allowed"
    remark = _LEAVE_OUT if passed and aucs[best] > MAX_FIELD_AUC else ""
    return Gate("no single field tells the outcome", passed, detail, remark)


def field_auc(name: str, table: Table) -> float:
    """The AUC of one field, 0.5 to 1, where a customer's score is the churn rate of its value.

    A number's values are put into twenty groups of equal size.
    """
    column = table.column(name)
    level = column if name in table.schema.categories else equal_groups(column)
    holders = np.bincount(level)
    rates = np.bincount(level, weights=table.churn) / np.maximum(holders, 1)
    return float(roc_auc_score(table.churn, rates[level]))


def made_of_outcome(table: Table) -> Gate:
    """That no value is written when a customer leaves, such as a bill of zero, which hardly anyone who stayed has."""
    name = "no value is made of the outcome"
    worst = min(values(table), key=lambda value: _relative_stay(value, table), default=None)
    if worst is None:
        return Gate(name, True, f"no value is that of {MIN_HOLDERS:.0%} of the customers")
    stay = _relative_stay(worst, table)
    detail = (
        f"{worst.left:,} of the {worst.holders:,} customers with {worst.field} {worst.value} left: they stay at "
        f"{stay:.3f} of the usual rate or less, {MIN_RELATIVE_STAY} is the least"
    )
    passed = stay >= MIN_RELATIVE_STAY
    remark = "" if passed or is_built_in(table.schema) else _LEAVE_OUT
    return Gate(name, passed or bool(remark), detail, remark)


def values(table: Table) -> Iterator[Value]:
    """Every value of every field that at least one customer in a hundred has."""
    categories = table.schema.categories
    for name in table.schema.fields:
        found, level, holders = np.unique(table.column(name), return_inverse=True, return_counts=True)
        left = np.bincount(level, weights=table.churn)
        for place in np.flatnonzero(holders >= MIN_HOLDERS * len(table)):
            value = categories[name].names[found[place]] if name in categories else f"{found[place]:g}"
            yield Value(name, "blank" if value in ("", "nan") else value, int(holders[place]), int(left[place]))


def _relative_stay(value: Value, table: Table) -> float:
    """The upper end of the 95 % interval (Wilson) of the holders' rate of staying, divided by everybody's rate."""
    _, high = wilson(value.holders - value.left, value.holders)
    return high / float(np.mean(table.churn == 0))


def implausible_model(auc: float, schema: Schema) -> Gate:
    """That the cross-validated AUC, 0 to 1, is not higher than any model reaches with the fields of IBM's customers.

    What other fields can reach nobody knows beforehand, so that there it is a remark.
    """
    passed = auc <= MAX_MODEL_AUC
    if is_built_in(schema):
        detail = f"cross-validated AUC {auc:.4f}, {MAX_MODEL_AUC} is allowed"
        return Gate("the model is not implausibly good", passed, detail)
    detail = f"cross-validated AUC {auc:.4f}, above {MAX_MODEL_AUC} a person has to look at the fields"
    return Gate("the model is not implausibly good", True, detail, "" if passed else _LEAVE_OUT)


def repeats(groups: Hashes, table: Table) -> Gate:
    """That few customers equal another one; `groups` has a number per row, the same for those alike in every field.

    In a table of one's own a few coarse fields make many customers alike, and where they have ids, a second row of one
    of them has been left out already; so there it is a remark. A customer who is tracked may stay as he is for months,
    and counts once.
    """
    if table.tracked is not None:
        _, first = np.unique(np.column_stack([groups, table.keys]), axis=0, return_index=True)
        once = np.zeros(len(groups), np.bool)
        once[first] = True
        groups = groups[once | ~table.tracked]
    repeated = len(groups) - len(np.unique(groups))
    share = repeated / len(groups)
    detail = f"{repeated:,} of {len(groups):,} customers equal another one ({share:.1%}), {MAX_REPEATED:.0%} is allowed"
    passed = share <= MAX_REPEATED
    own = not passed and not is_built_in(table.schema)
    detail += "" if not own or table.identified else " unless the declaration names an id that tells them apart"
    remark = "no model can tell them apart" if own and table.identified else ""
    return Gate("few customers equal another one in every field", passed or bool(remark), detail, remark)
