"""Requests for a training: one object a day, changed by compare-and-swap.

`training/requests/<YYYY-MM-DD>.json` asks for a training, `{}` too, which any program may put there; one of a day to
come waits for it. Whoever trains takes it for a while at a time, so that two make one training, and one that was killed
is tried again. Nothing in a request is of a customer.
"""

import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

from churn.clock import Clock
from churn.errors import ChurnError, ObjectNotFound, PreconditionFailed
from churn.overlap import overlapped
from churn.store import compare_and_swap
from churn.store.compare_and_swap import JSON
from churn.store.interface import ObjectStore

log = logging.getLogger(__name__)

ROOT = "training/requests/"

OPEN, TRAINING, DONE, FAILED = "open", "training", "done", "failed"
_STATUSES = OPEN, TRAINING, DONE, FAILED

COOL_DOWN = timedelta(days=7)
"""No training is asked for so soon after another one."""

_READ_AT_ONCE = 8

# At most so many requests in so many days.
_MOST, _MOST_IN = 4, timedelta(days=30)

LEASE = timedelta(minutes=15)
"""A training that has said nothing for so long is dead; it says that it lives three times as often."""

ATTEMPTS = 3
"""What broke a training off so often, such as a lack of memory, will do it again."""

STOPS = 12
"""A training that was stopped so often never gets through in the time that it is given."""

BROKEN_OFF = f"The training was broken off {ATTEMPTS} times, as if it had been killed; the trainer's log may tell why."
STOPPED = f"The training was stopped {STOPS} times before it was through; whatever starts it gives it too little time."


class BrokenOff(ChurnError):
    """A training was killed as often as it is tried."""

    def __init__(self, day: date) -> None:
        super().__init__(f"Nobody trains on the request of {day} any more. {BROKEN_OFF}")


@dataclass(frozen=True, slots=True)
class Request:
    """A request of a day, which is its name; moments are in UTC, `reasons` and `words` sentences."""

    day: date
    status: str = OPEN
    """open, training, done (with what came of it in `words`), or failed."""

    reasons: tuple[str, ...] = ()
    asked_at: datetime | None = None
    attempts: int = 0
    stops: int = 0
    """How often somebody stopped a training for it, which is no attempt."""

    lease_until: datetime | None = None
    release: str | None = None
    """The version that came of it, in service or not."""

    words: str | None = None
    unknown: Mapping[str, Any] = field(default_factory=dict)
    """Members that another program has written: kept as they are."""

    @property
    def is_over(self) -> bool:
        """Whether nobody needs to train for it any more."""
        return self.status in (DONE, FAILED)

    def is_held(self, now: datetime) -> bool:
        """Whether somebody trains for it at this moment."""
        return self.status == TRAINING and self.lease_until is not None and now < self.lease_until

    def to_bytes(self) -> bytes:
        """The object's content."""
        held = asdict(self)
        unknown = held.pop("unknown")
        del held["day"]
        return json.dumps(unknown | held, default=lambda moment: moment.isoformat(timespec="seconds")).encode()

    @classmethod
    def from_bytes(cls, day: date, data: bytes) -> "Request":
        """Raises ValueError unless the content is an object whose members, as far as they are there, make sense."""
        held = json.loads(data)
        if not isinstance(held, dict):
            raise ValueError("it is no JSON object")
        known = {name: value for name in _MEMBERS if (value := held.pop(name, None)) is not None}
        for name in ("asked_at", "lease_until"):
            if name in known:
                known[name] = _moment(known[name])
        if known.get("status", OPEN) not in _STATUSES:
            raise ValueError("its status is none")
        if any(type(known.get(name, 0)) is not int for name in ("attempts", "stops")):
            raise ValueError("its number of attempts or stops is none")
        return cls(day, **known | {"reasons": tuple(map(str, known.get("reasons", ())))}, unknown=held)


_MEMBERS = tuple(field.name for field in fields(Request) if field.name not in ("day", "unknown"))


def key(day: date) -> str:
    """Where the request of a day is."""
    return f"{ROOT}{day.isoformat()}.json"


def listed(store: ObjectStore, limit: int | None = None) -> list[Request]:
    """All requests, or the newest so many, the newest first; one that cannot be read is passed over.

    Raises StoreUnavailable.
    """
    days = sorted(_days(store), reverse=True)[:limit]
    calls = (partial(_read, store, day) for day in days)
    return [request for request in overlapped(calls, _READ_AT_ONCE) if request is not None]


def failure(requests: Sequence[Request]) -> str | None:
    """What became of the newest of these requests, the newest first, if that failed; a sentence."""
    newest = next(iter(requests), None)
    if newest is None or newest.status != FAILED:
        return None
    return f"The training that was asked for on {newest.day} failed. {newest.words or ''}".rstrip()


def _days(store: ObjectStore) -> Iterator[date]:
    for entry in store.list(ROOT):
        with suppress(ValueError):
            day = date.fromisoformat(entry.key.removeprefix(ROOT).removesuffix(".json"))
            if entry.key == key(day):
                yield day
                continue
        log.error("%s is passed over, since its name is no day as in 2026-11-20.json", entry.key)


def _read(store: ObjectStore, day: date) -> Request | None:
    try:
        return Request.from_bytes(day, store.get(key(day)).data)
    except ObjectNotFound:
        return None
    except (ValueError, TypeError) as error:
        log.error("%s is passed over, since it is no request for a training: %s", key(day), error)
        return None


def earliest(days: Sequence[date]) -> date | None:
    """The first day on which a training may be asked for again after those that were asked for on these days.

    None if none was.
    """
    if not days:
        return None
    latest = sorted(days)[-_MOST:]
    enough = latest[0] + _MOST_IN if len(latest) == _MOST else date.min
    return max(latest[-1] + COOL_DOWN, enough)


def ask(store: ObjectStore, reasons: Sequence[str], now: datetime) -> bool:
    """Ask for a training today, if `earliest` lets one be asked for; whether it was. Raises StoreUnavailable."""
    today = now.date()
    first = earliest([request.day for request in listed(store) if request.day <= today])
    if first is not None and today < first:
        return False
    try:
        _put(store, Request(today, reasons=tuple(reasons), asked_at=now))
    except PreconditionFailed:
        return False
    log.info("a training is asked for", extra={"day": today.isoformat(), "reasons": list(reasons)})
    return True


def demand(store: ObjectStore, reason: str, now: datetime) -> None:
    """Ask for a training today, however many there were and however often today's was killed.

    One that somebody trains for, or may still be tried, goes on as it is. Raises StoreUnavailable.
    """
    asked = Request(now.date(), reasons=(reason,), asked_at=now)

    def anew(held: Request) -> Request:
        is_spent = held.is_over or (held.attempts >= ATTEMPTS and not held.is_held(now))
        return replace(asked, unknown=held.unknown) if is_spent else held

    try:
        _put(store, asked)
    except PreconditionFailed:
        _change(store, asked.day, anew)


def _put(store: ObjectStore, request: Request) -> None:
    store.put(key(request.day), request.to_bytes(), content_type=JSON, if_absent=True)


class Taken:
    """A request that is trained for; `clock` gives the moment in UTC."""

    def __init__(self, store: ObjectStore, request: Request, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self.request = request

    def renew(self) -> bool:
        """Say that the training lives; False if it took so long that another one was begun. Raises StoreUnavailable."""
        return self._change(lambda held: replace(held, lease_until=self._clock() + LEASE))

    def finish(self, status: str, words: str, release: str | None = None) -> bool:
        """Say what came of it; False if another training was begun meanwhile. Raises StoreUnavailable."""
        return self._change(lambda held: replace(held, status=status, words=words, release=release, lease_until=None))

    def give_back(self, words: str) -> bool:
        """Have it tried again, unless it was tried often enough; `words` say what was in the way.

        Raises StoreUnavailable.
        """
        if self.request.attempts >= ATTEMPTS:
            return self.finish(FAILED, words)
        return self._change(lambda held: replace(held, status=OPEN, words=words, lease_until=None))

    def stop(self, words: str) -> bool:
        """Have it tried again after somebody stopped it, which was no attempt, unless it was stopped STOPS times.

        Raises StoreUnavailable.
        """
        attempts, stops = self.request.attempts - 1, self.request.stops + 1
        status, told = (FAILED, STOPPED) if stops >= STOPS else (OPEN, words)

        def step(held: Request) -> Request:
            return replace(held, status=status, words=told, attempts=attempts, stops=stops, lease_until=None)

        return self._change(step)

    def _change(self, step: Callable[[Request], Request]) -> bool:
        mine = self.request

        def own(held: Request) -> Request:
            is_mine = (held.status, held.attempts) == (TRAINING, mine.attempts)
            return step(held) if is_mine else held

        changed = _change(self._store, mine.day, own)
        return changed.made


def take(store: ObjectStore, clock: Clock) -> Taken | None:
    """Take the newest request that nobody has trained for; None if there is none, or somebody trains at the moment.

    Older ones that were left are done by the same training. Raises BrokenOff where it has failed by now, which is told
    once, and StoreUnavailable.
    """
    today = clock().date()
    waiting = [request for request in listed(store) if request.day <= today and not request.is_over]
    if not waiting or any(request.is_held(clock()) for request in waiting):
        return None
    newest, *older = waiting
    words = f"See {newest.day}, asked for since."

    def leave(held: Request) -> Request:
        return held if held.is_over or held.is_held(clock()) else replace(held, status=DONE, words=words)

    if any(_change(store, request.day, leave).record.is_held(clock()) for request in older):
        return None  # another one has just begun to train for it

    def step(held: Request) -> Request:
        if held.is_over or held.is_held(clock()):
            return held
        if held.attempts >= ATTEMPTS:
            return replace(held, status=FAILED, words=BROKEN_OFF, lease_until=None)
        return replace(held, status=TRAINING, attempts=held.attempts + 1, lease_until=clock() + LEASE)

    changed = _change(store, newest.day, step)
    if changed.made and changed.record.status == TRAINING:
        return Taken(store, changed.record, clock)
    if changed.made:
        raise BrokenOff(newest.day)
    return None


def _change(store: ObjectStore, day: date, step: Callable[[Request], Request]) -> compare_and_swap.Change[Request]:
    def read() -> tuple[Request, str | None]:
        stored = store.get(key(day))
        return Request.from_bytes(day, stored.data), stored.etag

    return compare_and_swap.change(store, key(day), read, step, Request.to_bytes)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
