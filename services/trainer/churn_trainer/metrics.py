"""How good predicted probabilities are: figures for one set of customers whose outcome is known."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, log_loss, roc_auc_score

Labels = NDArray[np.int8]
Probabilities = NDArray[np.float64]

# Yes from here on; the contract's threshold.
THRESHOLD = 0.5

CALIBRATION_BINS = 10
_HISTOGRAM_BINS = 20
_TOP_DECILE = 0.1


def measure(churn: Labels, probability: Probabilities) -> dict[str, float]:
    """Every figure that comparison and card show, by name; for all but Brier, log loss and ECE more is better."""
    return {
        "roc_auc": float(roc_auc_score(churn, probability)),
        "pr_auc": float(average_precision_score(churn, probability)),
        "brier": float(np.mean((probability - churn) ** 2)),
        "log_loss": float(log_loss(churn, probability, labels=[0, 1])),
        "ece": expected_calibration_error(churn, probability),
        "lift_top_decile": lift(churn, probability),
        **at_threshold(churn, probability, THRESHOLD),
    }


def log_losses(churn: Labels, probability: Probabilities) -> Probabilities:
    """Each customer's log loss; a probability of 0 or 1 counts as the nearest that is neither, as in scikit-learn."""
    tiny = np.finfo(np.float64).eps
    told = np.clip(np.where(churn == 1, probability, 1 - probability), tiny, 1 - tiny)
    losses: Probabilities = -np.log(told)
    return losses


def at_threshold(churn: Labels, probability: Probabilities, threshold: float) -> dict[str, float]:
    """Accuracy, precision, recall and F1 of saying Yes from the threshold on; 0 where there is nothing to divide by."""
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
    """How many times more churners are among the tenth with the highest scores than among as many at random."""
    top = np.argsort(-probability, kind="stable")[: max(1, round(len(churn) * _TOP_DECILE))]
    return float(churn[top].mean() / churn.mean())


def reliability(churn: Labels, probability: Probabilities) -> list[dict[str, float]]:
    """Mean predicted against observed share, in tenths of the probability scale; empty tenths are left out."""
    tenth = np.minimum((probability * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    return [
        {
            "mean_predicted": float(probability[tenth == bin_].mean()),
            "observed": float(churn[tenth == bin_].mean()),
            "count": int(np.count_nonzero(tenth == bin_)),
        }
        for bin_ in range(CALIBRATION_BINS)
        if (tenth == bin_).any()
    ]


def expected_calibration_error(churn: Labels, probability: Probabilities) -> float:
    """Mean gap of predicted and observed over tenths of the scale, weighted by customers (Naeini et al. 2015)."""
    bins = reliability(churn, probability)
    return sum(abs(one["mean_predicted"] - one["observed"]) * one["count"] for one in bins) / len(churn)


def score_distribution(churn: Labels, probability: Probabilities) -> dict[str, list[Any]]:
    """Customers by predicted probability, for those who stayed and those who churned; `edges` has one more entry."""
    edges = np.linspace(0, 1, _HISTOGRAM_BINS + 1)
    return {
        "edges": [round(float(edge), 4) for edge in edges],
        "stayed": np.histogram(probability[churn == 0], edges)[0].tolist(),
        "churned": np.histogram(probability[churn == 1], edges)[0].tolist(),
    }


def threshold_table(churn: Labels, probability: Probabilities) -> list[dict[str, float]]:
    """What each threshold from 0.1 to 0.9 would mean per 1,000 customers."""
    per_thousand = 1000 / len(churn)
    rows = []
    for step in range(2, 19):
        threshold = step / 20
        flagged = probability >= threshold
        caught = int(np.count_nonzero(flagged & (churn == 1)))
        counted = int(np.count_nonzero(flagged))
        rows.append(
            {
                "threshold": threshold,
                "flagged": round(counted * per_thousand, 1),
                "caught": round(caught * per_thousand, 1),
                "false_alarms": round((counted - caught) * per_thousand, 1),
                "missed": round((int(churn.sum()) - caught) * per_thousand, 1),
            }
        )
    return rows


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """The 95 % interval of a share by Wilson (1927); (0, 1) for no trials."""
    if trials == 0:
        return 0.0, 1.0
    z = 1.959964
    share = successes / trials
    center = (share + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z * np.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials)) / (1 + z * z / trials)
    return float(max(center - half, 0.0)), float(min(center + half, 1.0))
