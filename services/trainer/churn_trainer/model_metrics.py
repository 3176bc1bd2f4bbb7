"""How good predicted probabilities are: figures for one set of customers whose outcome is known."""

from collections.abc import Iterator
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

# Of the normal distribution, 95 % lie within so many standard deviations.
NORMAL_95 = 1.959964


def measure(churn: Labels, probability: Probabilities) -> dict[str, float]:
    """Every figure that comparison and card show, by name; for all but Brier, log loss and ECE more is better."""
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
    """Mean predicted against observed share with its 95 % interval (low, high), in tenths of the probability scale;
    empty tenths are left out."""
    return [
        {
            "mean_predicted": float(probability[rows].mean()),
            "observed": float(churn[rows].mean()),
            "low": wilson(int(churn[rows].sum()), len(rows))[0],
            "high": wilson(int(churn[rows].sum()), len(rows))[1],
            "count": len(rows),
        }
        for rows in _tenths(probability)
    ]


def _tenths(probability: Probabilities) -> Iterator[NDArray[np.intp]]:
    """The rows in each tenth of the probability scale that has any."""
    tenth = np.minimum((probability * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    yield from (np.flatnonzero(tenth == bin_) for bin_ in range(CALIBRATION_BINS) if (tenth == bin_).any())


def expected_calibration_error(churn: Labels, probability: Probabilities) -> float:
    """Mean gap of predicted and observed over tenths of the scale, weighted by customers (Naeini et al. 2015)."""
    return sum(abs(float((probability[rows] - churn[rows]).sum())) for rows in _tenths(probability)) / len(churn)


def calibration_error_floor(probability: Probabilities) -> float:
    """The calibration error that these scores would show if each were exactly right: by chance alone, on so many rows.

    In a tenth, predicted less observed churners then have mean 0 and variance Σ p(1−p), and the mean size of a normal
    number is √(2/π) of its standard deviation.
    """
    variances = [float((probability[rows] * (1 - probability[rows])).sum()) for rows in _tenths(probability)]
    return float(np.sqrt(2 / np.pi) * np.sqrt(variances).sum()) / len(probability)


def score_distribution(churn: Labels, probability: Probabilities) -> dict[str, list[Any]]:
    """Customers by predicted probability, for those who stayed and those who churned; `edges` has one more entry."""
    edges = np.linspace(0, 1, _HISTOGRAM_BINS + 1)
    return {
        "edges": [round(float(edge), 4) for edge in edges],
        "stayed": np.histogram(probability[churn == 0], edges)[0].tolist(),
        "churned": np.histogram(probability[churn == 1], edges)[0].tolist(),
    }


def threshold_table(churn: Labels, probability: Probabilities) -> list[dict[str, Any]]:
    """What each threshold from 0.1 to 0.9 would mean per 1,000 customers, and the interval of each count."""
    return [_threshold(churn, probability, step / 20) for step in range(2, 19)]


def _threshold(churn: Labels, probability: Probabilities, threshold: float) -> dict[str, Any]:
    flagged = probability >= threshold
    counts = {
        "flagged": int(np.count_nonzero(flagged)),
        "caught": int(np.count_nonzero(flagged & (churn == 1))),
        "false_alarms": int(np.count_nonzero(flagged & (churn == 0))),
        "missed": int(np.count_nonzero(~flagged & (churn == 1))),
    }
    rates = {name: round(1000 * count / len(churn), 1) for name, count in counts.items()}
    ends = {name: [round(1000 * end, 1) for end in wilson(count, len(churn))] for name, count in counts.items()}
    intervals = {name: {"low": low, "high": high} for name, (low, high) in ends.items()}
    return {"threshold": threshold, **rates, "intervals": intervals}


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """The 95 % interval of a share by Wilson (1927); (0, 1) for no trials."""
    if trials == 0:
        return 0.0, 1.0
    z = NORMAL_95
    share = successes / trials
    center = (share + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z * np.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials)) / (1 + z * z / trials)
    return float(max(center - half, 0.0)), float(min(center + half, 1.0))
