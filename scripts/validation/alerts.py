"""Alerts on customers: how many there are a week, and how many of them are news.

Customers are drawn here and scored every week with a wobble in their log-odds that means nothing; a few rise for good.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from churn.alerts.rules import DEFAULTS, Rules
from churn.alerts.state import ROWS, STATE, mark_alerted, update_state
from churn.model.scoring import sigmoids

Result = tuple[str, str, str, bool]

_CUSTOMERS, _WEEKS, _FIRST = 7_000, 52, 6
_SPREAD = (-1.55, 1.95)  # with which 26 % leave
_WOBBLE = 0.15
# Of every thousand customers six rise in a week, by so much in log-odds, and go back after half a year.
_RISING, _RISE, _LASTING = 0.006, (0.5, 2.0), 26
# An alert is news while the rise is not older than what it is compared with.
_NEWS = 4
_MOST_A_WEEK, _LEAST_REAL = 20, 0.8
_UNBOUND = 1_000
_NOBODY = pl.Series("held_out", [], pl.String)
_BEGIN = datetime(2026, 1, 5, tzinfo=UTC)


def results(table: Path) -> Iterator[Result]:
    """Alerts a week and the share that is real, with and without the budget; repeats within the cool-down."""
    del table
    size = f"{_CUSTOMERS:,} customers scored weekly for a year"
    for seed, name in ((1, "the default rules"), (2, "the default rules, drawn again")):
        year = _year(DEFAULTS, seed)
        a_week = f"{np.mean(year.a_week):.1f} ({max(year.a_week)} at most)"
        yield f"alerts a week, {size}, {name}", a_week, f"at most {_MOST_A_WEEK}", max(year.a_week) <= _MOST_A_WEEK
        yield _share("of them real", year)
        yield "alerts on a customer within the cool-down", f"{year.repeated}", "none", not year.repeated
    small = replace(DEFAULTS, budget=5)
    year = _year(small, 1)
    most = f"at most {small.budget}"
    yield (
        f"alerts a week where the budget is {small.budget}",
        f"{max(year.a_week)} at most",
        most,
        max(year.a_week) <= small.budget,
    )
    unbound = _year(replace(DEFAULTS, budget=_UNBOUND), 1)
    yield _share("of them real where no budget binds", unbound)
    crossing = _year(Rules(leave=DEFAULTS.enter, rise=0, cooldown_days=0, budget=_UNBOUND), 1)
    seen = f"{np.mean(crossing.a_week):.0f} a week, {crossing.real / sum(crossing.a_week):.0%} real"
    yield (
        "whoever crosses the limit, by which rules are needed",
        seen,
        "more, and less real",
        (np.mean(crossing.a_week) > np.mean(unbound.a_week)),
    )


@dataclass
class _Year:
    """The alerts of each week, how many of all were real, and how many came within a cool-down."""

    a_week: list[int] = field(default_factory=list)
    real: int = 0
    repeated: int = 0


def _share(what: str, year: _Year) -> Result:
    share = year.real / sum(year.a_week)
    return what, f"{share:.0%} of {sum(year.a_week)}", f"at least {_LEAST_REAL:.0%}", share >= _LEAST_REAL


def _year(rules: Rules, seed: int) -> _Year:
    rng = np.random.default_rng(seed)
    usual = rng.normal(*_SPREAD, _CUSTOMERS)
    rose, rise = np.full(_CUSTOMERS, -1_000), np.zeros(_CUSTOMERS)
    names = pl.Series("customer_id", [f"c{number}" for number in range(_CUSTOMERS)])
    state, year = pl.DataFrame(schema=STATE), _Year()
    last: dict[str, int] = {}
    for week in range(_WEEKS + _FIRST):
        is_over = week - rose > _LASTING
        starts = is_over & (rng.random(_CUSTOMERS) < _RISING)
        rose = np.where(starts, week, rose)
        rise = np.where(starts, rng.uniform(*_RISE, _CUSTOMERS), np.where(is_over, 0, rise))
        scored = sigmoids(usual + rise + rng.normal(0, _WOBBLE, _CUSTOMERS))
        rows = pl.DataFrame([names, pl.Series("probability", scored), pl.Series("value", np.ones(_CUSTOMERS))], ROWS)
        moment = _BEGIN + timedelta(weeks=week)
        update = update_state(state, rows, moment, rules, _NOBODY, silent=week < _FIRST)
        alerted = update.candidates.top_k(rules.budget, by="probability")["customer_id"]
        state = mark_alerted(update.state, alerted, moment)
        if week >= _FIRST:
            _note(year, alerted, week, rose, last, rules)
    return year


def _note(year: _Year, alerted: pl.Series, week: int, rose: np.ndarray, last: dict[str, int], rules: Rules) -> None:
    numbers = [int(name[1:]) for name in alerted]
    year.a_week.append(len(numbers))
    year.real += int((week - rose[numbers] < _NEWS).sum())
    counts = Counter(alerted.to_list())
    gaps = {name: (week - last[name]) * 7 for name in counts if name in last}
    year.repeated += sum(counts.values()) - len(counts) + sum(gap < rules.cooldown_days for gap in gaps.values())
    last.update(dict.fromkeys(counts, week))
