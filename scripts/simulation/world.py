"""A world of customers who come, age and leave by a known hazard, month by month, the same for the same seed.

Chance is drawn by month and by the customer's number, whatever happened to others: two worlds of one seed, of which one
contacts its customers, differ by what the contacts did and by nothing else.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cache
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from churn.schema import built_in
from churn_trainer.data import sample
from scripts.simulation.calendar import add_months
from scripts.simulation.hazard import Columns, Hazard

TELCO = built_in("telco")

ChangeKind = Literal["rate", "ranking", "meaning", "bills"]
KINDS: tuple[ChangeKind, ...] = get_args(ChangeKind)

# What a change does: log-odds more for everybody; contract and tenure turned round, or a field that tells nothing any
# more, at the same mean rate; all bills times this.
RATE_SHIFT, TURNED_LOYALTY, LOST_FIELD, BILLS_FACTOR = 0.5, -0.1, "InternetService", 1.1

# Months that a world lives before its first day, in which its customers come to differ in tenure.
PAST = 72
# Newcomers of a month for each customer, as many as leave when a world has lived that long.
NEWCOMERS = 0.11
# Of a hundred newcomers so many come and leave between two firsts of a month: nobody ever scores them.
FLEETING = 0.02
# Standard deviation of a newcomer's bill around that of the sample's customer whom he takes after.
BILL_SPREAD = 1.0
# Standard deviation of what a month's bill has more or less than it usually has, as a share of it.
BILL_EXTRAS = 0.05


class Change(NamedTuple):
    """What changes, and in which month of the simulation, from 1: on its first day."""

    kind: ChangeKind
    month: int


class Month(NamedTuple):
    """What happened after the first of a month until the first of the next one, which is `until`."""

    until: date
    left: Mapping[str, date]
    """The days on which customers left, by id; those of `fleeting` newcomers are not among them."""
    stayed: list[str]
    """The ids of those who had been customers on the first day and still are."""
    fleeting: Mapping[str, date]
    saved: list[str]
    """The ids of those who would have left, had nobody contacted them."""


@cache
def models() -> Columns:
    """The customers of the product's own sample, column by column: newcomers take after them."""
    rows = list(csv.DictReader(io.StringIO(sample.csv_bytes().decode())))
    columns: Columns = {name: np.array([row[name] for row in rows]) for name in TELCO.fields}
    return columns | {"MonthlyCharges": columns["MonthlyCharges"].astype(np.float64)}


@dataclass
class World:
    """The customers on `today`, the first of a month; `month` counts from 1, and is less in the world's past."""

    seed: int
    size: int
    first: date
    change: Change | None = None
    month: int = 1 - PAST
    hazard: Hazard = field(default_factory=Hazard)
    prices: float = 1.0
    ever: int = 0
    """How many customers there have ever been: the number of the next one."""
    numbers: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    columns: Columns = field(default_factory=lambda: {name: column[:0] for name, column in _newborn(0).items()})

    def __post_init__(self) -> None:
        """Live the past, of which nothing is kept but the customers."""
        self._welcome()
        while self.month < 1:
            self._age(self._chance()[0] < self.risk())

    @property
    def today(self) -> date:
        """The first of the month."""
        return add_months(self.first, self.month - 1)

    @property
    def ids(self) -> list[str]:
        """The ids of today's customers, in their order."""
        return [self._id(number) for number in self.numbers.tolist()]

    def records(self) -> list[dict[str, str]]:
        """Today's customers as a file has them: the id and each field as a text."""
        texts = {name: _texts(name, column) for name, column in self.columns.items()}
        return [
            {TELCO.id: customer_id, **dict(zip(texts, cells, strict=True))}
            for customer_id, cells in zip(self.ids, zip(*texts.values(), strict=True), strict=True)
        ]

    def risk(self) -> NDArray[np.float64]:
        """The probability with which each of today's customers leaves within a month if nobody contacts him."""
        return self.hazard.probability(self.columns)

    def advance(self, save_rates: Mapping[str, float] = MappingProxyType({})) -> Month:
        """Live until the first of the next month.

        `save_rates` has by id those who are contacted: the probability with which that keeps one who would leave. Below
        zero, it makes him leave so much more often.
        """
        days = (add_months(self.today, 1) - self.today).days
        leave_chance, day_chance, save_chance = self._chance()
        risk = self.risk()
        rates = np.array([save_rates.get(customer_id, 0.0) for customer_id in self.ids])
        would = leave_chance < risk
        saved = would & (save_chance < rates)
        leaves = (leave_chance < risk * (1 - np.minimum(rates, 0))) & ~saved
        on = [self.today + timedelta(int(after)) for after in 1 + np.floor(day_chance[leaves] * days)]
        left = dict(zip(self._ids(leaves), on, strict=True))
        stayed, kept = self._ids(~leaves), self._ids(saved)
        fleeting = {
            f"{self._id(self.ever)}-{number}": self.today + timedelta(1 + number % days)
            for number in range(round(FLEETING * NEWCOMERS * self.size))
        }
        self._age(leaves)
        return Month(self.today, left, stayed, fleeting, kept)

    def _age(self, leaves: NDArray[np.bool_]) -> None:
        self.numbers = self.numbers[~leaves]
        self.columns = {name: column[~leaves] for name, column in self.columns.items()}
        self.columns["tenure"] = self.columns["tenure"] + 1
        chance = np.random.default_rng([self.seed, self.month + PAST, 2])
        extras = BILL_EXTRAS * chance.standard_normal(self.ever)[self.numbers]
        billed = np.round(self.columns["MonthlyCharges"] * (1 + extras), 2)
        self.columns["TotalCharges"] = self.columns["TotalCharges"] + billed
        self.month += 1
        self._welcome()
        if self.change and self.change.month == self.month:
            self._happen(self.change.kind)

    def _happen(self, kind: ChangeKind) -> None:
        if kind == "rate":
            self.hazard = replace(self.hazard, base=self.hazard.base + RATE_SHIFT)
        elif kind == "ranking":
            self.hazard = Hazard(loyalty=TURNED_LOYALTY).with_rate(float(self.risk().mean()), self.columns)
        elif kind == "meaning":
            self.hazard = Hazard(lost=LOST_FIELD).with_rate(float(self.risk().mean()), self.columns)
        else:
            self.prices = BILLS_FACTOR
            self.columns["MonthlyCharges"] = np.round(self.columns["MonthlyCharges"] * BILLS_FACTOR, 2)

    def _welcome(self) -> None:
        """Take in the month's newcomers, who have been billed once."""
        count = round(NEWCOMERS * self.size)
        chance = np.random.default_rng([self.seed, self.month + PAST, 1])
        newcomers = _newborn(count, chance)
        newcomers["MonthlyCharges"] = newcomers["TotalCharges"] = np.round(
            self.prices * np.maximum(newcomers["MonthlyCharges"] + BILL_SPREAD * chance.standard_normal(count), 15), 2
        )
        self.numbers = np.append(self.numbers, np.arange(self.ever, self.ever + count))
        self.columns = {name: np.append(column, newcomers[name]) for name, column in self.columns.items()}
        self.ever += count

    def _chance(self) -> NDArray[np.float64]:
        """This month's numbers from 0 to 1 of today's customers, shape (3, n): for leaving, its day, and being kept."""
        chance = np.random.default_rng([self.seed, self.month + PAST, 0])
        return chance.random((self.ever, 3))[self.numbers].T

    def _ids(self, which: NDArray[np.bool_]) -> list[str]:
        return [self._id(number) for number in self.numbers[which].tolist()]

    def _id(self, number: int) -> str:
        return f"{self.seed}-{number:06d}"


def _newborn(count: int, chance: np.random.Generator | None = None) -> Columns:
    """Customers in their first month, who take after the sample's."""
    origin = chance.integers(0, len(models()["tenure"]), count) if chance else np.zeros(count, np.int64)
    columns = {name: column[origin] for name, column in models().items()}
    return columns | {"tenure": np.ones(count, np.int64), "TotalCharges": columns["MonthlyCharges"]}


def _texts(name: str, column: NDArray[Any]) -> list[str]:
    if name in {"MonthlyCharges", "TotalCharges"}:
        return [f"{amount:.2f}" for amount in column.tolist()]
    return [str(value) for value in column.tolist()]


def to_csv(records: Sequence[Mapping[str, str]]) -> bytes:
    """The records as a CSV file with a header row."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(records[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue().encode()


def training_table(seed: int, size: int, window_months: int) -> bytes:
    """A world's customers on its first day and who of them left within the label window, for the trainer."""
    world = World(seed, size, date(2020, 1, 1))
    records = world.records()
    gone = {customer_id for _ in range(window_months) for customer_id in world.advance().left}
    left = [{TELCO.outcome: "Yes" if record[TELCO.id] in gone else "No"} for record in records]
    return to_csv([record | outcome for record, outcome in zip(records, left, strict=True)])
