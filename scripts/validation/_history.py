"""An operator's months: who his customers were, how likely each was to leave within the label window, and who left."""

from collections.abc import Iterator, Sequence
from datetime import date
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from churn.customer.declaration import Customer
from churn.months import months_later
from churn.schema import built_in
from churn.split import Hashes, id_hash
from churn_trainer.data.table import Table
from scripts.simulation.hazard import Columns, Hazard
from scripts.simulation.world import Change, World

Floats = NDArray[np.float64]

TELCO = built_in("telco")
WINDOW = TELCO.label_window_months or 1

FIRST = date(2024, 1, 1)

# The table to train on is of another world than the customers who are scored.
_OTHER_SEED = 1_000_003


class Month(NamedTuple):
    """The n customers on the first of a month; arrays have the shape (n,)."""

    first: date
    customers: Customer
    number: NDArray[np.int64]
    """Of each customer, the same in all months."""
    keys: Hashes
    truth: Floats
    """The probability with which he leaves within the label window."""
    left: NDArray[np.bool_]
    """Whether he did."""


class _Seen(NamedTuple):
    columns: Columns
    number: NDArray[np.int64]
    hazard: Hazard
    gone: NDArray[np.int64]
    """The numbers of those who left in this month."""


def history(seed: int, size: int, count: int, change: Change | None = None) -> list[Month]:
    """So many months of a world, of which something may change in one of them, counted from 1."""
    world = World(seed, size, FIRST, change)
    seen = [_month(world) for _ in range(count + WINDOW - 1)]
    keys = np.array([id_hash(f"{seed}-{number:06d}") for number in range(world.ever)], np.uint64)
    return [
        _judged(months_later(FIRST, place), seen[place : place + WINDOW], keys[seen[place].number])
        for place in range(count)
    ]


@cache
def declared(seed: int, size: int) -> Table:
    """The table that the operator has, in which the label window is over."""
    month = history(seed + _OTHER_SEED, size, 1)[0]
    return Table(TELCO, month.customers, month.left.astype(np.int8), month.keys, identified=True)


def _month(world: World) -> _Seen:
    columns, number, hazard = dict(world.columns), world.numbers, world.hazard
    gone = [int(customer_id.rpartition("-")[2]) for customer_id in world.advance().left]
    return _Seen(columns, number, hazard, np.array(gone, np.int64))


def _judged(first: date, seen: Sequence[_Seen], keys: Hashes) -> Month:
    """The first of these months, with what came of its customers in all of them."""
    columns, number = seen[0].columns, seen[0].number
    stays = np.ones(len(number))
    for later, month in enumerate(seen):
        stays *= 1 - month.hazard.probability(columns | {"tenure": columns["tenure"] + later})
    left = np.isin(number, np.concatenate([month.gone for month in seen]))
    return Month(first, TELCO.customer(_codes(columns)), number, keys, 1 - stays, left)


def _codes(columns: Columns) -> Iterator[NDArray[np.int8] | Floats]:
    for name in TELCO.fields:
        if name not in TELCO.categories:
            yield columns[name].astype(np.float64)
            continue
        values, place = np.unique(columns[name], return_inverse=True)
        codes = [TELCO.categories[name].code(value) for value in values.tolist()]
        yield np.array(codes, np.int8)[place]


def regret(truth: Floats, probability: Floats) -> float:
    """By how much the log loss that is to be expected is above the least one that is possible."""
    least, found = (
        -float((truth * np.log(told) + (1 - truth) * np.log1p(-told)).mean()) for told in (truth, probability)
    )
    return found - least
