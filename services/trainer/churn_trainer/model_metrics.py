"""How good predicted probabilities are: figures for a set of n customers whose outcome is known.

`churn` holds 0 or 1 for each customer and `probability` the predicted probability of churning, both of shape (n,).
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, log_loss, roc_auc_score

from churn_trainer.clusters import Clusters, of_rows, share_interval

Labels = NDArray[np.int8]
Probabilities = NDArray[np.float64]

# The probability from which on the prediction is Yes. The product's contract fixes it.
THRESHOLD = 0.5

CALIBRATION_BINS = 10
_HISTOGRAM_BINS = 20
_TOP_DECILE = 0.1


def measure(churn: Labels, probability: Probabilities) -> dict[str, float]:
    """Every figure that the comparison and the card show, by name.

    More is better, except for brier, log_loss and ece. Raises ValueError where all customers have the same outcome,
    because an AUC needs both.
    """
    return {
        "roc_auc": float(roc_auc_score(churn, probability)),
        "pr_auc": float(average_precision_score(churn, probability)),
        "brier": float(np.mean((probability - churn) ** 2)),
        "log_loss": float(log_loss(churn, probability, labels=[0, 1])),
        "ece": expected_calibration_error(churn, probability),
        "ece_floor": calibration_error_floor(probability),
        "lift_top_decile": lift(churn, probability),
        **at_threshold(churn, probability, THRESHOLD),
    }


def at_threshold(churn: Labels, probability: Probabilities, threshold: float) -> dict[str, float]:
    """Accuracy, precision, recall and F1 of predicting Yes from the threshold on; 0 where the divisor would be 0."""
    flagged = probability >= threshold
    caught = int(np.count_nonzero(flagged & (churn == 1)))
    precision = caught / max(int(flagged.sum()), 1)
    recall = caught / max(int(churn.sum()), 1)
    return {
        "accuracy": float(np.mean(flagged == (churn == 1))),
        "precision": precision,
        "recall": recall,
        "f1": 2 * precision * recall / (precision + recall) if caught else 0.0,
    }


def lift(churn: Labels, probability: Probabilities) -> float:
    """The churn rate of the tenth of customers with the highest scores, divided by that of all customers."""
    top = np.argsort(-probability, kind="stable")[: max(1, round(len(churn) * _TOP_DECILE))]
    return float(churn[top].mean() / churn.mean())


def reliability(churn: Labels, probability: Probabilities, customer: Clusters = None) -> list[dict[str, float]]:
    """Mean predicted and observed churn in each tenth of the probability scale; empty tenths are left out.

    `low` and `high` are the observed share's 95 % interval by Wilson. Where some customers
    have several rows, `customer` tells which are whose.
    """
    return [
        {
            "mean_predicted": float(probability[rows].mean()),
            "observed": float(churn[rows].mean()),
            **share_interval(churn[rows] == 1, of_rows(customer, rows)),
            "count": len(rows),
        }
        for rows in _tenths(probability)
    ]


def _tenths(probability: Probabilities) -> Iterator[NDArray[np.intp]]:
    """The rows in each tenth of the probability scale, without the empty ones."""
    tenth = np.minimum((probability * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    yield from (np.flatnonzero(tenth == bin_) for bin_ in range(CALIBRATION_BINS) if (tenth == bin_).any())


def expected_calibration_error(churn: Labels, probability: Probabilities) -> float:
    """Mean gap between predicted and observed over tenths of the scale, weighted by customers (Naeini et al. 2015)."""
    return sum(abs(float((probability[rows] - churn[rows]).sum())) for rows in _tenths(probability)) / len(churn)


def calibration_error_floor(probability: Probabilities) -> float:
    """The expected calibration error that these scores would have by chance alone if each of them were exactly right.

    In a tenth, predicted minus observed churners then have mean 0 and variance Σ p(1−p), and the mean absolute value of
    a normal variable is √(2/π) of its standard deviation.
    """
    variances = [float((probability[rows] * (1 - probability[rows])).sum()) for rows in _tenths(probability)]
    return float(np.sqrt(2 / np.pi) * np.sqrt(variances).sum()) / len(probability)


def score_distribution(churn: Labels, probability: Probabilities) -> dict[str, list[Any]]:
    """Histograms of the probability, for those who stayed and those who churned; `edges` has one entry more."""
    edges = np.linspace(0, 1, _HISTOGRAM_BINS + 1)
    return {
        "edges": [round(float(edge), 4) for edge in edges],
        "stayed": np.histogram(probability[churn == 0], edges)[0].tolist(),
        "churned": np.histogram(probability[churn == 1], edges)[0].tolist(),
    }


def threshold_table(churn: Labels, probability: Probabilities, customer: Clusters = None) -> list[dict[str, Any]]:
    """What each threshold from 0.1 to 0.9, in steps of 0.05, would mean per 1,000 customers, with 95 % intervals."""
    return [_threshold(churn, probability, customer, step / 20) for step in range(2, 19)]


def _threshold(churn: Labels, probability: Probabilities, customer: Clusters, threshold: float) -> dict[str, Any]:
    flagged = probability >= threshold
    kinds = {
        "flagged": flagged,
        "caught": flagged & (churn == 1),
        "false_alarms": flagged & (churn == 0),
        "missed": ~flagged & (churn == 1),
    }
    rates = {name: round(1000 * int(np.count_nonzero(hits)) / len(churn), 1) for name, hits in kinds.items()}
    ends = {name: share_interval(hits, customer) for name, hits in kinds.items()}
    intervals = {
        name: {side: round(1000 * end, 1) for side, end in interval.items()} for name, interval in ends.items()
    }
    return {"threshold": threshold, **rates, "intervals": intervals}
