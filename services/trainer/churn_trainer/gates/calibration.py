"""The gate on calibration: whether predicted probabilities are right on average."""

from collections.abc import Iterator

from churn_trainer.data.declared import is_built_in
from churn_trainer.evaluation.calibration import recalibration
from churn_trainer.gates.evidence import Evidence, Gate
from churn_trainer.model_metrics import Labels, Probabilities

# The error that is tolerated: log-odds a fifth too large or a quarter too small, and all of them shifted by 0.2, which
# turns 26 % into 23 or 30 %.
SLOPES, INTERCEPTS = (0.8, 1.25), (-0.2, 0.2)

# The same for a table of one's own, whose models nobody has tuned: boosting that stops early is timid there.
WIDE_SLOPES, WIDE_INTERCEPTS = (0.67, 1.5), (-0.4, 0.4)

# Standard errors that are put down to chance. With three, one sound release in four hundred is held back.
_CHANCE = 3


def calibrated(evidence: Evidence) -> Iterator[Gate]:
    """The gate on the champion's probabilities for the test part."""
    unseen = evidence.unseen
    yield calibration_gate(unseen.churn, evidence.probability, wide=not is_built_in(unseen.schema))


def calibration_gate(churn: Labels, probability: Probabilities, *, wide: bool = False) -> Gate:
    """The gate for n customers: it fails if slope or intercept is off by more than tolerance and chance allow.

    `churn` (0 or 1) and `probability` have shape (n,). With `wide` there is a remark up to the wide tolerance.
    """
    found = recalibration(churn, probability)
    slope, intercept = found["slope"], found["intercept"]
    right = _tolerable(slope, 1, SLOPES) and _tolerable(intercept, 0, INTERCEPTS)
    slopes, intercepts = (WIDE_SLOPES, WIDE_INTERCEPTS) if wide else (SLOPES, INTERCEPTS)
    passed = _tolerable(slope, 1, slopes) and _tolerable(intercept, 0, intercepts)
    remark = "its probabilities are for ranking rather than for sums of money" if passed and not right else ""
    detail = f"slope {_words(slope, slopes)}; intercept {_words(intercept, intercepts)}"
    return Gate("the probabilities are calibrated", passed, detail, remark)


def _tolerable(estimate: dict[str, float], right: float, allowed: tuple[float, float]) -> bool:
    by_chance = abs(estimate["value"] - right) <= _CHANCE * estimate["error"]
    return allowed[0] <= estimate["value"] <= allowed[1] or by_chance


def _words(estimate: dict[str, float], allowed: tuple[float, float]) -> str:
    interval = f"{estimate['low']:.2f} to {estimate['high']:.2f}"
    return f"{estimate['value']:.2f} ({interval}), {allowed[0]:g} to {allowed[1]:g} allowed"
