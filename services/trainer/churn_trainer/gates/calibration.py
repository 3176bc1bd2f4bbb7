"""The gate on calibration: whether predicted probabilities are right on average."""

from collections.abc import Iterator

from churn_trainer.clusters import Clusters
from churn_trainer.data.declared import is_built_in
from churn_trainer.evaluation.calibration import recalibration
from churn_trainer.gates.evidence import Evidence, Gate
from churn_trainer.model_metrics import Labels, Probabilities

# The error that is tolerated: log-odds a fifth too large or a quarter too small, and all of them shifted by 0.2, which
# turns 26 % into 23 or 30 %.
SLOPES, INTERCEPTS = (0.8, 1.25), (-0.2, 0.2)

# As far off the estimates for a table of one's own may be, where the error may be no larger than what is tolerated.
WIDE_SLOPES, WIDE_INTERCEPTS = (0.67, 1.5), (-0.4, 0.4)

# Standard errors that are put down to chance. With three, one sound release in four hundred is held back.
_CHANCE = 3


def calibrated(evidence: Evidence) -> Iterator[Gate]:
    """The gate on the champion's probabilities for the test part."""
    unseen = evidence.unseen
    own = not is_built_in(unseen.schema)
    yield calibration_gate(unseen.churn, evidence.probability, unseen.clusters, own=own)


def calibration_gate(
    churn: Labels, probability: Probabilities, customer: Clusters = None, *, own: bool = False
) -> Gate:
    """The gate for n rows: it fails if slope or intercept is off by more than tolerance and chance allow.

    `churn` (0 or 1) and `probability` have shape (n,); where some customers have several rows, `customer` tells which
    are whose. With `own`, for a table of one's own whose models nobody has tuned, there is a remark as long as the
    customers are too few to say that the error is larger than tolerated.
    """
    found = recalibration(churn, probability, customer)
    slope, intercept = found["slope"], found["intercept"]
    figures = ((slope, 1, SLOPES, WIDE_SLOPES), (intercept, 0, INTERCEPTS, WIDE_INTERCEPTS))
    off = [(one, allowed, wide) for one, right, allowed, wide in figures if not _tolerable(one, right, allowed)]
    passed = not off or (own and all(_may_be_tolerable(*each) for each in off))
    remark = "its probabilities are for ranking rather than for sums of money" if off and passed else ""
    detail = f"slope {_words(slope, SLOPES)}; intercept {_words(intercept, INTERCEPTS)}"
    return Gate("the probabilities are calibrated", passed, detail, remark)


def _tolerable(estimate: dict[str, float], right: float, allowed: tuple[float, float]) -> bool:
    by_chance = abs(estimate["value"] - right) <= _CHANCE * estimate["error"]
    return allowed[0] <= estimate["value"] <= allowed[1] or by_chance


def _may_be_tolerable(estimate: dict[str, float], allowed: tuple[float, float], wide: tuple[float, float]) -> bool:
    value, reach = estimate["value"], _CHANCE * estimate["error"]
    return wide[0] <= value <= wide[1] and allowed[0] - reach <= value <= allowed[1] + reach


def _words(estimate: dict[str, float], allowed: tuple[float, float]) -> str:
    interval = f"{estimate['low']:.2f} to {estimate['high']:.2f}"
    return f"{estimate['value']:.2f} ({interval}), {allowed[0]:g} to {allowed[1]:g} allowed"
