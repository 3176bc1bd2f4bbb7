"""What is kept of alerts: one JSON object, changed by compare-and-swap, which says what counts.

A file that it does not name is of an evaluation that was cut off, and of no meaning.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta, Struct

from churn import ulid
from churn.alerts import layout
from churn.errors import ObjectNotFound
from churn.store import compare_and_swap
from churn.store.compare_and_swap import Change
from churn.store.interface import ObjectStore
from churn.tracking.daily import HORIZON_MONTHS
from churn_api.answers import Moment, Probability
from churn_api.jobs.stored_json import decoded_as

Count: TypeAlias = Annotated[int, Meta(ge=0)]

JOBS_KEPT = 200
"""Jobs that are remembered as looked at: a mark that was left behind is of one of the last."""

PARTS = 16
"""Parts in which customers are worked through: one is in memory, of a million customers sixty thousand."""

DIGESTS_KEPT = 100
"""Digests that are kept."""


class AlertDelivery(Struct, frozen=True):
    """How far a digest has come on one of its channels."""

    status: Annotated[
        Literal["off", "pending", "sent", "failed"],
        Meta(description="off: the channel is not set up, or nobody is in the digest."),
    ]
    tries: Count = 0
    due_at: Moment | None = None
    sent_at: Moment | None = None


class AlertCounts(Struct, frozen=True):
    """Customers of a scoring job; `entered` is the sum of the numbers after it."""

    evaluated: Count = 0
    high: Annotated[Count, Meta(description="At risk now, for however long.")] = 0
    entered: Annotated[Count, Meta(description="At risk now, and not at the scoring before.")] = 0
    alerted: Annotated[Count, Meta(description="In the digest.")] = 0
    budget: Annotated[Count, Meta(description="Left out since others have more at risk; looked at again.")] = 0
    cooldown: Annotated[Count, Meta(description="Left out since they were alerted on lately.")] = 0
    held_out: Annotated[Count, Meta(description="Left out since a running campaign holds them out.")] = 0
    no_rise: Annotated[Count, Meta(description="Left out since it is no rise over their own last weeks.")] = 0
    no_history: Annotated[Count, Meta(description="Left out since they were not scored in the weeks before.")] = 0


class MoneyAtRisk(Struct, frozen=True):
    """Sums over customers; of those without a known value, nothing."""

    alerted: float = 0.0
    budget: float = 0.0


class Digest(Struct, frozen=True, kw_only=True):
    """Whom one scoring job was the reason to alert on."""

    id: str
    created_at: Moment
    job: str
    filename: str | None
    model_version: str
    scored_at: Moment
    counts: AlertCounts
    money_at_risk: Annotated[MoneyAtRisk, Meta(description="In the currency a year, or sums of probabilities.")]
    webhook: AlertDelivery
    email: AlertDelivery


class CustomerAtRisk(Struct, frozen=True):
    """A customer who was alerted on."""

    customerID: str  # noqa: N815  # its name in every answer
    churn_probability: Probability
    before: Annotated[Probability, Meta(description="The mean over his own last four weeks.")]
    rise: float
    value: Annotated[float | None, Meta(description="A month's, where the declaration has one.")]
    money_at_risk: Annotated[float | None, Meta(description="Probability times value; null where that is not known.")]


COLUMNS = CustomerAtRisk.__struct_fields__
"""The columns of a digest's list."""


class AlertValue(Struct, frozen=True):
    """What money at risk is made of."""

    field: Annotated[str | None, Meta(description="The monthly value; null where the declaration has none.")] = None
    months: Annotated[int, Meta(description="By which it is multiplied, beside the probability.")] = HORIZON_MONTHS
    currency: str | None = None


class Part(Struct, frozen=True):
    """A part of the state: the generation that has it, empty for none, its customers, and those of them at risk."""

    generation: str = ""
    followed: int = 0
    high: int = 0


class Record(Struct, frozen=True):
    """The last evaluation, the digests, the newest first, and which files of the state count."""

    generation: str = ""
    """The last one."""
    version: int = 0
    """It grows with each change of what customers are held: whoever began before it may not end after it."""
    evaluated_at: str | None = None
    parts: tuple[Part, ...] = (Part(),) * PARTS
    value: AlertValue = msgspec.field(default_factory=AlertValue)
    jobs: tuple[str, ...] = ()
    digests: tuple[Digest, ...] = ()

    @property
    def followed(self) -> int:
        """Customers of whom something is remembered."""
        return sum(part.followed for part in self.parts)

    @property
    def high(self) -> int:
        """Of these, those at risk."""
        return sum(part.high for part in self.parts)

    @property
    def state(self) -> list[str]:
        """The keys of the files of the state that count."""
        return [layout.state(part.generation, number) for number, part in enumerate(self.parts) if part.generation]


def new_id(moment: datetime) -> str:
    """A new id for a digest that is made at this moment."""
    return layout.DIGEST + ulid.new(moment)


def generation_of(moment: datetime) -> str:
    """What the names of generations begin with that are written at this moment; they sort by it."""
    return f"{moment:%Y%m%d%H%M%S}"


def load(store: ObjectStore) -> Record:
    """The record; an empty one where there is none. Raises UnreadableObject and StoreUnavailable."""
    return _stored(store)[0]


def change(store: ObjectStore, step: Callable[[Record], Record]) -> Change[Record]:
    """Change the record; `step` may be called again, and leaves it by returning what is equal to it."""

    def changed(record: Record) -> Record:
        found = step(record)
        return record if found == record else found

    return compare_and_swap.change(store, layout.RECORD, lambda: _stored(store), changed, msgspec.json.encode)


def customers(store: ObjectStore, digest_id: str) -> list[CustomerAtRisk]:
    """Those in a digest, with the most money at risk first; none where it is gone. Raises UnreadableObject."""
    key = layout.digest(digest_id)
    try:
        return decoded_as(store.get(key).data, list[CustomerAtRisk], key)
    except ObjectNotFound:
        return []


def _stored(store: ObjectStore) -> tuple[Record, str | None]:
    try:
        stored = store.get(layout.RECORD)
        return decoded_as(stored.data, Record, layout.RECORD), stored.etag
    except ObjectNotFound:
        return Record(), None
