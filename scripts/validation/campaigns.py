"""Whether campaigns earn what they promise, and what the next one learns from what came of the last.

In each of six worlds a first campaign is planned with an assumed save rate and a hold-out, and a second, among other
customers, with the rates that the first one measured. Money is per 1,000 customers, of whom each campaign chooses.

In further worlds, most of them farther from what is assumed, it stands beside what one would earn who knew two things
more when measuring: of which kind the world is, and that scores are right. Nobody knows them, so that is more than can
be had. Where little money is to be had, most contacts barely pay, and whether they do is within the error of any rate
that so many customers measure.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from churn.campaigns.choice import choose
from churn.campaigns.differences import Arms, always_valid, at_one_look
from churn.campaigns.holdout import held_out, share_needed
from churn.campaigns.measuring import measure
from churn.campaigns.money import expected_money
from churn.campaigns.plans import Plan
from churn.campaigns.rates import SaveRates
from churn.campaigns.results import Terms, observed, result
from churn.campaigns.save_rates import SaveRate, assumed
from scripts.validation._oracle import fitted
from scripts.validation._worlds import (
    ASSUMED,
    ENDS,
    FARTHER,
    OFFER,
    STARTED,
    WORLDS,
    Floats,
    Kind,
    People,
    World,
    contacts,
    people,
    true_money,
)

Result = tuple[str, str, str, bool]

_SEEDS = 100
_CUSTOMERS, _FEWER = 20_000, 7_000

# Worlds in which there is money to be made of the differences, and the one in which there is none at all.
_NOUGHT = "is nought"
_BEST, _LOSS, _PROMISE = 0.95, 50, 0.05

# Where less money than this is to be had, results are shown and not judged: contacts cost several times as much.
_LITTLE = 1_000

_COVERED = (0.93, 0.97)

_CAMPAIGNS, _WEEKS = 1_000, 12
_CHURN = 0.45


class _Run(NamedTuple):
    """A campaign: its money in truth, per 1,000 customers, and what was promised of the treated and came.

    `best` is what could be had by knowing the truth, `by_risk` what calling the riskiest fifth brings, and `covered`
    says of each interval whether it holds the truth; it is empty where an arm has nobody.
    """

    money: float
    best: float
    by_risk: float
    promised: float
    came: float
    covered: dict[str, bool]


def results(table: Path) -> Iterator[Result]:
    """What campaigns earn and promise, how often intervals hold the truth, and what weekly looks find by chance."""
    del table
    runs = {world: [_pair(world, seed, _CUSTOMERS) for seed in range(_SEEDS)] for world in WORLDS}
    for world, pairs in runs.items():
        yield _earned(world, pairs)
    for world, pairs in runs.items():
        if world != _NOUGHT:
            yield _promise("the second campaign", world, [second for _, second in pairs])
    same = next(iter(WORLDS))
    yield _promise("the first campaign", same, [first for first, _ in runs[same]])
    yield from _coverage([run for pairs in runs.values() for pair in pairs for run in pair])
    for world, kind in FARTHER.items():
        yield from _farther(world, kind)
    yield from _fewer()
    for share, error in (("twentieth", 0.95), ("tenth", 0.9)):
        yield _wrong_scores(share, error)
    yield from _peeking()


def _pair(world: str, seed: int, count: int, error: float = 1.0) -> tuple[_Run, _Run]:
    """The first campaign and the second one; the customers of either leave `error` times as often as scores say."""
    rng = np.random.default_rng([list(WORLDS).index(world), seed, count])
    assumption, saves = assumed(OFFER.name, ASSUMED), WORLDS[world]
    first, measured, _ = _campaign(f"cam_{seed}_1", saves, people(count, rng, error), assumption, rng)
    return first, _campaign(f"cam_{seed}_2", saves, people(count, rng, error), measured, rng)[0]


def _campaign(
    campaign: str, world: World, customers: People, rate: SaveRate, rng: np.random.Generator
) -> tuple[_Run, SaveRate, pl.DataFrame]:
    """Plan a campaign with this rate, draw what comes of it, and measure the rate anew; also what was observed."""
    saves = world(customers.probability, customers.contract)
    money = true_money(customers, saves)
    chosen = _chosen(customers, rate)
    riskiest = customers.probability >= np.quantile(customers.probability, 0.8)
    run = _Run(
        money=_per_thousand(money, chosen),
        best=_per_thousand(money, money > 0),
        by_risk=_per_thousand(money, riskiest),
        promised=0.0,
        came=0.0,
        covered={},
    )
    if not len(chosen):
        return run, rate, pl.DataFrame()
    chosen_customers = customers.take(chosen)
    meant = chosen_customers.candidates(np.ones(len(chosen), np.bool_))
    share = share_needed(len(chosen), float(meant.probability.mean()), rate.over(meant.probability, meant.segments)[0])
    out = held_out(campaign, map(str, chosen), share)
    expected = expected_money(meant, [OFFER], rate.rates(meant.probability, meant.segments)[None])[0]
    table = contacts(chosen_customers, saves[chosen], expected, out, rng)
    terms = Terms((OFFER,), share, STARTED, ENDS)
    found = result(table, terms, final=True)
    seen = observed(table, terms, final=True)
    measured = measure(seen, campaign, {OFFER.name: rate})[OFFER.name]
    covered = _covered(chosen_customers, saves[chosen], out, found, measured)
    came = float(money[chosen[~out]].sum())
    return run._replace(promised=found["money"]["promised"], came=came, covered=covered), measured, seen


def _chosen(customers: People, rate: SaveRates) -> NDArray[np.intp]:
    """Whom a plan with this rate chooses: their positions."""
    everybody = customers.candidates(np.ones(len(customers.truth), np.bool_))
    return np.flatnonzero(choose(everybody, Plan((OFFER,)), [rate]).offers >= 0)


def _per_thousand(money: Floats, which: NDArray[Any]) -> float:
    return 1000 * float(money[which].sum()) / len(money)


def _covered(
    customers: People, saves: Floats, out: NDArray[np.bool_], found: dict[str, Any], measured: SaveRate
) -> dict[str, bool]:
    """Which of the intervals hold the truth."""
    kept = customers.truth * saves
    truths = {
        "difference": -kept.mean(),
        "saved": kept[~out].sum(),
        "money": (kept * customers.value)[~out].sum() - found["money"]["cost"],
    }
    _, low, high = measured.over(customers.probability, customers.segments)
    if found["difference"]["value"] is None:
        return {}
    held = {name: bool(found[name]["low"] <= truth <= found[name]["high"]) for name, truth in truths.items()}
    return {**held, "save rate": bool(low <= kept.sum() / customers.truth.sum() <= high)}


def _mean(runs: list[_Run], name: str) -> float:
    return float(np.mean([getattr(run, name) for run in runs]))


def _earned(world: str, pairs: list[tuple[_Run, _Run]]) -> Result:
    firsts, seconds = ([pair[number] for pair in pairs] for number in range(2))
    second, best, by_risk = (_mean(seconds, name) for name in ("money", "best", "by_risk"))
    first = _mean(firsts, "money")
    what = f"the second campaign among {_CUSTOMERS:,} where the save rate {world}"
    seen = f"{round(second):,} of {round(best):,}; the first {round(first):,}, the riskiest fifth {round(by_risk):,}"
    if world == _NOUGHT:
        return what, seen, f"loses less than {_LOSS}", second > -_LOSS
    return what, seen, f"at least {_BEST:.0%}, and more than by risk", second >= _BEST * best and second > by_risk


def _promise(which: str, world: str, runs: list[_Run]) -> Result:
    """What came of all campaigns together against what was promised of them."""
    ratio = sum(run.promised for run in runs) / sum(run.came for run in runs)
    what = f"what {which} promised, of what came, where the save rate {world}"
    return what, f"{ratio:.1%}", f"within {_PROMISE:.0%}", abs(ratio - 1) <= _PROMISE


def _coverage(runs: list[_Run]) -> Iterator[Result]:
    """How many intervals hold the truth; those of save rates also allow for wrong scores, which there are none of."""
    for name in ("difference", "saved", "money", "save rate"):
        known = [run.covered[name] for run in runs if run.covered]
        share = sum(known) / len(known)
        low, high = (_COVERED[0], 1.0) if name == "save rate" else _COVERED
        what = f"95 % intervals of {len(known):,} campaigns that hold the {name}"
        yield what, f"{share:.1%}", f"{low:.0%} to {high:.0%}", low <= share <= high


def _farther(world: str, kind: Kind) -> Iterator[Result]:
    """What the second campaign earns and promises in a further world."""
    pairs = [_known_pair(world, kind, seed) for seed in range(_SEEDS)]
    seconds, by_oracle = [second for second, _ in pairs], float(np.mean([money for _, money in pairs]))
    earned, best = (_mean(seconds, name) for name in ("money", "best"))
    what = f"the second campaign among {_CUSTOMERS:,} where the save rate {world}"
    seen = f"{round(earned):,} of {round(best):,}, {earned / best:.1%}; by knowing the kind {round(by_oracle):,}"
    promised, came = (np.array([getattr(run, name) for run in seconds]) for name in ("promised", "came"))
    ratio = promised.sum() / came.sum()
    error = float(np.std(promised - ratio * came)) / came.mean() / _SEEDS**0.5
    which, promise = f"what it promised, of what came, where the save rate {world}", f"{ratio:.1%} ± {1.96 * error:.1%}"
    if best < _LITTLE:
        yield what, seen, "what it is, as little is to be had", True
        yield which, promise, "what it is, as little is to be had", True
        return
    yield what, seen, f"at least {_BEST:.0%}", earned >= _BEST * best
    yield which, promise, f"within {_PROMISE:.0%}, but for chance", bool(abs(ratio - 1) <= _PROMISE + 1.96 * error)


def _known_pair(world: str, kind: Kind, seed: int) -> tuple[_Run, float]:
    """The second campaign, and the money of that which is planned by knowing the kind of the world."""
    rng = np.random.default_rng([len(WORLDS) + list(FARTHER).index(world), seed, _CUSTOMERS])
    assumption = assumed(OFFER.name, ASSUMED)
    _, measured, seen = _campaign(f"cam_{seed}_1", kind.saves, people(_CUSTOMERS, rng), assumption, rng)
    customers = people(_CUSTOMERS, rng)
    money = true_money(customers, kind.saves(customers.probability, customers.contract))
    by_oracle = _per_thousand(money, _chosen(customers, fitted(kind, seen)))
    return _campaign(f"cam_{seed}_2", kind.saves, customers, measured, rng)[0], by_oracle


def _fewer() -> Iterator[Result]:
    """The same among as few customers as IBM's table has: the assumption has more to say."""
    for world in WORLDS:
        seconds = [_pair(world, seed, _FEWER)[1] for seed in range(_SEEDS)]
        earned, best = (_mean(seconds, name) for name in ("money", "best"))
        promised, came = (sum(getattr(run, name) for run in seconds) for name in ("promised", "came"))
        what = f"the second campaign among {_FEWER:,} where the save rate {world}"
        ratio = f", promised {promised / came:.1%}" if best else ""
        yield what, f"{round(earned):,} of {round(best):,}{ratio}", "what it is", True


def _wrong_scores(share: str, error: float) -> Result:
    """Scores that say too much, which only a hold-out tells from an effect; a little too much, it cannot see."""
    seconds = [_pair(next(iter(WORLDS)), seed, _CUSTOMERS, error)[1] for seed in range(_SEEDS)]
    earned, best = (_mean(seconds, name) for name in ("money", "best"))
    what = f"the second campaign among {_CUSTOMERS:,} where a {share} fewer leave than scores say"
    promised, came = (sum(getattr(run, name) for run in seconds) for name in ("promised", "came"))
    seen = f"{round(earned):,} of {round(best):,}, promised {promised / came:.1%}"
    return what, seen, f"at least {_BEST:.0%}", earned >= _BEST * best


def _peeking() -> Iterator[Result]:
    """Weekly looks at campaigns without an effect: how many look as if they had one at any of them."""
    for chosen in (300, 2_000):
        for ripening in (False, True):
            found = [_found_by_chance(chosen, seed, ripening=ripening) for seed in range(_CAMPAIGNS)]
            how = "a twelfth of the customers becomes known each week" if ripening else "all are followed"
            what = f"campaigns of {chosen:,} without an effect that weekly looks find one in, where {how}"
            wins = sum(valid for valid, _ in found)
            yield what, f"{wins} of {_CAMPAIGNS:,}", "at most 5 %", wins <= 0.05 * _CAMPAIGNS
    plain = sum(plain for _, plain in found)
    yield (
        "the same by plain intervals: the sequence is needed",
        f"{plain} of {_CAMPAIGNS:,}",
        "more than 10 %",
        plain > 100,
    )


def _found_by_chance(chosen: int, seed: int, *, ripening: bool) -> tuple[bool, bool]:
    """Whether the sequence, and plain intervals, ever exclude zero."""
    rng = np.random.default_rng([chosen, seed, ripening])
    out = held_out(f"cam_{seed}", map(str, range(chosen)), 0.1)
    left = rng.exponential(1 / -np.log1p(-_CHURN), chosen) * _WEEKS
    known = np.ceil(rng.random(chosen) * _WEEKS) if ripening else np.zeros(chosen)
    full = Arms((~out).sum(), 0, out.sum(), 0).size
    valid = plain = False
    for week in range(1, _WEEKS + 1):
        seen, until = known <= week, _WEEKS if ripening else week
        counts = [int((seen & arm & event).sum()) for arm in (~out, out) for event in (seen, left <= until)]
        if not counts[0] or not counts[2]:
            continue
        arms = Arms(*counts)
        (low, high), (plain_low, plain_high) = always_valid(arms, full, _CHURN), at_one_look(arms)
        valid |= not low <= 0 <= high
        plain |= not plain_low <= 0 <= plain_high
    return valid, plain
