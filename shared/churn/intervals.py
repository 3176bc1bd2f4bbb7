"""95 % intervals that the trainer and the figures of what came of predictions share."""

import math

NORMAL_95 = 1.959964
"""95 % of a normal distribution lie within this many standard deviations of its mean."""


def wilson(successes: float, trials: float) -> tuple[float, float]:
    """The 95 % interval of the share successes / trials by Wilson (1927); (0, 1) without a trial.

    Weighted samples have effective numbers of both, which need not be whole.
    """
    if trials == 0:
        return 0.0, 1.0
    z = NORMAL_95
    share = successes / trials
    center = (share + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials)) / (1 + z * z / trials)
    return max(center - half, 0.0), min(center + half, 1.0)
