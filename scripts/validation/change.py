"""The verdict on what came of predictions, and the intervals of its figures.

Customers are drawn here, so that it is known whether anything has changed and what a figure is for all of them.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from churn.model.scoring import sigmoids
from churn.tracking.change import Evidence, verdict
from churn.tracking.figures import Sample, figures

Result = tuple[str, str, str, bool]
Floats = NDArray[np.float64]

_SEEDS = 100
_MONTHS = 24
_SIZES = (50, 300, 2_000, 10_000)
# Mean and standard deviation of the log-odds: with these 26 % leave, and the AUC is .85; or 3 %, and it is similar.
_TYPICAL, _RARE = (-1.55, 1.95), (-4.3, 1.6)
# The correlation of the old log-odds with those of a world in which the AUC of the old ones is .70.
_CHANGED = 0.57
_PROMISED = 0.83

_REPETITIONS = 1_000
_COVERED = (0.93, 0.97)
_COVERED_OF_FEW = 0.9
_PANEL_MONTHS = 6


def results(table: Path) -> Iterator[Result]:
    """False alarms without a change, what a change of the ranking and of the rate is told, and coverage."""
    del table
    for name, world in (("26 % leave", _TYPICAL), ("3 % leave", _RARE)):
        for size in _SIZES:
            alarms = sum(_history(size, seed, world)["state"] != "none" for seed in range(_SEEDS))
            what = f"releases with an alarm or a notice over {_MONTHS} months of {size:,} customers, where {name}"
            yield what, f"{alarms} of {_SEEDS}", "at most 1: nothing has changed", alarms <= 1
    for size in (300, *_SIZES[2:]):
        yield _named(size)
    yield _rate()
    for size in _SIZES[:3]:
        yield from _coverage(f"{size:,} customers", [_sample(_drawn(size, seed)) for seed in range(_REPETITIONS)])
    yield from _coverage("400 customers in each of 6 months", [_panel(400, seed) for seed in range(_REPETITIONS)])


def _drawn(size: int, seed: int, world: tuple[float, float] = _TYPICAL) -> tuple[np.random.Generator, Floats]:
    rng = np.random.default_rng([size, seed])
    return rng, rng.normal(*world, size)


def _sample(drawn: tuple[np.random.Generator, Floats], truth: Floats | None = None) -> Sample:
    """Customers with these predicted log-odds, who leave by the true ones."""
    rng, log_odds = drawn
    true = log_odds if truth is None else truth
    outcome = (rng.random(len(true)) < sigmoids(true)).astype(np.float64)
    return Sample(outcome, sigmoids(log_odds), np.ones(len(true)), np.arange(len(true)))


def _history(size: int, seed: int, world: tuple[float, float]) -> dict[str, object]:
    months = [
        Evidence(str(number), number, _sample(_drawn(size, 1000 * seed + number, world)))
        for number in range(1, _MONTHS + 1)
    ]
    return verdict(months, _PROMISED)


def _named(size: int) -> Result:
    """The ranking changes in the thirteenth month."""
    named, aucs = 0, []
    for seed in range(_SEEDS):
        rng, log_odds = drawn = _drawn(size, seed)
        mean, spread = _TYPICAL
        news = rng.normal(0, spread * np.sqrt(1 - _CHANGED**2), size)
        sample = _sample(drawn, mean + _CHANGED * (log_odds - mean) + news)
        aucs.append((figures(sample)["roc_auc"] or {})["value"])
        told = verdict([Evidence("13", 13, sample)], _PROMISED)
        named += told["state"] == "alarm" and "ranking" in told["words"]
    what = f"changes of the ranking from an AUC of .85 to {np.mean(aucs):.2f} that one month of {size:,} names"
    wanted = f"all {_SEEDS}" if size >= _SIZES[2] else "what it is"
    return what, f"{named} of {_SEEDS}", wanted, named == _SEEDS or size < _SIZES[2]


def _rate() -> Result:
    named = 0
    for seed in range(_SEEDS):
        drawn = _drawn(2_000, seed)
        named += verdict([Evidence("6", 6, _sample(drawn, drawn[1] + 0.5))], _PROMISED)["state"] == "alarm"
    return "rises of the rate by .5 log-odds that one month of 2,000 names", f"{named} of {_SEEDS}", "99", named >= 99


def _panel(size: int, seed: int) -> Sample:
    """The same customers month after month, each of whom leaves within three months of a prediction or not."""
    rng, log_odds = _drawn(size, seed)
    left = rng.exponential(1 / -np.log1p(-sigmoids(log_odds))) * 3
    rows = [
        (left[still] <= month + 3, log_odds[still], still)
        for month in range(_PANEL_MONTHS)
        if len(still := np.flatnonzero(left > month))
    ]
    outcome, seen, customer = (np.concatenate(column) for column in zip(*rows, strict=True))
    return Sample(outcome.astype(np.float64), sigmoids(seen), np.ones(len(outcome)), customer)


def _coverage(whose: str, samples: list[Sample]) -> Iterator[Result]:
    """How many of the intervals hold what the figure is over all samples together."""
    outcome, probability, weight = (np.concatenate([each[place] for each in samples]) for place in range(3))
    truth = figures(Sample(outcome, probability, weight, np.arange(len(outcome))))
    found = [figures(sample) for sample in samples]
    for name, over_all in truth.items():
        known = [figure for each in found if (figure := each[name])]
        value = (over_all or {})["value"]
        share = sum(figure["low"] <= value <= figure["high"] for figure in known) / len(known)
        # Losses are skewed, which a normal interval of so few does not know.
        least = _COVERED[0] if len(samples[0].outcome) > _SIZES[0] else _COVERED_OF_FEW
        wanted = f"{least:.0%} to {_COVERED[1]:.0%}"
        yield f"95 % intervals of {whose} that hold the {name}", f"{share:.1%}", wanted, least <= share <= _COVERED[1]
