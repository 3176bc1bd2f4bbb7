"""What a release's promises were worth: how many of its test customers left, of those it said would.

A model promises a little too much just where it chooses, so the promise is shown beside what became of it.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from churn.intervals import wilson

_TENTHS = 10


def promises(manifest: Mapping[str, Any], lowest_probability: float | None) -> dict[str, Any] | None:
    """Of the test customers at the chosen risk: how many there were, leavers `promised`, and `came` with its interval.

    The chosen risk are the tenths of the probability scale from that of the lowest chosen probability on. `low` and
    `high` are the 95 % interval, by Wilson, of what `came` would be of as many other customers. It is None where nobody
    is chosen, where no test customer was at such a risk, and where the release does not hold its reliability.
    """
    if lowest_probability is None:
        return None
    first = min(int(lowest_probability * _TENTHS), _TENTHS - 1) / _TENTHS
    held = manifest.get("calibration") or ()
    tenths = [(each["count"], each["mean_predicted"], each["observed"]) for each in held]
    counts, predicted, observed = np.array([each for each in tenths if each[1] >= first]).reshape(-1, 3).T
    customers = int(counts.sum())
    if not customers:
        return None
    came = round(float(counts @ observed))
    low, high = wilson(came, customers)
    promised = float(counts @ predicted)
    return {
        "customers": customers,
        "promised": promised,
        "came": came,
        "low": low * customers,
        "high": high * customers,
    }
