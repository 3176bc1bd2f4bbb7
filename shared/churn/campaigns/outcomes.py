"""The chosen customers of a campaign with what became of each, as the outcomes that are held tell it."""

from datetime import date
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from churn.campaigns import layout
from churn.campaigns.contacts import COLUMNS, IF_LIST, SEGMENT
from churn.campaigns.started import Started
from churn.campaigns.two_lists import LISTS
from churn.tracking.contacted import KEY, Keys, names
from churn.tracking.known import parts
from churn.tracking.outcome_schema import HOLD_OUT, TREAT
from churn.tracking.outcomes import ORDER, fold
from churn.tracking.scanning import TableReader

# What results are made of, in few bytes a customer: of numbers seven digits are more than anybody reads of a sum.
_KEPT: dict[str, Any] = {
    "probability": pl.Float32,
    "value": pl.Float32,
    "offer": pl.Categorical,
    "expected_value": pl.Float32,
    "arm": pl.Enum([TREAT, HOLD_OUT]),
    "band": pl.Categorical,
}

_EPOCH = date(1970, 1, 1)

# Earlier than any day, as days since 1970.
_NEVER = np.iinfo(np.int32).min


class Told(NamedTuple):
    """What outcomes say that is of no customer's arm and no figure."""

    contradictory: int
    """Customers who are said to have been in the other arm than the one that they were drawn for."""

    before: int
    """Customers of whom nothing is known but how long they had stayed by the day of the start."""


class _Outcomes:
    """What is known of n customers, by their keys in any order."""

    def __init__(self, keys: Keys, treated: NDArray[np.bool_]) -> None:
        self._order = np.argsort(keys).astype(np.uint32)
        self.keys = keys[self._order]
        """In rising order."""
        self._treated = treated
        self._left, self._stayed = (np.full(len(keys), _NEVER, np.int32) for _ in range(2))
        self._accepted = np.full(len(keys), -1, np.int8)
        self._cost = np.full(len(keys), np.nan)
        self._contradictory = np.zeros(len(keys), np.bool_)

    def add(self, rows: pl.DataFrame, campaign: Started) -> None:
        """Take in all rows of outcomes of some of the customers."""
        customers = fold(rows).customers
        places = self._places(customers)
        self._left[places] = customers["left_at"].to_physical().fill_null(_NEVER).to_numpy()
        self._stayed[places] = customers["stayed_until"].to_physical().fill_null(_NEVER).to_numpy()
        day = pl.coalesce("left_at", "stayed_until").alias("day")
        told = rows.with_columns(day).filter(names(campaign)).sort(ORDER, maintain_order=True)
        self._add_treatments(told)

    def _add_treatments(self, told: pl.DataFrame) -> None:
        """Take in rows that name the campaign; of acceptance and cost the last word counts."""
        places = self._places(told)
        is_other = (told["arm"] == TREAT).to_numpy() != self._treated[places]
        self._contradictory[places[is_other]] = True
        last = (pl.col(name).drop_nulls().last() for name in ("accepted", "cost"))
        said = told.group_by("customer_id").agg(*last)
        places = self._places(said)
        self._accepted[places] = said["accepted"].cast(pl.Int8).fill_null(-1).to_numpy()
        self._cost[places] = said["cost"].fill_null(np.nan).to_numpy()

    def _places(self, rows: pl.DataFrame) -> NDArray[np.uint32]:
        return self._order[np.searchsorted(self.keys, rows.select(KEY).to_series().to_numpy())]

    def columns(self) -> list[pl.Series]:
        """left_at, stayed_until, accepted and cost; null where they are not known."""
        return [
            _days("left_at", self._left),
            _days("stayed_until", self._stayed),
            pl.Series("accepted", self._accepted).replace(-1, None).cast(pl.Boolean),
            pl.Series("cost", self._cost, nan_to_null=True),
        ]

    def told(self, campaign: Started) -> Told:
        """The counts that are of no figure."""
        begins = (campaign.begins - _EPOCH).days
        before = (self._left == _NEVER) & (self._stayed != _NEVER) & (self._stayed <= begins)
        return Told(int(self._contradictory.sum()), int(before.sum()))


def with_outcomes(reader: TableReader, campaign: Started) -> tuple[pl.DataFrame, Told]:
    """The campaign's contacts, without what names them, with left_at, stayed_until, accepted and cost.

    Dates are null where nothing is known; acceptance and cost are of rows that name the campaign. A million contacts
    take some 200 MB at most. Raises StoreUnavailable, and ObjectNotFound where a file was replaced meanwhile.
    """
    contacts = _contacts(reader, campaign.id)
    outcomes = _Outcomes(contacts.drop_in_place("key").to_numpy(), (contacts["arm"] == TREAT).to_numpy())
    for rows in parts(reader, outcomes.keys):
        outcomes.add(rows, campaign)
    return contacts.with_columns(outcomes.columns()), outcomes.told(campaign)


def _contacts(reader: TableReader, campaign_id: str) -> pl.DataFrame:
    """The contacts in their order, each with its key."""
    tables = [pl.DataFrame(schema={"key": pl.UInt64, **_KEPT})]
    columns = {name: COLUMNS[name] for name in ("customer_id", *_KEPT)}
    kept = [pl.col(name).cast(kind) for name, kind in _KEPT.items()]
    segments = pl.col(f"^{SEGMENT}.*$").cast(pl.Categorical)
    for entry in reader.store.list(layout.contacts(campaign_id)):
        with reader.passing_over(entry.key):
            tables.append(reader.table(entry.key, columns).read(KEY, *kept, segments, IF_LIST.cast(pl.Enum(LISTS))))
    # In one piece: whatever works with pieces and with a whole column makes all of them one, in a copy.
    return pl.concat(tables, how="diagonal", rechunk=True)


def _days(name: str, days: NDArray[np.int32]) -> pl.Series:
    column = pl.Series(name, days)
    return column.set(column == _NEVER, None).cast(pl.Date)
