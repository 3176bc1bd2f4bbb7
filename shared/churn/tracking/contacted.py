"""Who was treated, or held out, in the campaigns that were started here.

They are known by the campaigns' lists, also where no outcome names the campaign.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from churn.campaigns import layout
from churn.campaigns.contacts import COLUMNS, DRAWN, IF_LIST, LIST
from churn.campaigns.started import Started, all_started
from churn.campaigns.two_lists import BOTH
from churn.tracking.outcome_schema import HOLD_OUT, TREAT
from churn.tracking.scanning import TableReader

Keys = NDArray[np.uint64]

KEY = pl.col("customer_id").hash().alias("key")
"""What stands for an id, since numbers take a third of the memory and time: of ten million ids two are the same key
once in 400,000 times."""

# Half of those on whom two lists differ are drawn for either: one who is left alone stands for one who was called.
_OF_ONE_LIST = 2.0

_CHOSEN = {name: COLUMNS[name] for name in DRAWN}


class Contacted(NamedTuple):
    """A campaign's customers by their keys, in rising order; whoever was treated though held out is among `treated`."""

    begins: date
    until: date
    """It says nothing about predictions from this day on: its label window is over, and it is closed."""
    treated: Keys
    held_out: Keys
    weight: float
    """How many of the chosen one stands for who was held out."""

    def factors(self, rows: pl.DataFrame) -> NDArray[np.float64]:
        """How many customers each prediction stands for, of rows with key, day, and the `ends` of the label window."""
        touched = ((rows["day"] < self.until) & (rows["ends"] >= self.begins)).to_numpy()
        keys = rows["key"].to_numpy()
        factors = np.ones(rows.height)
        factors[touched & is_among(keys, self.held_out)] = self.weight
        factors[touched & is_among(keys, self.treated)] = 0.0
        return factors


def contacted(reader: TableReader, treatments: pl.DataFrame) -> tuple[list[Contacted], pl.DataFrame]:
    """The campaigns that were started, and the treatments that outcomes tell of others.

    `treatments` has key, campaign, arm and day. Outcomes name a campaign by its id, or from its start on by its name;
    of several with the same name they mean the one that was started last. Raises StoreUnavailable, and ObjectNotFound
    where a campaign was deleted meanwhile.
    """
    found: list[Contacted] = []
    for campaign in sorted(all_started(reader.store), key=lambda campaign: campaign.started, reverse=True):
        is_named = names(campaign)
        told = treatments.filter(is_named & (pl.col("arm") == TREAT))["key"].unique().to_numpy()
        treatments = treatments.filter(~is_named)
        found += _contacted(reader, campaign, told)
    return found, treatments


def names(campaign: Started) -> pl.Expr:
    """Whether a row with campaign and day names this campaign."""
    name, day = pl.col("campaign"), pl.col("day")
    return (name == campaign.id) | ((name == campaign.name) & (day >= campaign.begins))


def is_among(keys: Keys, sorted_keys: Keys) -> NDArray[np.bool_]:
    """Whether each key, of shape (n,), is one of others that are in rising order."""
    if not len(sorted_keys):
        return np.zeros(len(keys), np.bool_)
    places = np.searchsorted(sorted_keys, keys)
    found: NDArray[np.bool_] = sorted_keys[np.minimum(places, len(sorted_keys) - 1)] == keys
    return found


def _contacted(reader: TableReader, campaign: Started, told: Keys) -> Iterator[Contacted]:
    # Until it is closed somebody may be called.
    until = max(campaign.ends, campaign.closed.date()) if campaign.closed else date.max
    drawn = _drawn(reader, campaign.id)
    chosen = len(drawn.treated) + len(drawn.held_out)
    treated = np.union1d(np.union1d(drawn.treated, drawn.treated_by_one), told)
    held_out = drawn.held_out[~is_among(drawn.held_out, treated)]
    yield Contacted(campaign.begins, until, treated, held_out, chosen / max(1, len(held_out)))
    if len(drawn.left_alone):
        left_alone = drawn.left_alone[~is_among(drawn.left_alone, treated)]
        yield Contacted(campaign.begins, until, np.empty(0, np.uint64), left_alone, _OF_ONE_LIST)


class _Drawn(NamedTuple):
    """Keys in rising order: who is to be treated and who is held out, and the same by one of two lists alone."""

    treated: Keys
    held_out: Keys
    treated_by_one: Keys
    left_alone: Keys


def _drawn(reader: TableReader, campaign_id: str) -> _Drawn:
    parts: list[tuple[Keys, ...]] = [tuple(np.empty(0, np.uint64) for _ in _Drawn._fields)]
    parts += (tuple(_arms(rows)) for rows in _lists(reader, campaign_id))
    return _Drawn(*(np.sort(np.concatenate(keys)) for keys in zip(*parts, strict=True)))


def _arms(rows: pl.DataFrame) -> Iterator[Keys]:
    of_both = pl.col(LIST) == BOTH if LIST in rows.columns else pl.lit(value=True)
    for by in (of_both, ~of_both):
        for arm in (TREAT, HOLD_OUT):
            yield rows.filter(by & (pl.col("arm") == arm))["key"].to_numpy()


def _lists(reader: TableReader, campaign_id: str) -> Iterator[pl.DataFrame]:
    """The files of a campaign's list one by one: of each row eight bytes are kept."""
    for entry in reader.store.list(layout.contacts(campaign_id)):
        with reader.passing_over(entry.key):
            yield reader.table(entry.key, _CHOSEN).read(KEY, "arm", IF_LIST)


def product(campaigns: Sequence[Contacted], rows: pl.DataFrame) -> NDArray[np.float64]:
    """The product of the factors of all campaigns, shape (n,)."""
    factors = np.ones(rows.height)
    for campaign in campaigns:
        factors *= campaign.factors(rows)
    return factors
