"""How good the champion is on customers it has never seen, and for whom: figures, curves, fairness."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from churn.customer import CATEGORIES, Customer
from churn.scoring import FloatArray
from churn_trainer.metrics import THRESHOLD, measure, reliability, score_distribution, threshold_table, wilson

# The fields that say who a customer is, by which nobody should be worse served.
GROUP_FIELDS = ("gender", "SeniorCitizen")

_GROUP_NAMES = {"SeniorCitizen": ("Not senior", "Senior")}


def quality(churn: NDArray[np.int8], probability: FloatArray, customers: Customer) -> dict[str, Any]:
    """The manifest's entries about the test part, by name."""
    return {
        "test": measure(churn, probability),
        "calibration": reliability(churn, probability),
        "score_distribution": score_distribution(churn, probability),
        "thresholds": threshold_table(churn, probability),
        "fairness": fairness(churn, probability, customers),
    }


def fairness(churn: NDArray[np.int8], probability: FloatArray, customers: Customer) -> dict[str, Any]:
    """Error rates at the threshold by group, with 95 % intervals, and the widest gap of each."""
    groups: list[dict[str, Any]] = []
    for field in GROUP_FIELDS:
        names = _GROUP_NAMES.get(field, CATEGORIES[field].names)
        for code, name in enumerate(names):
            rows = getattr(customers, field) == code
            if rows.any():
                groups.append({"field": field, "group": name, **_group(churn[rows], probability[rows])})
    return {"threshold": THRESHOLD, "part": "test", "groups": groups}


def _group(churn: NDArray[np.int8], probability: FloatArray) -> dict[str, Any]:
    flagged = probability >= THRESHOLD
    both = len(np.unique(churn)) == 2
    return {
        "customers": len(churn),
        "observed_rate": float(churn.mean()),
        "mean_predicted": float(probability.mean()),
        "flagged_rate": _share(flagged),
        "false_positive_rate": _share(flagged[churn == 0]),
        "recall": _share(flagged[churn == 1]),
        "precision": _share(churn[flagged] == 1),
        "roc_auc": float(roc_auc_score(churn, probability)) if both else None,
    }


def _share(hits: NDArray[np.bool]) -> dict[str, float]:
    """A share with its interval; 0 with the interval of ignorance where there is nobody."""
    low, high = wilson(int(hits.sum()), len(hits))
    return {"value": float(hits.mean()) if len(hits) else 0.0, "low": low, "high": high}
