"""Whether the challenger is better than the release in service, in words that a manager can act upon."""

import math
from typing import Any, NamedTuple

from churn.experiments.paired_differences import LEAST_OF_EITHER, Difference, Pairs, differences, witnesses

_FIGURES = {"log_loss": "log loss", "brier": "Brier score", "roc_auc": "AUC"}

MATTERS = 0.001
"""A smaller difference in log loss matters to nobody, and would take years to tell."""

LEAST_GAIN = 0.0005
PROMOTION_ALPHA = 0.005
"""To be promoted the gain in log loss must be beyond this by an interval that at all looks together misses but for so
much: of many challengers that are no better hardly one may be promoted. scripts/validation/experiments.py measures it.
"""

# Beyond so many times of what is known nothing is foretold.
_FAR = 1e6
_BISECTIONS = 60


class _Told(NamedTuple):
    state: str
    words: str
    more: int | None = None


def verdict(pairs: Pairs, challenger: str) -> dict[str, Any]:
    """The state (better, worse or alike), words, what they rest on, and how many more outcomes would say more.

    `challenger` is the version of the challenger. `differences` has by name the challenger's gain in log loss, Brier
    score and AUC, positive where it is better, each with the 95 % interval that holds at all looks together; None with
    too few outcomes. `more` is how many more outcomes it would take at the present difference: until there is a
    verdict, or, of a better challenger, until it is `promotable`; None where it is, and where none can be foretold.
    """
    found, outcomes = differences(pairs), len(pairs.outcome)
    told = _told(found, challenger, outcomes) if found else _Told("alike", _too_few(pairs, challenger))
    promotable = False
    if found and told.state == "better":
        gain = found["log_loss"]
        promotable = gain.value - gain.reach(PROMOTION_ALPHA) > LEAST_GAIN
        told = _promotion(told, gain, outcomes, promotable=promotable)
    return {
        **told._asdict(),
        "outcomes": outcomes,
        "promotable": promotable,
        "differences": {name: found[name].figure() if found else None for name in _FIGURES},
    }


def _too_few(pairs: Pairs, challenger: str) -> str:
    left, stayed = witnesses(pairs)
    return (
        f"Nothing can be said of the challenger {challenger} yet: outcomes are known of {left:,} customers who left "
        f"and {stayed:,} who stayed, and {LEAST_OF_EITHER} of either are needed."
    )


def _told(found: dict[str, Difference], challenger: str, outcomes: int) -> _Told:
    gain = found["log_loss"]
    reach, size = gain.reach(), abs(gain.value)
    if size == reach == 0:
        words = f"Alike: the challenger {challenger} foretold the same as the champion, over {outcomes:,} outcomes."
        return _Told("alike", words)
    amount = f"{size:.4f} {'lower' if gain.value > 0 else 'higher'}"
    if size <= reach:
        return _alike(gain, challenger, outcomes, amount)
    bounds = f"95 % sure of {size - reach:.4f} to {size + reach:.4f} at every look"
    sure = f"over {outcomes:,} outcomes its log loss is {amount} ({bounds})"
    if gain.value < 0:
        return _Told("worse", f"The challenger {challenger} is worse: {sure}.")
    lost = {name: found[name].value for name in _FIGURES if found[name].value + found[name].reach() < 0}
    if lost:
        faults = " and ".join(f"its {_FIGURES[name]} is worse by {-value:.4f}" for name, value in lost.items())
        return _Told("alike", f"The challenger {challenger} is not better in all: {sure}, but {faults}.")
    return _Told("better", f"The challenger {challenger} is better: {sure}.")


def _alike(gain: Difference, challenger: str, outcomes: int, amount: str) -> _Told:
    so_far = f"Alike so far: over {outcomes:,} outcomes the log loss of the challenger {challenger} is {amount}"
    if abs(gain.value) < MATTERS:
        most = abs(gain.value) + gain.reach()
        return _Told("alike", f"{so_far}, and the difference is at most {most:.4f} (95 % sure at every look).")
    more = _more(gain, outcomes, abs(gain.value))
    return _Told("alike", f"{so_far}; at the present difference about {more:,} more outcomes would tell.", more)


def _promotion(told: _Told, gain: Difference, outcomes: int, *, promotable: bool) -> _Told:
    if promotable:
        return told._replace(words=f"{told.words} That is sure enough to promote it.")
    if gain.value < MATTERS:
        return told._replace(words=f"{told.words} A gain this small is not worth a promotion by itself.")
    more = _more(gain, outcomes, gain.value - LEAST_GAIN, PROMOTION_ALPHA)
    missing = f"At the present difference about {more:,} more outcomes would be enough to promote it by itself."
    return told._replace(words=f"{told.words} {missing}", more=more)


def _more(gain: Difference, outcomes: int, distance: float, alpha: float = 0.05) -> int:
    """How many more outcomes it takes until the interval reaches no farther than this, with two digits that count."""
    low, high = 0.0, math.log(_FAR)
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        low, high = (low, middle) if gain.reach(alpha, math.exp(middle)) <= distance else (middle, high)
    more = outcomes * math.expm1(high)
    unit: int = 10 ** max(len(str(math.ceil(more))) - 2, 0)
    return unit * math.ceil(more / unit)
