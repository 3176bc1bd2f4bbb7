"""The gates on predictions for customers with absent fields."""

from collections.abc import Iterator

from churn.intervals import NORMAL_95
from churn_trainer.gates.evidence import Evidence, Gate

# By how much completed customers may be predicted worse than by a regression on the same fields. `make validate` shows
# the actual loss, and that completions which ignore the bill lose several times this much.
MAX_LOSS = 0.01

# The range is the middle 80 % of 50 completions. It contains the probability of the whole record for seven to eight of
# ten customers; clearly fewer mean that it promises too much.
MIN_COVERAGE = 0.6


def gates(evidence: Evidence) -> Iterator[Gate]:
    """That a regression on the required fields alone is hardly better, and that ranges contain what they promise."""
    absent = evidence.absent
    for figure, name in (("roc_auc", "AUC"), ("log_loss", "log loss")):
        loss, mine, wanted = (absent[part][figure] for part in ("loss", "required", "reference"))
        allowed = MAX_LOSS + NORMAL_95 * loss["error"]
        detail = f"{name} {mine:.4f} against {wanted:.4f}, {allowed:.4f} worse is allowed"
        yield Gate(
            f"with the required fields alone, {name} is near a regression on them", loss["mean"] <= allowed, detail
        )
    coverages = {kind: absent[kind]["range_coverage"] for kind in ("required", "random")}
    detail = ", ".join(f"{share:.1%} with {kind} fields" for kind, share in coverages.items())
    detail = f"it holds the whole record's probability for {detail}; {MIN_COVERAGE:.0%} is needed"
    yield Gate("the range of what is assumed holds the whole record", min(coverages.values()) >= MIN_COVERAGE, detail)
