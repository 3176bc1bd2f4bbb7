"""Predictions with what became of them, month by month, and of a large month some of the customers at a time.

So memory is that of a small month, and not of all. Of each customer the last prediction counts that a release made in a
month. It is mature once its label window (calendar months) and SETTLING_DAYS are over. Customers who were treated in a
campaign are left out, and those who were held out stand for them. A campaign that begins behind the label window says
nothing about it; one that was not started here begins with its first outcome.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from churn.tracking import layout
from churn.tracking.computed import SETTLING_DAYS
from churn.tracking.contacted import KEY, Contacted, product
from churn.tracking.figures import Floats, Sample, pooled
from churn.tracking.predictions import COLUMNS
from churn.tracking.scanning import TableReader

# Of a file, read at a time, and joined before they are reduced to a row for each customer.
_ROWS = 100_000

# Bytes of a month's files, of which as many customers are joined at a time: some two hundred thousand predictions. A
# month of a million and a half in one go took more memory than a worker has.
_SHARE_BYTES = 4 << 20

# Later than any day, as days since 1970.
_NEVER = np.iinfo(np.int32).max

_COLUMNS = ["key", "scored_at", "release", "probability", "first"]


@dataclass(slots=True)
class Part:
    """What is known of a release's predictions of a month; `probability` is of all, `sample` of the matched."""

    release: str
    month: str
    probability: Floats
    sample: Sample
    matures: NDArray[np.int32]
    """When each row of `sample` matured, in days since 1970."""
    matured: int
    treated: int

    @property
    def matched(self) -> int:
        """Mature predictions of untreated customers whose outcome is known."""
        return len(self.sample.outcome)

    @property
    def unmatched(self) -> int:
        """Mature predictions of untreated customers whose outcome is not known."""
        return self.matured - self.treated - self.matched

    @property
    def is_mostly_known(self) -> bool:
        """Whether the outcome is known of as many as not.

        Those whom nobody told of are seldom like the others: who reports those who left alone makes all seem to leave.
        """
        return self.matched >= self.unmatched


@dataclass(slots=True)
class Joined:
    """The parts, oldest month first, and what can be counted only over all predictions that are held."""

    parts: list[Part] = field(default_factory=list)
    first_months: dict[str, str] = field(default_factory=dict)
    """By release, the month of its first prediction that is held."""
    ripening: dict[date, int] = field(default_factory=dict)
    """How many predictions of those that are not mature yet will be on each day."""
    earlier: int = 0
    """Predictions that count, but matured before the days that are looked back on."""
    last_earlier: date | None = None
    """When the last of these matured."""
    assumed: dict[str, tuple[int, int]] = field(default_factory=dict)
    """By month, how many values were absent of how many predictions, those that do not count included."""
    unknown: int = 0
    """Customers with an outcome of whom no prediction is held."""
    before: int = 0
    """Rows of outcomes that are older than the customer's first prediction."""


class Known(NamedTuple):
    """What outcomes say of customers, who are numbered from 0."""

    customers: pl.DataFrame
    """key, customer (its number), left_at, stayed_until."""
    touched: pl.DataFrame
    """customer, day, arm, begins, weight: until which day the customer took part in a campaign that was not started
    here, from when on it has outcomes, and how many customers one stands for who was held out of it."""
    days: pl.DataFrame
    """customer, day: the date of each row that did not come again."""
    campaigns: list[Contacted]
    """Those that were started here, whose customers are known without any outcome."""


def join(reader: TableReader, known: Known, window_of: Callable[[str], int], today: date, days: int) -> Joined:
    """Join what is tracked with the outcomes.

    `window_of` gives the label window of a release, in months. Looked at are predictions that matured within the last
    `days` until `today` (in UTC), and those that have yet to.
    """
    count = known.customers.height
    first = np.full(count, _NEVER, np.int32)
    joined = Joined()
    shares = defaultdict[tuple[str, str], list[Part]](list)
    for month, table in _months(reader, joined.assumed):
        for (release,), rows in sorted(table.partition_by("release", as_dict=True).items()):
            version = str(release)
            joined.first_months.setdefault(version, month)
            rows = rows.join(known.customers, on="key", how="left")
            told = rows.filter(pl.col("customer").is_not_null())
            np.minimum.at(first, told["customer"].to_numpy(), told["first"].dt.date().to_physical().to_numpy())
            rows = aged(rows, window_of(version), today)
            is_earlier = rows["matures"] <= today - timedelta(days=days)
            _add_earlier(joined, rows["matures"].filter(is_earlier))
            rows = rows.filter(~is_earlier)
            if rows.height:
                shares[month, version].append(_part(version, month, rows, known))
                _add_ripening(joined.ripening, rows)
    # Whose shares are together need no memory beside them.
    joined.parts = [_together(shares.pop(key)) for key in sorted(shares)]
    joined.unknown = int((first == _NEVER).sum())
    of_row = first[known.days["customer"].to_numpy()]
    joined.before = int(((known.days["day"].to_physical().to_numpy() < of_row) & (of_row < _NEVER)).sum())
    return joined


def _months(reader: TableReader, assumed: dict[str, tuple[int, int]]) -> Iterator[tuple[str, pl.DataFrame]]:
    """Each month with a row for each customer and release: the last prediction, and the moment of the first.

    A large month comes several times, each time with other customers. How much was absent is added to `assumed`.
    """
    store = reader.store
    for folder in store.folders(layout.PREDICTIONS):
        month, entries = folder.removeprefix("month="), list(store.list(f"{layout.PREDICTIONS}{folder}/"))
        shares = -(-sum(entry.size for entry in entries) // _SHARE_BYTES)
        for share in range(shares):
            waiting = list[pl.DataFrame]()
            for piece in _pieces(reader, [entry.key for entry in entries], pl.col("key") % shares == share):
                absent, made = assumed.get(month, (0, 0))
                assumed[month] = absent + int(piece["assumed"].cast(pl.UInt64).sum()), made + piece.height
                waiting.append(piece.select(_COLUMNS))
                # Many files are small, and what was reduced before, the first of these, is as long as a month.
                if sum(rows.height for rows in waiting[1:]) >= _ROWS:
                    waiting = [_reduced(pl.concat(waiting))]
            if waiting:
                yield month, _reduced(pl.concat(waiting))


def _pieces(reader: TableReader, keys: Sequence[str], wanted: pl.Expr) -> Iterator[pl.DataFrame]:
    """The wanted predictions of files, not too many at a time; only the columns that are needed are read."""
    release, first = pl.col("release").cast(pl.Categorical), pl.col("scored_at").alias("first")
    columns = (KEY, "scored_at", release, "probability", "assumed", first)
    for key in keys:
        with reader.passing_over(key):
            for piece in reader.table(key, COLUMNS).pieces(_ROWS, *columns):
                yield piece.filter(wanted)


def _reduced(rows: pl.DataFrame) -> pl.DataFrame:
    # Of two predictions of one moment, as where a file names a customer twice, the higher one counts.
    return (
        rows.sort("scored_at", "probability")
        .group_by("key", "release")
        .agg(pl.col("scored_at", "probability").last(), pl.col("first").min())
        .select(_COLUMNS)
    )


def aged(rows: pl.DataFrame, window: int, today: date) -> pl.DataFrame:
    """Rows with `scored_at`, with the day of the prediction, the end of its label window, and when it matures."""
    day = pl.col("scored_at").dt.date()
    ends = day.dt.offset_by(f"{window}mo")
    aged = rows.with_columns(day=day, ends=ends, matures=ends + timedelta(days=SETTLING_DAYS))
    return aged.with_columns(mature=pl.col("matures") <= today)


def judged(mature: pl.DataFrame, known: Known) -> pl.DataFrame:
    """Mature rows, aged and joined with the known customers, with `outcome` and `weight`.

    The outcome is 1 for who left within the label window, 0 for who stayed, null if nobody told; the weight is how many
    customers a row stands for, 0 for who was treated.
    """
    left, stayed, day, ends = (pl.col(name) for name in ("left_at", "stayed_until", "day", "ends"))
    outcome = (
        pl.when(left > day).then((left <= ends).cast(pl.Float64)).when(left.is_null() & (stayed >= ends)).then(0.0)
    )
    weights = _weights(mature, known.touched) * product(known.campaigns, mature)
    return mature.with_columns(outcome=outcome, weight=weights)


def _part(release: str, month: str, rows: pl.DataFrame, known: Known) -> Part:
    mature = judged(rows.filter("mature"), known)
    untreated = mature.filter(pl.col("weight") > 0)
    matched = untreated.filter(pl.col("outcome").is_not_null())
    # Of all months together these arrays are most of what is held, so each is as small as it may be, and a copy.
    sample = Sample(
        matched["outcome"].to_numpy().astype(np.int8),
        matched["probability"].to_numpy().copy(),
        matched["weight"].to_numpy().copy(),
        matched["customer"].to_numpy().astype(np.int32),
    )
    treated = mature.height - untreated.height
    matures = matched["matures"].to_physical().to_numpy().copy()
    return Part(release, month, rows["probability"].to_numpy().copy(), sample, matures, mature.height, treated)


def _together(parts: Sequence[Part]) -> Part:
    """One of the parts of a release's month, whose customers differ."""
    return Part(
        parts[0].release,
        parts[0].month,
        np.concatenate([part.probability for part in parts]),
        pooled([part.sample for part in parts]),
        np.concatenate([part.matures for part in parts]),
        sum(part.matured for part in parts),
        sum(part.treated for part in parts),
    )


def _weights(mature: pl.DataFrame, touched: pl.DataFrame) -> pl.Series:
    """How many customers each row stands for: none if treated, several if held out, and one otherwise."""
    if touched.is_empty():
        return pl.ones(mature.height, pl.Float64, eager=True)
    meant = mature.select("customer", "day", "ends").join(touched, on="customer", suffix="_of_outcome")
    meant = meant.filter((pl.col("day_of_outcome") > pl.col("day")) & (pl.col("begins") <= pl.col("ends")))
    factor = pl.when(pl.col("arm") == "treat").then(0.0).otherwise("weight")
    factors = meant.group_by("customer").agg(factor=factor.product())
    joined = mature.select("customer").join(factors, on="customer", how="left", maintain_order="left")
    return joined["factor"].fill_null(1.0)


def _add_earlier(joined: Joined, matured: pl.Series) -> None:
    last = matured.max()
    if isinstance(last, date):
        joined.earlier += len(matured)
        joined.last_earlier = max(last, joined.last_earlier or last)


def _add_ripening(ripening: dict[date, int], rows: pl.DataFrame) -> None:
    for day, count in rows.filter(~pl.col("mature")).group_by("matures").len().iter_rows():
        ripening[day] = ripening.get(day, 0) + count
