"""Writing down whom a campaign contacts: as tables, as a list for those who call, and as digests."""

from collections.abc import Iterator, Sequence
from functools import partial
from io import BytesIO
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from churn.campaigns import contacts, layout
from churn.campaigns.plans import Plan
from churn.campaigns.two_lists import LISTS
from churn.overlap import overlapped
from churn.store.interface import ObjectStore
from churn_api.campaigns import members
from churn_api.campaigns.answers import LIST_COLUMNS
from churn_api.campaigns.paths import ARMS, Arm
from churn_api.jobs import paths
from churn_api.jobs.csv.output import defused_column, lines_of, quoted_column
from churn_api.jobs.csv.result_files import CSV, CUSTOMER_ID, header
from churn_api.jobs.csv.risk_bands import risk_bands
from churn_api.jobs.digests import Digests

PARQUET = "application/vnd.apache.parquet"

# As they are written: six decimals as the results of jobs have them, and hundredths of money.
_PROBABILITY, _MONEY = pl.Decimal(9, 6), pl.Decimal(38, 2)

Flags = NDArray[np.bool_]


class Chosen(NamedTuple):
    """A plan as it was carried out; `may` and `treat` are by part, and the others of all considered, one after another.

    `may` is whether each customer of a part is considered, `treat` whether each considered one is treated, `offers` the
    position of the offer, -1 for none, and `expected` the money that it is expected to bring. Where two lists are
    tried, `lists` are positions in `churn.campaigns.two_lists.LISTS`.
    """

    plan: Plan
    may: Sequence[Flags]
    treat: Sequence[Flags]
    offers: NDArray[np.int8]
    expected: NDArray[np.float64]
    lists: NDArray[np.int8] | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """Those of the list."""
        return LIST_COLUMNS if self.lists is None else (*LIST_COLUMNS, contacts.LIST)


def write_chosen(store: ObjectStore, campaign_id: str, numbers: Sequence[int], chosen: Chosen) -> float | None:
    """Write the chosen customers of these chunks' parts; returns the lowest probability among them."""
    writer = _Writer(store, campaign_id, numbers, chosen)
    store.write(layout.listing(campaign_id), writer.listed(), content_type=CSV)
    if writer.altered:
        raw = (_lines(table, raw=True)[0] for table in writer.tables())
        store.write(layout.listing(campaign_id, raw=True), _headed(chosen, raw), content_type=CSV)
    writer.write_members()
    return writer.lowest


class _Writer:
    """Goes through the parts, as often as it is asked to."""

    def __init__(self, store: ObjectStore, campaign_id: str, numbers: Sequence[int], chosen: Chosen) -> None:
        self._store, self._id, self._numbers, self._chosen = store, campaign_id, numbers, chosen
        self._digests: dict[Arm, list[Digests]] = {arm: [] for arm in ARMS}
        self.altered = False
        """Whether an id was changed to be safe in spreadsheets."""
        self.lowest: float | None = None

    def tables(self) -> Iterator[pl.DataFrame]:
        """The chosen customers of each part, with their digests."""
        reads = (partial(self._store.get, paths.scored(self._id, number)) for number in self._numbers)
        start, chosen = 0, self._chosen
        for found, may, treat in zip(overlapped(reads), chosen.may, chosen.treat, strict=True):
            rows = slice(start, start + len(treat))
            start = rows.stop
            yield _contacts(pl.read_parquet(BytesIO(found.data)), may, treat, chosen, rows)

    def listed(self) -> Iterator[bytes]:
        """The list, block by block; the tables are written on the way."""
        return _headed(self._chosen, self._lines_and_tables())

    def _lines_and_tables(self) -> Iterator[bytes]:
        for number, table in zip(self._numbers, self.tables(), strict=True):
            part = layout.contacts_part(self._id, number)
            if not table.height:
                self._store.delete([part])
                continue
            for arm in ARMS:
                self._digests[arm].append(table.filter(pl.col("arm") == arm)["digest"].to_numpy())
            self._store.put(part, contacts.to_bytes(table.drop("digest")), content_type=PARQUET)
            self.lowest = min(float(table["probability"].min()), self.lowest or 1.0)  # type: ignore[arg-type]
            lines, altered = _lines(table)
            self.altered |= altered
            yield lines

    def write_members(self) -> None:
        """Write who is in which arm."""
        for arm in ARMS:
            held = self._digests[arm]
            members.write(self._store, self._id, arm, np.concatenate(held) if held else np.empty(0, np.uint64))


def _contacts(part: pl.DataFrame, may: Flags, treat: Flags, chosen: Chosen, rows: slice) -> pl.DataFrame:
    names = pl.Series([offer.name for offer in chosen.plan.offers], dtype=pl.String)
    offers = chosen.offers[rows]
    picked = offers >= 0
    held = part.filter(pl.Series(may)).filter(pl.Series(picked))
    segments = [name for name in part.columns if name.startswith(contacts.SEGMENT)]
    table = held.with_columns(
        names.gather(offers[picked].astype(np.uint32)).alias("offer"),
        pl.Series("expected_value", chosen.expected[rows][picked]),
        pl.Series(["hold_out", "treat"]).gather(treat[picked].astype(np.uint32)).alias("arm"),
        risk_bands(held["probability"].to_numpy()).cast(pl.String).alias("band"),
    )
    if chosen.lists is not None:
        by = pl.Series(LISTS).gather(chosen.lists[rows][picked].astype(np.uint32))
        table = table.with_columns(by.alias(contacts.LIST))
    return table.select(*contacts.COLUMNS, *segments, contacts.IF_LIST, "digest").with_columns(
        pl.col(name).cast(kind) for name, kind in contacts.COLUMNS.items()
    )


def _headed(chosen: Chosen, pieces: Iterator[bytes]) -> Iterator[bytes]:
    yield header(chosen.columns)
    yield from pieces


def _lines(table: pl.DataFrame, *, raw: bool = False) -> tuple[bytes, bool]:
    """The lines of the list, and whether an id was changed in them."""
    ids = table["customer_id"]
    safe = ids if raw else defused_column(ids)
    words = [quoted_column(defused_column(table[name])) for name in ("offer", "reason_1", "reason_2", "reason_3")]
    frame = table.select(
        pl.col("row"),
        quoted_column(safe).alias(CUSTOMER_ID),
        pl.col("probability").cast(_PROBABILITY),
        pl.col("value").cast(_MONEY),
        words[0],
        pl.col("expected_value").cast(_MONEY),
        pl.col("arm"),
        *words[1:],
        contacts.IF_LIST,
    )
    return lines_of(frame), safe is not ids
