"""The sums of a day: how many customers are at risk, and how much money, as the last run of the day scored them.

A run is a job that scored customers. `tracking/daily/YYYY-MM-DD.json` holds one Run, a few kilobytes, so that whoever
shows sums reads no predictions. The money of a customer at risk is the churn probability times what the customer pays a
month (the number with the role monthly_value) times HORIZON_MONTHS, without any margin.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import TypedDict

from churn.errors import ObjectNotFound
from churn.store import compare_and_swap
from churn.store.interface import ObjectStore
from churn.tracking.layout import DAILY

HORIZON_MONTHS = 12

MOST_GROUPS = 12
"""The groups of a segment; the customers of further ones are together in one more."""

OTHER = "Other"

# Who tries the service with a few customers does not want them for all: a run of less than this share of the customers
# of the run before is not kept, unless that one is older than any rhythm in which all customers are scored.
_LEAST_SHARE = 0.1
_RHYTHM = timedelta(days=31)


class Sums(TypedDict):
    """The sums of n customers: their number, those of the highest band, their probabilities, and their money at risk.

    The money is None where customers declare no monthly value.
    """

    customers: int
    at_risk: int
    probability: float
    money: float | None


class Group(Sums):
    """The sums of the customers who have this value of a field, as the data set spells it and as people read it.

    The value is None where it is absent, and for the rest of many values.
    """

    value: str | None
    label: str


class Segment(TypedDict):
    """The groups of a declared segment field."""

    field: str
    title: str
    groups: list[Group]


class AtRisk(TypedDict):
    """The sums of all customers, by risk band and by segment.

    `monthly_value` is the title of the field that money is counted by, and `without_value` the customers of whom it is
    not known: no money of theirs is at risk.
    """

    total: Sums
    without_value: int
    bands: list[Group]
    segments: list[Segment]
    currency: str
    monthly_value: str | None


class Run(AtRisk):
    """The sums of a job, with the moment (ISO 8601, UTC) as of which its customers were scored."""

    job: str
    filename: str | None
    at: str
    release: str
    refused: int


def merged(parts: Iterable[AtRisk]) -> AtRisk | None:
    """The sums of several parts of one run, which have the same groups; None without any."""
    whole: AtRisk | None = None
    for part in parts:
        if whole is None:
            whole = part
            continue
        _add(whole["total"], part["total"])
        whole["without_value"] += part["without_value"]
        _add_groups(whole["bands"], part["bands"])
        for held, more in zip(whole["segments"], part["segments"], strict=True):
            _add_groups(held["groups"], more["groups"])
    return whole


def shortened(segments: Sequence[Segment]) -> list[Segment]:
    """The segments with their groups that have customers, the smallest of many being one."""
    return [{**segment, "groups": _shortened(segment["groups"])} for segment in segments]


def _shortened(groups: Sequence[Group]) -> list[Group]:
    found = [group for group in groups if group["customers"]]
    if len(found) <= MOST_GROUPS:
        return found
    ranked = sorted(found, key=lambda group: -group["customers"])
    kept = {id(group) for group in ranked[:MOST_GROUPS]}
    rest: Group = {**ranked[MOST_GROUPS], "value": None, "label": OTHER}
    for group in ranked[MOST_GROUPS + 1 :]:
        _add(rest, group)
    return [*(group for group in found if id(group) in kept), rest]


def _add_groups(groups: Sequence[Group], others: Sequence[Group]) -> None:
    for group, other in zip(groups, others, strict=True):
        _add(group, other)


def _add(sums: Sums, other: Sums) -> None:
    sums["customers"] += other["customers"]
    sums["at_risk"] += other["at_risk"]
    sums["probability"] += other["probability"]
    if sums["money"] is not None and other["money"] is not None:
        sums["money"] += other["money"]


def day_of(run: Run) -> date:
    """The day of a run, in UTC."""
    return datetime.fromisoformat(run["at"]).date()


def key(day: date) -> str:
    """Where the sums of a day are."""
    return f"{DAILY}{day.isoformat()}.json"


def keys(store: ObjectStore) -> list[str]:
    """The keys of all days, the oldest first. Raises StoreUnavailable."""
    return [entry.key for entry in store.list(DAILY)]


def load(store: ObjectStore, name: str) -> Run | None:
    """The run under a key; None if there is none that can be read. Raises StoreUnavailable."""
    try:
        return _read(store.get(name).data)
    except ObjectNotFound:
        return None


def _read(data: bytes) -> Run | None:
    try:
        run: Run = json.loads(data)
        day_of(run)
        total = run["total"]["customers"]
    except (ValueError, KeyError, TypeError):
        return None  # by a program that wrote it otherwise
    return run if isinstance(total, int) else None


def keep(store: ObjectStore, run: Run) -> None:
    """Keep a run as that of its day, unless a later or much larger one is kept. Raises StoreUnavailable.

    Keeping it again changes nothing.
    """
    if not run["total"]["customers"] or _is_small(run, _before(store, run)):
        return
    name = key(day_of(run))

    def read() -> tuple[Run | None, str | None]:
        try:
            stored = store.get(name)
        except ObjectNotFound:
            return None, None
        return _read(stored.data), stored.etag

    def later(held: Run | None) -> Run | None:
        return run if held is None or _replaces(run, held) else held

    compare_and_swap.change(store, name, read, later, lambda kept: json.dumps(kept).encode())


def _before(store: ObjectStore, run: Run) -> Run | None:
    """The run of the last day before, if any."""
    earlier = [name for name in keys(store) if name < key(day_of(run))]
    return load(store, earlier[-1]) if earlier else None


def _is_small(run: Run, before: Run | None) -> bool:
    return before is not None and day_of(run) - day_of(before) <= _RHYTHM and _is_far_smaller(run, before)


def _is_far_smaller(run: Run, other: Run) -> bool:
    return run["total"]["customers"] < _LEAST_SHARE * other["total"]["customers"]


def _replaces(run: Run, held: Run) -> bool:
    """Whether of two runs of a day this one is to be kept: the later one, unless it is far smaller."""
    if _is_far_smaller(run, held) or _is_far_smaller(held, run):
        return _is_far_smaller(held, run)
    return _order(run) > _order(held)


def _order(run: Run) -> tuple[datetime, str]:
    return datetime.fromisoformat(run["at"]), run["job"]


def expired(store: ObjectStore, oldest: date) -> list[str]:
    """The keys of the days before this one."""
    return [name for name in keys(store) if name < key(oldest)]
