"""The verdict on a challenger: how often it is wrong, how many outcomes it takes, and what its forecasts are worth.

Customers are drawn here with their true log-odds, which both releases know with an error of their own, so that it is
known which of them is better, and by how much.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from churn.experiments.paired_differences import LEAST_OF_EITHER, Difference, Pairs, differences, log_loss_gains
from churn.experiments.verdict import LEAST_GAIN, PROMOTION_ALPHA, verdict
from churn.intervals import NORMAL_95
from churn.model.scoring import sigmoids
from churn.tracking.figures import log_losses

Result = tuple[str, str, str, bool]
Floats = NDArray[np.float64]
Json = dict[str, Any]
Rng = np.random.Generator

# From the true log-odds to what the champion and the challenger take them for.
Errors = Callable[[Floats, Rng], tuple[Floats, Floats]]

_CHALLENGER = "20261130_061500"

# Mean and standard deviation of the log-odds: with these 26 % leave, or 3 %, or 1 %.
_TYPICAL, _RARE, _RAREST = (-1.7, 1.95), (-4.6, 1.6), (-5.8, 1.6)

_PAIRS, _OUTCOMES, _STEP = 1_000, 10_000, 100
_FALSE = 0.05

# What the challenger errs by in log-odds, what it is better by in log loss, and after how many outcomes half of such
# challengers are to be called better.
_POWER = (
    (0.0, 0.002, 20_000),
    (0.0, 0.005, 6_000),
    (0.0, 0.01, 3_000),
    (0.0, 0.02, 1_600),
    (0.3, 0.005, 15_000),
    (0.3, 0.01, 6_000),
    (0.3, 0.02, 2_500),
)
_POWER_PAIRS, _FAR, _FORECAST = 200, 40_000, 1_000

_CHALLENGERS, _MONTHS, _PROMOTED = 1_200, 24, 2
_PANEL_CUSTOMERS = 300


class _World(NamedTuple):
    name: str
    log_odds: tuple[float, float]
    errors: Errors
    heavy: float = 0.0
    """The share of rows that stand for ten customers."""

    def pairs(self, size: int, seed: int) -> Pairs:
        rng = np.random.default_rng([size, seed])
        log_odds = rng.normal(*self.log_odds, size)
        outcome = (rng.random(size) < sigmoids(log_odds)).astype(np.float64)
        champion, challenger = map(sigmoids, self.errors(log_odds, rng))
        weight = np.where(rng.random(size) < self.heavy, 10.0, 1.0)
        return Pairs(outcome, champion, challenger, weight, np.arange(size))


def _noise(champion: float, challenger: float) -> Errors:
    return lambda z, rng: (z + rng.normal(0, champion, len(z)), z + rng.normal(0, challenger, len(z)))


def _tails(scale: float) -> Errors:
    return lambda z, rng: (z + scale * rng.standard_t(2, len(z)), z + scale * rng.standard_t(2, len(z)))


def _levels(world: tuple[float, float], high: float) -> Errors:
    """One is too high by this, the other too low by what costs as much."""
    sample = np.random.default_rng(0).normal(*world, 400_000)
    low = _root(lambda shift: _loss(sample, sample - shift) - _loss(sample, sample + high), 2 * high)
    return lambda z, _rng: (z - low, z + high)


def _loss(truth: Floats, taken: Floats) -> float:
    """The mean log loss to be expected of who takes the true log-odds for these."""
    p, q = sigmoids(truth), sigmoids(taken)
    return -float((p * np.log(q) + (1 - p) * np.log1p(-q)).mean())


def _root(rising: Callable[[float], float], high: float) -> float:
    low = 0.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < 0 else (low, middle)
    return high


def results(table: Path) -> Iterator[Result]:
    """False verdicts and promotions, the outcomes a gain takes, and forecasts against what was needed."""
    del table
    yield _is_the_products()
    yield _halves()
    rarest = _World("one is too high and one too low, 1 % leave", _RAREST, _levels(_RAREST, 0.3))
    equal = (
        _World("26 % leave", _TYPICAL, _noise(0.5, 0.5)),
        _World("almost identical releases", _TYPICAL, _noise(0.01, 0.01)),
        _World("errors with heavy tails", _TYPICAL, _tails(0.5)),
        _World("a row in twenty stands for ten customers", _TYPICAL, _noise(0.5, 0.5), heavy=0.05),
        _World("3 % leave", _RARE, _noise(0.5, 0.5)),
        _World("one is too high and one too low, 3 % leave", _RARE, _levels(_RARE, 0.3)),
        rarest,
    )
    for world in equal:
        yield _false(world)
    yield _panels()
    yield _plain(equal[0])
    yield _without_least(rarest)
    for size in (300, 2_000):
        yield _promoted(size)
    for own, gain, most in _POWER:
        yield from _power(gain, own, most)


def _course(pairs: Pairs, looks: Sequence[int]) -> list[Difference]:
    """The difference in log loss at each look, of independent rows: `differences` of the first rows, at once."""
    weight, gains = pairs.weight, log_loss_gains(pairs)
    sums = [weight, weight**2, weight * gains, weight**2 * gains, (weight * gains) ** 2]
    total, squares, summed, crossed, twice = (np.cumsum(column)[np.array(looks) - 1] for column in sums)
    value = summed / total
    variance = (twice - 2 * value * crossed + value**2 * squares) / total**2
    return [Difference(*map(float, row)) for row in zip(value, variance, total**2 / squares, strict=True)]


def _rarer(pairs: Pairs, looks: Sequence[int]) -> NDArray[np.int64]:
    """How many customers have the rarer outcome at each look."""
    left = np.cumsum(pairs.outcome)[np.array(looks) - 1].astype(np.int64)
    rarer: NDArray[np.int64] = np.minimum(left, np.array(looks) - left)
    return rarer


def _first(pairs: Pairs, looks: Sequence[int], tells: Callable[[Json], bool], *, promoted: bool = False) -> float:
    """The first look at which the product's verdict tells it; infinite if none does.

    It is asked where the log loss is certain enough, without which the verdict is alike, or nothing is promoted.
    """
    alpha, beyond = (PROMOTION_ALPHA, LEAST_GAIN) if promoted else (_FALSE, 0.0)
    for look, gain, rarer in zip(looks, _course(pairs, looks), _rarer(pairs, looks), strict=True):
        certain = rarer >= LEAST_OF_EITHER and abs(gain.value) - gain.reach(alpha) > beyond
        if certain and tells(verdict(_until(pairs, look), _CHALLENGER)):
            return look
    return np.inf


def _until(pairs: Pairs, look: int) -> Pairs:
    return Pairs._make(column[:look] for column in pairs)


def _is_told(told: Json) -> bool:
    return bool(told["state"] != "alike")


def _is_promotable(told: Json) -> bool:
    return bool(told["promotable"])


def _is_the_products() -> Result:
    """What is simulated here is what the product computes."""
    world = _World("", _TYPICAL, _tails(0.5), heavy=0.05)
    apart = 0.0
    for seed in range(20):
        pairs = world.pairs(2_000, seed)
        ours, own = _course(pairs, [2_000])[0], (differences(pairs) or {})["log_loss"]
        apart = max(apart, *(abs(one / other - 1) for one, other in zip(ours, own, strict=True)))
    return "what is simulated differs from what the product computes by", f"{apart:.0e}", "at most 1e-9", apart <= 1e-9


def _halves() -> Result:
    """Of losses of two halves of the customers, each of half as many."""
    pairs = _World("", _TYPICAL, _noise(0.4, 0.0)).pairs(200_000, 0)
    losses = [log_losses(pairs.outcome, probability) for probability in (pairs.champion, pairs.challenger)]
    times = 2 * (losses[0].var() + losses[1].var()) / (losses[0] - losses[1]).var()
    what = "customers that two releases on separate halves of them would need, to those that pairs need"
    return what, f"{times:.0f} times as many", "more than 20", times > 20


def _false(world: _World) -> Result:
    looks = range(_STEP, _OUTCOMES + 1, _STEP)
    false = sum(_first(world.pairs(_OUTCOMES, seed), looks, _is_told) < np.inf for seed in range(_PAIRS))
    what = f"equally good releases that are ever called better or worse, a look every {_STEP} outcomes: {world.name}"
    return what, f"{false} of {_PAIRS:,}", f"at most {_FALSE:.0%}", false <= _FALSE * _PAIRS


def _panels() -> Result:
    false = sum(any(map(_is_told, _looks_at_panel(seed))) for seed in range(_PAIRS))
    what = f"the same with a monthly look at {_PANEL_CUSTOMERS} customers who are scored anew for {_MONTHS} months"
    return what, f"{false} of {_PAIRS:,}", f"at most {_FALSE:.0%}", false <= _FALSE * _PAIRS


def _looks_at_panel(seed: int) -> Iterator[Json]:
    """Each customer leaves within three months of a prediction or not, and what is wrong of him stays wrong."""
    rng = np.random.default_rng(seed)
    log_odds = rng.normal(*_TYPICAL, _PANEL_CUSTOMERS)
    champion, challenger = map(sigmoids, _noise(0.5, 0.5)(log_odds, rng))
    left = rng.exponential(1 / -np.log1p(-sigmoids(log_odds))) * 3
    months = [np.flatnonzero(left > month) for month in range(_MONTHS)]
    outcome = np.concatenate([left[still] <= month + 3 for month, still in enumerate(months)]).astype(np.float64)
    customer = np.concatenate(months)
    whole = Pairs(outcome, champion[customer], challenger[customer], np.ones(len(customer)), customer)
    for look in np.cumsum([len(still) for still in months]).tolist():
        yield verdict(_until(whole, look), _CHALLENGER)


def _plain(world: _World) -> Result:
    looks, false = range(_STEP, _OUTCOMES + 1, _STEP), 0
    for seed in range(_PAIRS):
        course = _course(world.pairs(_OUTCOMES, seed), looks)
        false += any(abs(gain.value) > NORMAL_95 * gain.variance**0.5 for gain in course)
    what = f"the same by an interval of one look, {world.name}: the other one is needed"
    return what, f"{false} of {_PAIRS:,}", f"more than {_FALSE:.0%}", false > _FALSE * _PAIRS


def _without_least(world: _World) -> Result:
    looks, false = range(_STEP, _OUTCOMES + 1, _STEP), 0
    for seed in range(_PAIRS):
        course = _course(world.pairs(_OUTCOMES, seed), looks)
        false += any(abs(gain.value) > gain.reach() for gain in course)
    what = f"the same from the first {_STEP} outcomes on, however few left: {world.name}"
    return what, f"{false} of {_PAIRS:,}", f"more than {_FALSE:.0%}: a least number is needed", false > _FALSE * _PAIRS


def _promoted(size: int) -> Result:
    worlds = (
        _World("equally good", _TYPICAL, _noise(0.5, 0.5)),
        _World("equally good, and near the truth", _TYPICAL, _noise(0.2, 0.2)),
        _World("slightly worse", _TYPICAL, _noise(0.3, 0.32)),
        _World("equally good, 3 % leave", _RARE, _noise(0.5, 0.5)),
    )
    each, looks = _CHALLENGERS // len(worlds), range(size, size * _MONTHS + 1, size)
    drawn = (world.pairs(size * _MONTHS, seed) for world in worlds for seed in range(each))
    promoted = sum(_first(pairs, looks, _is_promotable, promoted=True) < np.inf for pairs in drawn)
    what = f"challengers, equal or slightly worse, that may be promoted within {_MONTHS} months of {size:,} outcomes"
    return what, f"{promoted} of {_CHALLENGERS:,}", f"at most {_PROMOTED}", promoted <= _PROMOTED


def _power(gain: float, own: float, most: int) -> Iterator[Result]:
    """The challenger's own error is that large; the champion's is so much larger that it costs the gain."""
    truth, error = (np.random.default_rng(seed).normal(0, 1, 400_000) for seed in range(2))
    truth = _TYPICAL[0] + _TYPICAL[1] * truth
    best = _loss(truth, truth + own * error)
    champions = _root(lambda scale: _loss(truth, truth + scale * error) - best - gain, 4.0)
    world = _World("", _TYPICAL, _noise(champions, own))
    found = np.array([_needed(world.pairs(_FAR, seed)) for seed in range(_POWER_PAIRS)])
    better, promotable, foretold = found.T
    who = f"a challenger that is {gain} better in log loss and " + (f"errs by {own} itself" if own else "does not err")
    yield f"outcomes until {who} is called better", *_quartiles(better, most)
    yield f"outcomes until {who} may be promoted", *_quartiles(promotable, 2 * most)
    ratio = foretold[~np.isnan(foretold)]
    low, middle, high = np.quantile(ratio, (0.25, 0.5, 0.75))
    what = f"after {_FORECAST:,} outcomes: those that are foretold to be needed to those that are, {who}"
    seen = f"{middle:.2f} (half of {len(ratio)} from {low:.2f} to {high:.2f})"
    yield what, seen, "0.5 to 2", 0.5 <= middle <= 2


def _needed(pairs: Pairs) -> tuple[float, float, float]:
    """Outcomes until the challenger is better, until it may be promoted, and the forecast's ratio to what it took."""
    looks = range(_STEP, len(pairs.outcome) + 1, _STEP)
    better = _first(pairs, looks, lambda told: bool(told["state"] == "better"))
    promotable = _first(pairs, looks, _is_promotable, promoted=True)
    early = verdict(_until(pairs, _FORECAST), _CHALLENGER)
    if early["state"] != "alike" or early["more"] is None or better <= _FORECAST:
        return better, promotable, np.nan
    return better, promotable, early["more"] / (better - _FORECAST)


def _quartiles(needed: Floats, most: int) -> tuple[str, str, bool]:
    low, middle, high = np.quantile(needed, (0.25, 0.5, 0.75), method="lower")
    seen = f"half after {middle:,.0f} (a quarter after {low:,.0f}, three after {high:,.0f})"
    return seen.replace("inf", f"more than {_FAR:,}"), f"half after at most {most:,}", bool(middle <= most)
