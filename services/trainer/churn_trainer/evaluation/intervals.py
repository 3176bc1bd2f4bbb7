"""95 % intervals: how far figures of one set of customers may be from those of all customers like them.

Where some customers have several rows, `customer` tells which are whose (see `clusters`).
"""

import numpy as np
from numpy.typing import NDArray

from churn.intervals import NORMAL_95, newcombe
from churn.tracking.figures import log_losses
from churn_trainer.clusters import Clusters, design_effect, of_rows, resamples, share_interval
from churn_trainer.model_metrics import THRESHOLD, Labels, Probabilities, at_threshold, lift
from churn_trainer.training.candidates import SEED

Interval = dict[str, float]

# Enough bootstrap resamples for ends that are right to a tenth of a standard error.
RESAMPLES = 1000


def intervals(churn: Labels, probability: Probabilities, customer: Clusters = None) -> dict[str, Interval]:
    """The intervals (low, high) of the figures of `model_metrics.measure`, by name.

    ECE has no interval, because a resample is noisier than the sample and its calibration error therefore larger; see
    `ece_floor` instead. AUC, PR-AUC, lift and F1 have none if all customers have the same outcome.
    """
    flagged = probability >= THRESHOLD
    return {
        **_resampled(churn, probability, customer),
        "brier": _of_mean((probability - churn) ** 2, customer),
        "log_loss": _of_mean(log_losses(churn, probability), customer),
        "accuracy": share_interval(flagged == (churn == 1), customer),
        "precision": share_interval(churn[flagged] == 1, of_rows(customer, flagged)),
        "recall": share_interval(flagged[churn == 1], of_rows(customer, churn == 1)),
    }


def share(hits: NDArray[np.bool], customer: Clusters = None) -> dict[str, float]:
    """The share of True (`value`) with its interval; 0 with the interval from 0 to 1 for no customers."""
    return {"value": float(hits.mean()) if len(hits) else 0.0, **share_interval(hits, customer)}


def difference(first: dict[str, float], second: dict[str, float]) -> dict[str, float]:
    """The first share minus the second, of disjoint groups of customers, with its interval."""
    low, high = newcombe(*((each["value"], each["low"], each["high"]) for each in (first, second)))
    return {"value": first["value"] - second["value"], "low": low, "high": high}


def ranking(churn: Labels, probability: Probabilities) -> dict[str, float]:
    """The figures of `model_metrics.measure` that rank customers, who must come in descending order of probability.

    They equal scikit-learn's up to rounding, but its functions would sort again in each of a thousand resamples.
    """
    ends = np.flatnonzero(np.append(probability[1:] != probability[:-1], True))
    caught = np.cumsum(churn, dtype=np.int64)[ends]
    alarms = ends + 1 - caught
    steps = np.diff(caught, prepend=0)
    behind = alarms[-1] - (alarms + np.append(0, alarms[:-1])) / 2
    return {
        "roc_auc": float(steps @ behind / (caught[-1] * alarms[-1])),
        "pr_auc": float(steps @ (caught / (ends + 1)) / caught[-1]),
        "lift_top_decile": lift(churn, probability),
        "f1": at_threshold(churn, probability, THRESHOLD)["f1"],
    }


def _resampled(churn: Labels, probability: Probabilities, customer: Clusters) -> dict[str, Interval]:
    """The middle 95 % over bootstrap samples of the customers (Efron 1979); samples with one outcome are left out."""
    order = np.argsort(-probability, kind="stable")
    churn, probability = churn[order], probability[order]
    customer = of_rows(customer, order)
    rng = np.random.default_rng(SEED)
    draws = resamples(len(churn), customer, rng, RESAMPLES)
    found = [ranking(churn[rows], probability[rows]) for rows in draws if 0 < churn[rows].sum() < len(rows)]
    return {name: _middle([figures[name] for figures in found]) for name in (found[0] if found else ())}


def _middle(values: list[float]) -> Interval:
    low, high = np.quantile(values, (0.025, 0.975))
    return {"low": float(low), "high": float(high)}


def _of_mean(values: Probabilities, customer: Clusters) -> Interval:
    reach = NORMAL_95 * float(values.std(ddof=1)) / np.sqrt(len(values) / design_effect(values, customer))
    return {"low": float(values.mean() - reach), "high": float(values.mean() + reach)}
