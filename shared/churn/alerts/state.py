"""The state of customers for alerts: what is remembered from one scoring to the next, and who has come to be at risk.

Of each customer a row is kept: whether he is at risk, when he was last alerted on, and the mean of his probabilities in
the current week and in each of the four before it, so that a row's size does not depend on how often he is scored.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from warnings import catch_warnings, simplefilter

import numpy as np
import polars as pl
from numpy.typing import NDArray

from churn.alerts.rules import Rules

MOMENT = pl.Datetime("us", "UTC")

WEEKS = 4
"""Weeks that a probability is compared with, beside the current one."""

MEANS = tuple(f"mean_{back}" for back in range(WEEKS + 1))

STATE: dict[str, Any] = {
    "customer_id": pl.String,
    "scored_at": MOMENT,  # the latest
    "high": pl.Boolean,  # whether he is at risk
    "alerted_at": MOMENT,  # the scoring by which he was last alerted on
    "week": pl.Int32,  # of scored_at, since 1970
    "count": pl.UInt16,  # how many probabilities mean_0 is of
    **dict.fromkeys(MEANS, pl.Float32),  # mean_0 of that week, mean_1 of the week before, and so on
}
"""The columns of the state."""

ROWS: dict[str, Any] = {"customer_id": pl.String, "probability": pl.Float64, "value": pl.Float64}
"""The columns of what was scored; `value` is the customer's monthly value, or null."""

CANDIDATE = ("customer_id", "probability", "before", "value")

_WEEK = timedelta(weeks=1)
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
# A state that says nothing any more is forgotten: its means are too old, and so is its alert.
_KEPT = _WEEK * (WEEKS + 1)

Floats = NDArray[np.float64]


@dataclass
class StateUpdate:
    """The state after a scoring, those to be alerted on with the columns of CANDIDATE, and counts of customers.

    The state takes it that none of the candidates is alerted on, until `mark_alerted` says who is.
    """

    state: pl.DataFrame
    candidates: pl.DataFrame
    counts: Counter[str]


def update_state(
    state: pl.DataFrame, rows: pl.DataFrame, moment: datetime, rules: Rules, held_out: pl.Series, *, silent: bool
) -> StateUpdate:
    """Take in what was scored at a moment, in UTC; `silent` where nobody is to be alerted on.

    `state` has the columns of STATE, `rows` those of ROWS; either has one row of a customer. Customers who have been
    scored later stay as they are, and those whose ids are in `held_out` are no candidates.
    """
    known = rows.join(state, on="customer_id", how="left")
    late = (known["scored_at"] > moment).fill_null(value=False)
    current = known.filter(~late)
    others = state.join(current, on="customer_id", how="anti")
    others = others.filter(pl.col("scored_at") > moment - max(_KEPT, timedelta(days=rules.cooldown_days)))
    week = (moment - _BEGINNING) // _WEEK
    means, count = _moved(current, week)
    before = _mean(means[:, 1:])
    probability = current["probability"].to_numpy()
    was_high = current["high"].fill_null(value=False).to_numpy()
    entered = ~was_high & (probability >= rules.enter)
    why = _left_out(current, probability - before, moment, rules, held_out)
    chosen = entered & (why == "") & (not silent)
    means[:, 0] = np.where(count > 0, (np.nan_to_num(means[:, 0]) * count + probability) / (count + 1), probability)
    at_risk = np.where(was_high, probability >= rules.leave, entered)
    columns = [
        current["customer_id"],
        pl.Series("scored_at", [moment], MOMENT).new_from_index(0, len(current)),
        pl.Series("high", at_risk & ~chosen),
        current["alerted_at"],
        pl.Series("week", [week], pl.Int32).new_from_index(0, len(current)),
        pl.Series("count", np.minimum(count + 1, 60_000), pl.UInt16),
        *(pl.Series(name, means[:, place], pl.Float32, nan_to_null=True) for place, name in enumerate(MEANS)),
    ]
    candidates = current.select("customer_id", "probability", "value").with_columns(before=pl.Series(before))
    counts = Counter({"evaluated": len(current), "high": int(at_risk.sum())})
    if not silent:
        counts.update(why[entered & ~chosen].tolist())
    updated = pl.concat([others, pl.DataFrame(columns)])
    return StateUpdate(updated, candidates.filter(pl.Series(chosen)).select(CANDIDATE), counts)


def mark_alerted(state: pl.DataFrame, alerted: pl.Series, moment: datetime) -> pl.DataFrame:
    """The state where these customers, by their ids, are alerted on by the scoring of this moment, in UTC."""
    chosen = pl.col("customer_id").is_in(alerted.implode())
    return state.with_columns(
        high=pl.col("high") | chosen, alerted_at=pl.when(chosen).then(moment).otherwise("alerted_at").cast(MOMENT)
    )


def _moved(current: pl.DataFrame, week: int) -> tuple[Floats, NDArray[np.int64]]:
    """The means of shape (n, WEEKS + 1) as seen from a week, and how many probabilities the first one is of."""
    held = current.select(MEANS).cast(pl.Float64).to_numpy().reshape(-1, WEEKS + 1)
    passed = week - current["week"].fill_null(week).cast(pl.Int64).to_numpy()
    places = np.arange(WEEKS + 1) - passed[:, None]
    is_held = (places >= 0) & (places <= WEEKS)
    means = np.where(is_held, np.take_along_axis(held, np.clip(places, 0, WEEKS), axis=1), np.nan)
    count = np.where(passed == 0, current["count"].fill_null(0).cast(pl.Int64).to_numpy(), 0)
    return means, count


def _mean(means: Floats) -> Floats:
    """The mean of each row without what is missing; NaN where all of it is."""
    with catch_warnings():
        simplefilter("ignore", RuntimeWarning)
        return np.asarray(np.nanmean(means, axis=1), np.float64)


def _left_out(
    current: pl.DataFrame, rise: Floats, moment: datetime, rules: Rules, held_out: pl.Series
) -> NDArray[np.str_]:
    """Why each customer would not be alerted on, the first reason that holds; empty where none does."""
    cooling = (current["alerted_at"] > moment - timedelta(days=rules.cooldown_days)).fill_null(value=False).to_numpy()
    is_held_out = current["customer_id"].is_in(held_out.implode()).to_numpy()
    # A mean that is kept with half the digits must not turn a rise of just as much as is wanted into less.
    is_flat = rise < rules.rise - 1e-6
    reasons = [np.isnan(rise), is_flat, is_held_out, cooling]
    return np.select(reasons, ["no_history", "no_rise", "held_out", "cooldown"], default="")
