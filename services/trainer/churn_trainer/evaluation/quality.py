"""How good the champion is on customers that it has never seen: figures, curves, and fairness between groups."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from churn.customer.fields import Category
from churn.model.scoring import FloatArray
from churn_trainer.clusters import Clusters, of_rows
from churn_trainer.data.bands import banded
from churn_trainer.data.table import Table
from churn_trainer.evaluation.calibration import recalibration
from churn_trainer.evaluation.intervals import difference, intervals, share
from churn_trainer.model_metrics import THRESHOLD, measure, reliability, score_distribution, threshold_table

# The rates that are compared between groups.
_RATES = ("flagged_rate", "false_positive_rate", "recall", "precision")


def quality(churn: NDArray[np.int8], probability: FloatArray, table: Table) -> dict[str, Any]:
    """The manifest's entries about the test part, by name (see publishing.card)."""
    customer = table.clusters
    return {
        "test": measure(churn, probability),
        "test_intervals": intervals(churn, probability, customer),
        "recalibration": recalibration(churn, probability, customer),
        "calibration": reliability(churn, probability, customer),
        "score_distribution": score_distribution(churn, probability),
        "thresholds": threshold_table(churn, probability, customer),
        "fairness": fairness(churn, probability, table),
    }


def fairness(churn: NDArray[np.int8], probability: FloatArray, table: Table) -> dict[str, Any]:
    """Error rates at the threshold by group, with 95 % intervals, and the widest gap in each rate.

    Groups are those of the fields declared as protected, which say who a customer is rather than what they bought: no
    such group should be served worse. Those of a number are its bands.
    """
    customer = table.clusters
    groups = [
        {"field": name, "group": group, **_group(churn[rows], probability[rows], of_rows(customer, rows))}
        for name in table.schema.fields
        for group, rows in _groups(table, name)
        if rows.any()
    ]
    return {"threshold": THRESHOLD, "part": "test", "groups": groups, "gaps": list(_gaps(groups))}


def _groups(table: Table, name: str) -> Iterator[tuple[str, NDArray[np.bool]]]:
    """The groups of a protected field with their rows as masks, shape (n,); none of another field."""
    field, column = table.schema.fields[name], table.column(name)
    if isinstance(field, Category):
        yield from ((group, column == field.code(value)) for value, group in (field.protected or {}).items())
    elif field.protected:
        bands = banded(pd.Series(column), field)
        yield from ((band, (bands == band).to_numpy()) for band in bands.cat.categories)


def _gaps(groups: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """For each field and rate, the groups with the highest and the lowest rate, and their difference."""
    for field in dict.fromkeys(group["field"] for group in groups):
        members = [group for group in groups if group["field"] == field]
        for rate in _RATES if len(members) > 1 else ():
            yield {"field": field, "rate": rate, **_gap(members, rate)}


def _gap(groups: list[dict[str, Any]], rate: str) -> dict[str, Any]:
    ordered = sorted(groups, key=lambda group: float(group[rate]["value"]))
    low, high = ordered[0], ordered[-1]
    return {"highest": high["group"], "lowest": low["group"], **difference(high[rate], low[rate])}


def _group(churn: NDArray[np.int8], probability: FloatArray, customer: Clusters) -> dict[str, Any]:
    flagged, left = probability >= THRESHOLD, churn == 1
    both = len(np.unique(churn)) == 2
    return {
        "customers": len(churn),
        "observed_rate": float(churn.mean()),
        "observed": share(left, customer),
        "mean_predicted": float(probability.mean()),
        "flagged_rate": share(flagged, customer),
        "false_positive_rate": share(flagged[~left], of_rows(customer, ~left)),
        "recall": share(flagged[left], of_rows(customer, left)),
        "precision": share(left[flagged], of_rows(customer, flagged)),
        "roc_auc": float(roc_auc_score(churn, probability)) if both else None,
        "roc_auc_interval": intervals(churn, probability, customer)["roc_auc"] if both else None,
    }
