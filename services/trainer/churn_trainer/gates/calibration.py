"""The gate on calibration: whether predicted probabilities are right on average."""

from collections.abc import Iterator

from churn_trainer.evaluation.calibration import recalibration
from churn_trainer.gates.evidence import Evidence, Gate
from churn_trainer.model_metrics import Labels, Probabilities

# The error that is tolerated: log-odds a fifth too large or a quarter too small, and all of them shifted by 0.2, which
# turns 26 % into 23 or 30 %.
SLOPES, INTERCEPTS = (0.8, 1.25), (-0.2, 0.2)

# Standard errors that are put down to chance. With three, one sound release in four hundred is held back.
_CHANCE = 3


def calibrated(evidence: Evidence) -> Iterator[Gate]:
    """The gate on the champion's probabilities for the test part."""
    yield calibration_gate(evidence.unseen.churn, evidence.probability)


def calibration_gate(churn: Labels, probability: Probabilities) -> Gate:
    """The gate for n customers: it fails if slope or intercept is off by more than tolerance and chance allow.

    `churn` (0 or 1) and `probability` have shape (n,).
    """
    found = recalibration(churn, probability)
    slope, intercept = found["slope"], found["intercept"]
    passed = _tolerable(slope, 1, SLOPES) and _tolerable(intercept, 0, INTERCEPTS)
    detail = f"slope {_words(slope, SLOPES)}; intercept {_words(intercept, INTERCEPTS)}"
    return Gate("the probabilities are calibrated", passed, detail)


def _tolerable(estimate: dict[str, float], right: float, allowed: tuple[float, float]) -> bool:
    by_chance = abs(estimate["value"] - right) <= _CHANCE * estimate["error"]
    return allowed[0] <= estimate["value"] <= allowed[1] or by_chance


def _words(estimate: dict[str, float], allowed: tuple[float, float]) -> str:
    interval = f"{estimate['low']:.2f} to {estimate['high']:.2f}"
    return f"{estimate['value']:.2f} ({interval}), {allowed[0]:g} to {allowed[1]:g} allowed"
