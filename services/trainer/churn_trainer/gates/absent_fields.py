"""The gates on answers to customers of whom not all is known."""

from collections.abc import Iterator

from churn_trainer.gates.evidence import Evidence, Gate
from churn_trainer.model_metrics import NORMAL_95

# What completing may cost against a regression on the same fields. `make validate` shows what it does cost, and that
# completions which pay no regard to the bill cost several times as much as this.
MAX_LOSS = 0.01

# The middle 80 % of 50 completions holds the probability of the whole record for seven to eight of ten customers.
MIN_COVERAGE = 0.6


def gates(evidence: Evidence) -> Iterator[Gate]:
    """A regression on the required fields alone is kept up with, and ranges hold what they promise."""
    absent = evidence.absent
    for figure, name in (("roc_auc", "AUC"), ("log_loss", "log loss")):
        loss, mine, wanted = (absent[part][figure] for part in ("loss", "required", "reference"))
        allowed = MAX_LOSS + NORMAL_95 * loss["error"]
        detail = f"{name} {mine:.4f} against {wanted:.4f}, {allowed:.4f} worse is allowed"
        yield Gate(
            f"with the required fields alone, {name} is near a regression on them", loss["mean"] <= allowed, detail
        )
    held = {kind: absent[kind]["range_coverage"] for kind in ("required", "random")}
    detail = ", ".join(f"{share:.1%} with {kind} fields" for kind, share in held.items())
    detail = f"it holds the whole record's probability for {detail}; {MIN_COVERAGE:.0%} is needed"
    yield Gate("the range of what is assumed holds the whole record", min(held.values()) >= MIN_COVERAGE, detail)
