"""The loop left alone: what it promotes where nothing changes, and how far it comes back where the world does.

Each operator lives two years: a first release is trained on a table, then each month his customers are scored, what
became of them is known after the label window, and the product does the rest by CHURN_PROMOTE=when_better. How likely
each customer is to leave is known here, and so is by how much the log loss of a release is above the least possible.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np

from churn.store.opening import open_store
from scripts.simulation.world import Change, ChangeKind
from scripts.validation._history import Floats, Month, declared, history, regret
from scripts.validation._loop import Loop
from scripts.validation._made import Promotion

Result = tuple[str, str, str, bool]

_MONTHS, _ROWS = 24, 12_000
_SEEDS, _CUSTOMERS = 50, 2_000
_NO_BETTER = 2

# What changes in the seventh month, and for how many operators of how many customers it is tried.
_CHANGES: dict[ChangeKind, str] = {
    "rate": "the level rises by .5 log-odds",
    "ranking": "contract and tenure turn round",
    "meaning": "the kind of internet service tells nothing any more",
}
_CHANGED_IN = 7
_OPERATORS = ((2_000, 10), (8_000, 5))
_NEAR = 0.005


class _Life(NamedTuple):
    """What became of an operator; `served` and `alone` have by month how far from the least log loss was what served.

    `alone` is that of the first release, without any retraining.
    """

    served: Floats
    alone: Floats
    promotions: list[Promotion]
    no_better: int
    """Promotions of a release that was no better than the one before it while it served."""
    trainings: int


def results(table: Path) -> Iterator[Result]:
    """What is promoted where nothing changes; the way back after a change, beside a product without retraining."""
    del table
    yield from _unchanged([_life(seed, _CUSTOMERS) for seed in range(1, _SEEDS + 1)])
    for customers, operators in _OPERATORS:
        for kind, words in _CHANGES.items():
            change = Change(kind, _CHANGED_IN)
            lives = [_life(seed, customers, change) for seed in range(1, operators + 1)]
            yield from _changed(f"{words}, {customers:,} customers", lives)


def _life(seed: int, customers: int, change: Change | None = None) -> _Life:
    months = history(seed, customers, _MONTHS, change)
    with TemporaryDirectory() as folder:
        loop = Loop(declared(seed, _ROWS), months, open_store(f"file://{folder}")).run()
        promotions = loop.promotions()
        served = _regrets(months, lambda place: loop.scores(loop.serving[place], place))
        alone = _regrets(months, lambda place: loop.scores(loop.serving[0], place))
        no_better = sum(not _is_better(loop, months, promotion) for promotion in promotions)
        return _Life(served, alone, promotions, no_better, len(loop.requests()))


def _regrets(months: Sequence[Month], scores: Callable[[int], Floats]) -> Floats:
    return np.array([regret(month.truth, scores(place)) for place, month in enumerate(months)])


def _is_better(loop: Loop, months: Sequence[Month], promotion: Promotion) -> bool:
    """Whether the release was better than the former one over the months in which it served."""
    places = [place for place in range(promotion.month, len(months)) if loop.serving[place] == promotion.version]
    mine, former = (
        sum(regret(months[place].truth, loop.scores(version, place)) for place in places)
        for version in (promotion.version, promotion.former)
    )
    return mine < former


def _unchanged(lives: Sequence[_Life]) -> Iterator[Result]:
    who = f"where nothing changes, {len(lives)} operators of {_CUSTOMERS:,} customers over {_MONTHS} months"
    promoted = sum(len(life.promotions) for life in lives)
    yield f"releases that come into service by themselves, {who}", f"{promoted}", "what it is", True
    no_better = sum(life.no_better for life in lives)
    yield "of these such as are no better than the one before", f"{no_better}", "at most 2", no_better <= _NO_BETTER
    yield _ways_back(who, lives)
    trainings = [life.trainings for life in lives]
    yield (
        f"trainings of an operator, {who}",
        f"{min(trainings)} to {max(trainings)}",
        "at most 24",
        max(trainings) <= 24,
    )
    last, first = np.mean([(life.served[-1], life.alone[-1]) for life in lives], axis=0)
    what = "log loss above the least possible in the last month: what serves, and the first release"
    yield what, f"{last:.4f} and {first:.4f}", "no more than .0005 above", bool(last <= first + 0.0005)


def _changed(where: str, lives: Sequence[_Life]) -> Iterator[Result]:
    who = f"{len(lives)} operators"
    changed = np.mean([life.alone[_CHANGED_IN + 2] for life in lives])
    ends = [(life.served[-1], life.alone[-1]) for life in lives]
    mine, alone = (float(np.median(column)) for column in zip(*ends, strict=True))
    told = ", ".join(f"{np.median([life.served[month - 1] for life in lives]):.4f}" for month in (12, 18, 24))
    what = f"log loss above the least possible in months 12, 18 and 24, half of {who}: {where} in month {_CHANGED_IN}"
    seen = f"{told}; without retraining {alone:.4f} ({changed:.4f} at once)"
    yield what, seen, "in month 24 at most half of that without", mine <= alone / 2
    months = sorted(_months_until_near(life) for life in lives)
    back = [number for number in months if np.isfinite(number)]
    after = f", after {', '.join(f'{number:.0f}' for number in back)} months" if back else ""
    seen = f"{len(back)} of {len(months)}{after}"
    yield f"operators whose release is back within {_NEAR} of it for good: {where}", seen, "what it is", True
    promoted, no_better = (sum(column) for column in zip(*map(_counts, lives), strict=True))
    what = f"releases that came into service by themselves, and such as were no better: {where}"
    yield what, f"{promoted}, {no_better}", "none no better", no_better == 0
    yield _ways_back(where, lives)


def _counts(life: _Life) -> tuple[int, int]:
    return len(life.promotions), life.no_better


def _months_until_near(life: _Life) -> float:
    """Months from the change on until what serves is near the best possible, and stays so; infinite if never."""
    far = np.flatnonzero(life.served > _NEAR)
    last = int(far[-1]) + 1 if len(far) else 0
    return np.inf if last == _MONTHS else max(last - (_CHANGED_IN - 1), 0)


def _ways_back(where: str, lives: Sequence[_Life]) -> Result:
    back = sum(promotion.back for life in lives for promotion in life.promotions)
    return f"releases that come into service a second time: {where}", f"{back}", "none", back == 0
