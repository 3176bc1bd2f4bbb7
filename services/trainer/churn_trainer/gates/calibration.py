"""The gate on probabilities that are not right."""

from collections.abc import Iterator

from churn_trainer.evaluation.calibration import recalibration
from churn_trainer.gates.evidence import Evidence, Gate
from churn_trainer.model_metrics import Labels, Probabilities

# What may be off: log-odds a fifth too large or a quarter too small, and all of them by 0.2, which takes 26 % to 23 or
# 30 %.
SLOPES, INTERCEPTS = (0.8, 1.25), (-0.2, 0.2)

# So many standard errors are what chance may do: it holds back one honest release of four hundred.
_CHANCE = 3


def calibrated(evidence: Evidence) -> Iterator[Gate]:
    yield calibration_gate(evidence.unseen.churn, evidence.probability)


def calibration_gate(churn: Labels, probability: Probabilities) -> Gate:
    """It fails where slope or intercept is further off than is allowed, unless chance alone could have it so."""
    found = recalibration(churn, probability)
    slope, intercept = found["slope"], found["intercept"]
    passed = _bearable(slope, 1, SLOPES) and _bearable(intercept, 0, INTERCEPTS)
    detail = f"slope {_words(slope, SLOPES)}; intercept {_words(intercept, INTERCEPTS)}"
    return Gate("the probabilities are calibrated", passed, detail)


def _bearable(estimate: dict[str, float], right: float, allowed: tuple[float, float]) -> bool:
    by_chance = abs(estimate["value"] - right) <= _CHANCE * estimate["error"]
    return allowed[0] <= estimate["value"] <= allowed[1] or by_chance


def _words(estimate: dict[str, float], allowed: tuple[float, float]) -> str:
    interval = f"{estimate['low']:.2f} to {estimate['high']:.2f}"
    return f"{estimate['value']:.2f} ({interval}), {allowed[0]:g} to {allowed[1]:g} allowed"
