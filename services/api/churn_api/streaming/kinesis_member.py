"""A member of a group that shares the shards of streams: which shards it reads, and that it keeps them."""

import logging
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from churn.errors import ChurnError
from churn.overlap import overlapped
from churn_api.streaming import kinesis_shards
from churn_api.streaming.kinesis_client import pause, sentence
from churn_api.streaming.kinesis_leases import Lease, Leases
from churn_api.streaming.kinesis_reading import Reading

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient

log = logging.getLogger(__name__)

# Seconds between two checkpoints of a shard, each of which costs two requests to the store. After a kill so much is
# read again.
CHECKPOINT_SECONDS = 5.0

# Seconds until a member looks again for a shard that it has asked another one for.
_ASKED_SECONDS = 1.0

_WRITTEN_AT_ONCE = 8


class Member:
    """What one member of the group holds; `clock` in seconds. Shards come and go only in `maintain` and `leave`."""

    def __init__(
        self,
        client: "KinesisClient",
        leases: Leases,
        streams: Sequence[str],
        *,
        checkpoint_seconds: float = CHECKPOINT_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client, self._leases, self._streams = client, leases, streams
        self._checkpoint_seconds, self._clock = checkpoint_seconds, clock
        self._held: dict[tuple[str, str], Reading] = {}
        self._share_at = clock()
        self._failures = 0
        self._troubles: list[str] = []

    @property
    def readings(self) -> list[Reading]:
        """The shards that are its own now."""
        return [reading for reading in self._held.values() if not self._is_over(reading)]

    @property
    def trouble(self) -> str | None:
        """What keeps it from coming to its shards, or from reading one of them; None where nothing does."""
        troubles = (*self._troubles, *(reading.trouble for reading in self._held.values()))
        return next(filter(None, troubles), None)

    def reading(self, stream: str, shard: str) -> Reading | None:
        """The reading of this shard; None if it is not, or no longer, this member's."""
        held = self._held.get((stream, shard))
        return None if held is None or self._is_over(held) else held

    def maintain(self) -> None:
        """Write what is due, and come to a fair share of the shards. What fails is logged, and tried again soon."""
        for reading in [held for held in self._held.values() if self._is_over(held)]:
            # What was polled of it, and held back by then, has to be polled again.
            self._drop(reading, "nothing could be written for too long")
        troubles = self._write([reading for reading in self._held.values() if self._must_write(reading)])
        if self._clock() >= self._share_at:
            troubles += self._share()
            self._note(troubles)

    def leave(self) -> None:
        """Write how far it is, and give back everything."""
        for trouble in self._write(self.readings, released=True):
            log.warning("a lease is not given back, and ends by itself: %s", trouble)
        self._held.clear()

    def _is_over(self, reading: Reading) -> bool:
        return self._clock() - reading.kept_at >= self._leases.seconds

    def _must_write(self, reading: Reading) -> bool:
        age = self._clock() - reading.kept_at
        if reading.lease == reading.kept:
            return age >= self._leases.seconds / 3
        return reading.lease.is_finished or age >= self._checkpoint_seconds

    def _write(self, readings: Sequence[Reading], *, released: bool = False) -> list[str]:
        """Write these leases, and drop those that are not this member's afterwards; returns what was in the way."""
        calls = (partial(self._keep, reading, released) for reading in readings)
        troubles = [trouble for trouble in overlapped(calls, _WRITTEN_AT_ONCE) if trouble]
        for reading in readings:
            if reading.kept is None:
                self._drop(reading, "another member has taken it over")
            elif reading.kept.owner != self._leases.owner:
                self._drop(reading, "it is finished" if reading.kept.is_finished else "another member gets it")
        if troubles:
            self._share_at = min(self._share_at, self._clock())
        return troubles

    def _keep(self, reading: Reading, released: bool) -> str | None:
        began = self._clock()
        try:
            kept = self._leases.keep(reading.lease, may_pass=reading.is_idle, released=released)
        except ChurnError as error:
            return error.message
        reading.keep(kept, began)
        return None

    def _drop(self, reading: Reading, reason: str) -> None:
        log.info("shard given up: %s", reason, extra={"stream": reading.lease.stream, "shard": reading.lease.shard})
        del self._held[reading.lease.stream, reading.lease.shard]
        self._share_at = self._clock()

    def _share(self) -> list[str]:
        """Come a step nearer to a fair share; returns what was in the way."""
        troubles: list[str] = []
        ready: list[Lease] = []
        try:
            for stream in self._streams:
                ready += self._discovered(stream, troubles)
            is_waiting = self._claim(ready)
        except ChurnError as error:
            return [*troubles, error.message]
        self._share_at = self._clock() + (_ASKED_SECONDS if is_waiting else self._leases.seconds / 3)
        return troubles

    def _discovered(self, stream: str, troubles: list[str]) -> list[Lease]:
        """The leases of the shards that can be read now; none if Kinesis does not list them, which is a trouble."""
        try:
            shards = kinesis_shards.discover(self._client, self._leases, stream)
        except (ClientError, BotoCoreError) as error:
            troubles.append(sentence(error, stream))
            return []
        for reading in self._held.values():
            if reading.lease.stream == stream and reading.lease.shard not in shards.known:
                log.error("records expired unread", extra={"stream": stream, "shard": reading.lease.shard})
                reading.end()
        return shards.ready

    def _claim(self, ready: Sequence[Lease]) -> bool:
        """Take what is free up to a fair share, or ask for it; whether it is worth to look again soon."""
        own = [lease for lease in ready if self._is_left(lease)]
        shares = self._leases.shares(ready)
        for lease in dict.fromkeys((*own, *shares.free)):
            began = self._clock()
            if (taken := self._leases.take(lease)) is not None:
                self._held[taken.stream, taken.shard] = Reading(self._client, taken, began, clock=self._clock)
                log.info("shard taken", extra={"stream": taken.stream, "shard": taken.shard})
        for lease in shares.wanted:
            self._leases.ask_for(lease)
        return bool(shares.wanted) or any(lease.wanted_by == self._leases.owner for lease in ready)

    def _is_left(self, lease: Lease) -> bool:
        """Whether it is this member's without being read: it was handed over, or given up in the midst of trouble."""
        return lease.owner == self._leases.owner and (lease.stream, lease.shard) not in self._held

    def _note(self, troubles: list[str]) -> None:
        for trouble in troubles:
            if trouble not in self._troubles:
                log.warning(trouble)
        self._troubles = troubles
        self._failures = self._failures + 1 if troubles else 0
        if troubles:
            self._share_at = self._clock() + pause(self._failures)
