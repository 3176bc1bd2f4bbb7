"""Which past to learn from: the declared table with all that was tracked, or the last months of what was tracked alone.

More rows tell more; where the world has changed, older ones tell of another world. Which of the two matters more is
tried forwards: on the newest outcomes, by models that were fitted on what was known before these predictions were made
(Tashman 2000, "Out-of-sample tests of forecasting accuracy"; rows whose label windows reach into those of the newest
are left out, as in the purging of López de Prado 2018, "Advances in Financial Machine Learning", chapter 7). When the
declared table was made nobody says: that of an operator who exports it anew each month has these very outcomes in it,
so its rows of the customers who are judged are left out as well.

A table without ids is not joined with what was tracked: nobody could tell which of its customers are the same, and they
would be fitted on and tested on. Then the table alone stands for all there is.
"""

from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from churn.intervals import clustered_variance
from churn.months import months_later
from churn.schema import Schema
from churn.tracking.computed import SETTLING_DAYS
from churn.tracking.figures import log_losses
from churn_trainer.data.check import MIN_CUSTOMERS_PER_OUTCOME, MIN_ROWS
from churn_trainer.data.prepare import scaler_of
from churn_trainer.data.table import Table
from churn_trainer.data.tracked import Tracked

MONTHS = (12, 6, 3)
"""The windows that are tried beside all there is."""

# The newest rows that a window is judged on: enough to tell log losses apart that differ by .01.
_JUDGED = 2_000

# Rows that a trial is fitted on at most, from all of its time; more change no digit that a choice goes by.
_FITTED = 50_000

_EPOCH = date(1970, 1, 1)


class Trial(NamedTuple):
    """How well a window of so many months, None for all, foretold the newest outcomes."""

    months: int | None
    rows: int
    log_loss: float
    behind: float
    """By how much its log loss is more than the least one."""

    error: float
    """The standard error of that, over customers."""


@dataclass(frozen=True, slots=True)
class Window:
    """The window that is learned from: its months, None for all there is, and why, with the trials that were made."""

    months: int | None
    reason: str
    judged: int = 0
    trials: tuple[Trial, ...] = ()

    def entry(self) -> dict[str, Any]:
        """The `window` of a manifest."""
        return asdict(self) | {"trials": [trial._asdict() for trial in self.trials]}

    def given_up(self) -> "Window":
        """All there is in place of this one, whose rows are too few to be trained on by now, and both reasons."""
        words = f"{self.reason}; the last {self.months} months have too few rows by now, so all there is was taken"
        return replace(self, months=None, reason=words)


def choose(declared: Table, tracked: Tracked) -> Window:
    """The longest window whose log loss on the newest outcomes is within one standard error of the least."""
    newest = _newest(tracked)
    if newest is None:
        words = "too few outcomes are known to try which past foretells them best"
        return Window(None, f"{words}, so {_words(None, declared)} is learned from")
    judged, before = newest
    others = _of_others(declared, judged)
    trials = [
        (months, len(table), _losses(table, declared.schema, judged))
        for months in (None, *MONTHS)
        if (table := within(others, before, months)) is not None and _is_enough(table.churn)
    ]
    if len(trials) < 2:
        words = "too little was tracked before the newest outcomes to try shorter pasts on them"
        return Window(None, f"{words}, so {_words(None, declared)} is learned from", len(judged))
    means = [float(np.average(losses, weights=judged.weight)) for _, _, losses in trials]
    best = int(np.argmin(means))
    found = tuple(
        Trial(months, rows, mean, mean - means[best], _error(losses - trials[best][2], judged))
        for (months, rows, losses), mean in zip(trials, means, strict=True)
    )
    chosen = next(trial for trial in found if trial.behind <= trial.error)
    told = ", ".join(f"{_words(trial.months, declared)} {trial.log_loss:.4f}" for trial in found)
    reason = f"log loss on the {len(judged):,} newest outcomes, learned from {told}: the longest within one error"
    return Window(chosen.months, reason, len(judged), found)


def within(declared: Table, tracked: Tracked, months: int | None) -> Table | None:
    """The table of a window, tracked rows as often as they count; None if it is too small to be trained on."""
    if months is None:
        return whole(declared, tracked)
    if not len(tracked):
        return None
    first = months_later(_EPOCH + timedelta(days=int(tracked.day[-1])), -months)
    rows = tracked.take(tracked.day > (first - _EPOCH).days)
    if not _is_enough(rows.churn):
        return None
    return joined(declared.take(np.zeros(len(declared), np.bool)), rows)


def _is_enough(churn: NDArray[np.int8]) -> bool:
    left = int(churn.sum())
    return len(churn) >= MIN_ROWS and min(left, len(churn) - left) >= MIN_CUSTOMERS_PER_OUTCOME


def whole(declared: Table, tracked: Tracked) -> Table:
    """The table of all there is, which is the declared one alone if it has no ids."""
    return joined(declared, tracked if declared.identified else tracked.take(np.zeros(len(tracked), np.bool)))


def joined(declared: Table, tracked: Tracked) -> Table:
    """Both as one table."""
    rows = tracked.repeated()
    columns = (np.concatenate(pair) for pair in zip(declared.customers, rows.customers, strict=True))
    return Table(
        declared.schema,
        declared.schema.customer(columns),
        np.concatenate([declared.churn, rows.churn]),
        np.concatenate([declared.keys, rows.keys]),
        identified=declared.identified or len(rows) > 0,
        tracked=np.repeat([False, True], [len(declared), len(rows)]),
    )


def _newest(tracked: Tracked) -> tuple[Tracked, Tracked] | None:
    """The newest rows, whole days of them, and those that were known before; None if there are too few."""
    if len(tracked) < _JUDGED:
        return None
    first = tracked.day[-_JUDGED]
    judged, before = tracked.take(tracked.day >= first), tracked.take(tracked.ends + SETTLING_DAYS <= first)
    left = int(judged.churn.sum())
    return (judged, before) if min(left, len(judged) - left) >= MIN_CUSTOMERS_PER_OUTCOME else None


def _of_others(declared: Table, judged: Tracked) -> Table:
    """The rows of the table whose customers are not judged; all of one without ids, which is not joined either."""
    return declared.take(~np.isin(declared.keys, judged.keys)) if declared.identified else declared


def _losses(table: Table, schema: Schema, judged: Tracked) -> NDArray[np.float64]:
    """The log loss of each judged row by a regression that was fitted on the table."""
    rows = np.linspace(0, len(table) - 1, min(len(table), _FITTED)).astype(np.intp)
    scaler = scaler_of(table, rows)
    features = schema.features.matrix
    # Newton's method takes a few steps where the default one takes seventy, to the same weights.
    regression = LogisticRegression(solver="newton-cholesky")
    fitted = regression.fit(scaler.transform(features(table.take(rows).customers)), table.churn[rows])
    chances = fitted.predict_proba(scaler.transform(features(schema.customer(judged.customers))))[:, 1]
    return log_losses(judged.churn, chances)


def _error(differences: NDArray[np.float64], judged: Tracked) -> float:
    """The standard error of a weighted mean of differences, of which those of one customer are added up."""
    weight = judged.weight / judged.weight.sum()
    _, customer = np.unique(judged.keys, return_inverse=True)
    return float(np.sqrt(clustered_variance(weight * (differences - weight @ differences), customer)))


def _words(months: int | None, declared: Table) -> str:
    if months is None:
        return "all" if declared.identified else "the table alone, whose customers have no ids,"
    return f"the last {months} months"
