"""The JSON objects in which the API's processes hand over what they have answered."""

from collections.abc import Sequence
from datetime import UTC, datetime
from secrets import token_hex
from typing import Any

import msgspec

from churn.tracking.layout import INCOMING
from churn_api.jobs.errors import UnreadableObject

VERSION = "1"

_BLANK = ""
"""What stands for the blank of a number in which a blank is a value: JSON has no NaN."""


class Rows(msgspec.Struct):
    """n predictions of one release from one source; each list but `customers` has n items, in the same order.

    `moments` are microseconds since 1970 in UTC. `customers` has a list for each field, in the order of the schema:
    codes or numbers, None for what is absent, a NaN for a blank.
    """

    release: str
    source: str
    ids: list[str]
    moments: list[int]
    probabilities: list[float]
    assumed: list[int]
    customers: list[list[Any]]


class Refusals(msgspec.Struct):
    """How many customers were read and refused, and the rows with each fault by "field:code"."""

    rows: int = 0
    refused: int = 0
    faults: dict[str, int] = msgspec.field(default_factory=dict)

    def add(self, other: "Refusals") -> None:
        """Count what the other one counted as well."""
        self.rows += other.rows
        self.refused += other.refused
        for fault, rows in other.faults.items():
            self.faults[fault] = self.faults.get(fault, 0) + rows


class Handover(msgspec.Struct):
    """What one object holds."""

    version: str
    rows: list[Rows]
    refusals: Refusals


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Handover).decode


def new_key(moment: datetime) -> str:
    """A key that nobody else makes, in the order of time."""
    return f"{INCOMING}{moment:%Y%m%dT%H%M%S%f}-{token_hex(8)}.json"


def name_of(key: str) -> str:
    """What tells an object from all others: its name without folder and ending."""
    return key.removeprefix(INCOMING).removesuffix(".json")


def moment_of(key: str) -> datetime | None:
    """When an object was written, by its key; None for a key of another form."""
    try:
        return datetime.strptime(name_of(key).partition("-")[0], "%Y%m%dT%H%M%S%f").replace(tzinfo=UTC)
    except ValueError:
        return None


def encoded_rows(rows: Rows) -> bytes:
    """Rows as a part of an object."""
    columns = [
        [_BLANK if held != held else held for held in column] if _has_blank(column) else column
        for column in rows.customers
    ]
    return _encode(msgspec.structs.replace(rows, customers=columns))


def joined(parts: Sequence[bytes], refusals: Refusals) -> bytes:
    """An object of rows that are encoded already."""
    return b'{"version":%b,"rows":[%b],"refusals":%b}' % (
        _encode(VERSION),
        b",".join(parts),
        _encode(refusals),
    )


def read(data: bytes, key: str) -> Handover:
    """What an object holds. Raises UnreadableObject."""
    try:
        handover = _decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UnreadableObject(key) from error
    if handover.version != VERSION:
        raise UnreadableObject(key)
    for rows in handover.rows:
        for column in rows.customers:
            if _BLANK in column:
                column[:] = [float("nan") if held == _BLANK else held for held in column]
    return handover


def _has_blank(column: list[Any]) -> bool:
    return any(held != held for held in column)  # only a NaN differs from itself
