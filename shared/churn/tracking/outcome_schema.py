"""The fields of a row of outcomes, and the rules by which it is read, from a CSV or from JSON."""

import math
import re
from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from churn.customer.echo import echo
from churn.customer.ids import Fault, read_id
from churn.customer.likeness import MAX_LENGTH, Likeness, fold
from churn.customer.numbers import meant
from churn.customer.spellings import MISSING, NO, YES
from churn.errors import FieldError, ValidationError

CUSTOMER_ID = "customerID"

FIELDS: dict[str, tuple[str, ...]] = {
    "left_at": ("left on", "date left", "leave date", "churn date", "churned at", "cancelled at", "end date"),
    "stayed_until": ("stayed to", "active until", "customer until", "last active", "active at"),
    "campaign": ("campaign name", "campaign id"),
    "arm": ("campaign arm", "group"),
    "accepted": ("offer accepted", "accepted offer"),
    "cost": ("costs", "contact cost", "offer cost"),
}
"""The fields beside the id, and other names of columns by which each is probably meant."""

FIRST_DAY = date(2000, 1, 1)
"""What is told of earlier days is a slip."""

MAX_CAMPAIGN_LENGTH = 64
TREAT, HOLD_OUT = "treat", "hold_out"

_ARMS = {fold(arm): arm for arm in (TREAT, HOLD_OUT)}
_ACCEPTED = dict.fromkeys((*YES, "1", "1.0"), True) | dict.fromkeys((*NO, "0", "0.0"), False)
_is_day = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d\S*(?: ?UTC)?)?", re.ASCII).fullmatch

# Amounts are read with or without a currency, whichever it is.
_MONEY = "$"


class Outcome(NamedTuple):
    """A row as it was read, in the order of the columns of `churn.tracking.outcomes`."""

    customer_id: str
    left_at: date | None
    stayed_until: date | None
    campaign: str | None
    arm: str | None
    accepted: bool | None
    cost: float | None


class OutcomeNames:
    """Recognizes the columns of outcomes."""

    def __init__(self, id_names: Collection[str] = ()) -> None:
        """`id_names` are further names under which the id is read, such as its name in the schema in service."""
        self._folded = {fold(name): name for name in FIELDS} | {
            fold(name): CUSTOMER_ID for name in (CUSTOMER_ID, *id_names)
        }
        self._likeness = Likeness({CUSTOMER_ID: (), **FIELDS}, unguessed=(CUSTOMER_ID,))

    def field_of(self, name: str) -> str | None:
        """The field of this name, but for case, blanks and separators; else None."""
        return self._folded.get(fold(name)) if len(name) <= MAX_LENGTH else None

    def likely(self, name: str) -> str | None:
        """The field that is probably meant, else None."""
        return self.field_of(name) or self._likeness.of(name)


class OutcomeSchema:
    """Implements `churn.tables.row_schema.RowSchema` for outcomes that are received on one day."""

    title = "table of outcomes"
    id = CUSTOMER_ID
    outcome = None
    fields = FIELDS
    required = (CUSTOMER_ID,)
    numbers = ("cost",)

    def __init__(self, today: date, id_names: Collection[str] = ()) -> None:
        """`today` is the day in UTC; `id_names` are further names of the id's column."""
        self.column_names = OutcomeNames(id_names)
        self.reader = OutcomeReader(today)


class OutcomeReader:
    """Reads rows that are received on one day, in UTC: nobody knows what comes after it."""

    def __init__(self, today: date) -> None:
        self._today = today

    def read(self, record: Mapping[str, Any], *, every_fault: bool = True) -> Outcome:
        """A row by its fields' names, as texts. Raises ValidationError with every fault."""
        del every_fault  # there are few
        told = {name: text for name in FIELDS if (text := _told(record.get(name))) is not None}
        faults: list[FieldError] = []
        values: dict[str, Any] = {}
        for name, read in (
            (CUSTOMER_ID, lambda: _customer_id(record.get(CUSTOMER_ID))),
            ("left_at", lambda: self._day("left_at", told.get("left_at"))),
            ("stayed_until", lambda: self._day("stayed_until", told.get("stayed_until"))),
            ("campaign", lambda: _campaign(told.get("campaign"))),
            ("arm", lambda: _arm(told.get("arm"), campaign="campaign" in told)),
            ("accepted", lambda: _accepted(told.get("accepted"))),
            ("cost", lambda: _cost(told.get("cost"))),
        ):
            try:
                values[name] = read()
            except Fault as fault:
                faults.append(FieldError(name, fault.code, str(fault)))
        faults += _dates_at_odds(told)
        if faults:
            raise ValidationError(faults)
        return Outcome(*values.values())

    def _day(self, name: str, text: str | None) -> date | None:
        if text is None:
            return None
        if (day := _day_of(text)) is None:
            wanted = f"{name} must be a date such as 2026-11-03, or a moment such as 2026-11-03T14:00:00Z"
            raise Fault("wrong_type", f"{wanted}; got {echo(text)}.")
        if day > self._today:
            raise Fault("out_of_range", f"{name} must not be after today, {self._today} in UTC; got {echo(text)}.")
        if day < FIRST_DAY:
            raise Fault("out_of_range", f"{name} must not be before {FIRST_DAY}; got {echo(text)}.")
        return day


def _told(raw: Any) -> str | None:
    """A cell without outer blanks; None where it, or a word such as NA, says that nothing is known."""
    text = "" if raw is None else str(raw).strip()
    return text if text and text.casefold() not in MISSING else None


@lru_cache(4096)  # a table has few days, each in many rows
def _day_of(text: str) -> date | None:
    """The day in UTC of an ISO 8601 date or moment; a moment without an offset is in UTC."""
    if not _is_day(text):
        return None
    try:
        moment = datetime.fromisoformat(re.sub(r" ?UTC\Z", "", text))
        return (moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)).date()
    except (ValueError, OverflowError):  # no such day, or one beyond the years that there are
        return None


def _customer_id(raw: Any) -> str:
    customer_id = read_id(CUSTOMER_ID, raw)
    if customer_id is None:
        raise Fault("missing", f"{CUSTOMER_ID} is required: by it an outcome finds its predictions.")
    return customer_id


def _dates_at_odds(told: Mapping[str, str]) -> list[FieldError]:
    """The fault of a row that does not have exactly one of the two dates."""
    if "left_at" in told and "stayed_until" in told:
        message = "left_at and stayed_until cannot both be told; send the one that is true, or a row for each."
        return [FieldError("stayed_until", "contradiction", message)]
    if "left_at" not in told and "stayed_until" not in told:
        message = "left_at or stayed_until is required: the day on which the customer left, or until which he stayed."
        return [FieldError("left_at", "missing", message)]
    return []


def _campaign(text: str | None) -> str | None:
    if text is not None and len(text) > MAX_CAMPAIGN_LENGTH:
        message = f"campaign must have at most {MAX_CAMPAIGN_LENGTH} characters; got {len(text)}."
        raise Fault("out_of_range", message)
    if text is not None and not text.isprintable():
        raise Fault("not_allowed", f"campaign must consist of printable characters; got {echo(text)}.")
    return text


def _arm(text: str | None, *, campaign: bool) -> str | None:
    if text is None:
        return TREAT if campaign else None
    if not campaign:
        raise Fault("contradiction", f"arm cannot be told without a campaign; name the campaign; got {echo(text)}.")
    arm = _ARMS.get(fold(text)) if len(text) <= MAX_LENGTH else None
    if arm is None:
        raise Fault("not_allowed", f'arm must be "{TREAT}" or "{HOLD_OUT}"; got {echo(text)}.')
    return arm


def _accepted(text: str | None) -> bool | None:
    if text is None:
        return None
    accepted = _ACCEPTED.get(text.casefold())
    if accepted is None:
        raise Fault("not_allowed", f'accepted must be "yes" or "no"; got {echo(text)}.')
    return accepted


def _cost(text: str | None) -> float | None:
    if text is None:
        return None
    numbers = meant(text, _MONEY)
    if not numbers:
        raise Fault("wrong_type", f"cost must be a number such as 12.50; got {echo(text)}.")
    if len(numbers) > 1 and "." not in text:
        remedy = f'write "{numbers[1]:.0f}" or "{numbers[0]:.2f}" for what is meant'
        raise Fault("wrong_type", f"cost can be read as {numbers[1]:,.0f} or as {numbers[0]}: {remedy}.")
    if not 0 <= numbers[0] < math.inf:
        raise Fault("out_of_range", f"cost must be 0 or more; got {echo(text)}.")
    return numbers[0] + 0.0  # makes -0.0 positive
