"""On whom two releases disagree, which is known at once: without any outcome."""

import numpy as np

from churn.tracking.figures import Floats

_LIST_SHARE = 0.1


def disagreement(champion: Floats, challenger: Floats, thresholds: tuple[float, float]) -> dict[str, float] | None:
    """How differently two releases see the same n customers; None of nobody.

    `sides` is the share who would leave by one release and not by the other, each at its own threshold; `call_list` the
    share of the champion's riskiest tenth whom the challenger does not have in its own; `mean_difference` the mean
    absolute difference of the probabilities.
    """
    count = len(champion)
    if not count:
        return None
    sides = (champion >= thresholds[0]) != (challenger >= thresholds[1])
    length = max(1, round(_LIST_SHARE * count))
    called, meant = (set(np.argsort(-probability, kind="stable")[:length]) for probability in (champion, challenger))
    return {
        "customers": count,
        "sides": float(sides.mean()),
        "call_list": len(called - meant) / length,
        "mean_difference": float(np.abs(champion - challenger).mean()),
    }
