"""Who reads which shard, and how far: one object for each shard, changed by compare-and-swap.

`streams/<group>/<stream>/<shard>.json` holds the lease and the checkpoint together, so that whoever has lost the one
cannot write the other. Nobody compares clocks: a lease is over once somebody has seen it unchanged for LEASE_SECONDS by
his own clock. A member that has fewer shards than another asks for one, and is handed it with the next checkpoint.
"""

import json
import math
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import NamedTuple

from churn.errors import ChurnError, ObjectNotFound, PreconditionFailed
from churn.overlap import overlapped
from churn.store import compare_and_swap
from churn.store.compare_and_swap import JSON
from churn.store.interface import Entry, ObjectStore
from churn_api.jobs.errors import UnreadableObject
from churn_api.jobs.stored_json import converted, decoded

ROOT = "streams/"

LEASE_SECONDS = 30.0
"""A member that has written nothing for so long is dead; it writes three times as often."""

_READ_AT_ONCE = 8


class UnreadableLease(ChurnError):
    """Somebody has spoilt the object that tells how far a shard is read."""

    def __init__(self, stream: str, shard: str) -> None:
        super().__init__(
            f"The lease and checkpoint of {shard} of the stream {stream} cannot be read; delete the object to have the "
            "shard read from its oldest record."
        )


@dataclass(frozen=True, slots=True)
class Lease:
    """The reading of a shard: by whom, and how far."""

    stream: str
    shard: str
    owner: str | None = None
    wanted_by: str | None = None
    """The member that the owner hands it to."""

    position: str | None = None
    """The sequence number of the last record that was dealt with; None before the first one."""

    is_finished: bool = False
    """Whether the shard was closed by a split or a merge, and all its records are dealt with."""

    turn: int = 0
    """How often a member took or kept it, so that no two contents of the object are the same."""

    def to_bytes(self) -> bytes:
        """The object's content."""
        held = asdict(self)
        del held["stream"], held["shard"]
        return json.dumps(held).encode()

    @classmethod
    def from_bytes(cls, stream: str, shard: str, data: bytes) -> "Lease":
        """The lease; members of a newer version are left out. Raises UnreadableLease."""
        key = f"{stream}/{shard}"
        try:
            return converted(decoded(data, key) | {"stream": stream, "shard": shard}, cls, key)
        except UnreadableObject as error:
            raise UnreadableLease(stream, shard) from error


class _Seen(NamedTuple):
    etag: str
    lease: Lease
    since: float
    """When this turn of it was seen first, in seconds of the member's clock."""


class Shares(NamedTuple):
    """What a member should take at once, and what it should ask others for."""

    free: list[Lease]
    wanted: list[Lease]


class Leases:
    """The leases of a group of members, as `owner`, one of them, sees and changes them; `clock` in seconds.

    Every method that asks the store raises StoreUnavailable and UnreadableLease.
    """

    def __init__(
        self,
        store: ObjectStore,
        group: str,
        owner: str,
        *,
        seconds: float = LEASE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store, self._folder, self.owner = store, f"{ROOT}{group}/", owner
        self.seconds, self._clock = seconds, clock
        self._seen: dict[str, _Seen] = {}

    def read(self, stream: str) -> list[Lease]:
        """All leases of a stream, of which only those that were changed are asked for."""
        entries = list(self._store.list(f"{self._folder}{stream}/"))
        leases = overlapped((partial(self._read, entry) for entry in entries), _READ_AT_ONCE)
        return [lease for lease in leases if lease is not None]

    def add(self, stream: str, shard: str) -> Lease:
        """The lease of a shard that was not known before."""
        lease = Lease(stream, shard)
        with suppress(PreconditionFailed):  # another member has found it too
            self._store.put(self._key(lease), lease.to_bytes(), content_type=JSON, if_absent=True)
        return lease

    def is_free(self, lease: Lease) -> bool:
        """Whether anybody may take it, as its owner gave it back, or has said nothing for too long."""
        if lease.owner is None:
            return True
        seen = self._seen.get(self._key(lease))
        return seen is not None and seen.lease.turn == lease.turn and self._clock() - seen.since >= self.seconds

    def take(self, lease: Lease) -> Lease | None:
        """The lease, as this member's now; None if another one was first."""

        def step(held: Lease) -> Lease:
            if held.turn != lease.turn:
                return held
            return replace(held, owner=self.owner, wanted_by=None, turn=held.turn + 1)

        return self._change(lease, step)

    def ask_for(self, lease: Lease) -> None:
        """Ask its owner to hand it over."""

        def step(held: Lease) -> Lease:
            is_same = (held.turn, held.wanted_by) == (lease.turn, None)
            return replace(held, wanted_by=self.owner) if is_same else held

        self._change(lease, step)

    def keep(self, lease: Lease, *, may_pass: bool, released: bool = False) -> Lease | None:
        """Write how far this member is, and that it lives; the lease after that.

        With `may_pass` it is handed to the member that asked for it, with `released` at least given back, and a
        finished one is nobody's. None if it was lost before, and nothing is written.
        """

        def step(held: Lease) -> Lease:
            if (held.owner, held.turn) != (self.owner, lease.turn):
                return held
            is_passed = may_pass and held.wanted_by is not None
            left_to = held.wanted_by if is_passed else None if released else self.owner
            return replace(
                lease,
                owner=None if lease.is_finished else left_to,
                wanted_by=None if is_passed or lease.is_finished else held.wanted_by,
                turn=held.turn + 1,
            )

        return self._change(lease, step)

    def forget(self, leases: Iterable[Lease]) -> None:
        """Delete leases whose shards are no more."""
        self._store.delete([self._key(lease) for lease in leases])

    def shares(self, leases: Sequence[Lease]) -> Shares:
        """How this member comes to its share of the leases, which are those of shards that can be read now."""
        free = [lease for lease in leases if self.is_free(lease)]
        taken = [lease for lease in leases if not self.is_free(lease)]
        counts = Counter(lease.wanted_by or lease.owner for lease in taken)
        counts[self.owner] += 0
        room = math.ceil(len(leases) / len(counts)) - counts[self.owner]
        if free:
            return Shares(free[: max(0, room)], [])
        return Shares([], self._wanted(taken, counts))

    def _wanted(self, taken: Sequence[Lease], counts: Counter[str | None]) -> list[Lease]:
        wanted: list[Lease] = []
        for lease in taken:
            busiest = max(counts.values())
            if busiest - counts[self.owner] < 2:
                break
            if lease.wanted_by is None and counts[lease.owner] == busiest:
                counts.update({lease.owner: -1, self.owner: 1})
                wanted.append(lease)
        return wanted

    def _key(self, lease: Lease) -> str:
        return f"{self._folder}{lease.stream}/{lease.shard}.json"

    def _read(self, entry: Entry) -> Lease | None:
        seen = self._seen.get(entry.key)
        if seen is not None and seen.etag == entry.etag:
            return seen.lease
        stream, shard = entry.key.removesuffix(".json").split("/")[-2:]
        try:
            stored = self._store.get(entry.key)
        except ObjectNotFound:
            return None
        lease = Lease.from_bytes(stream, shard, stored.data)
        # Whoever asks for a lease changes it, but does not say that its owner lives.
        since = seen.since if seen is not None and seen.lease.turn == lease.turn else self._clock()
        self._seen[entry.key] = _Seen(stored.etag, lease, since)
        return lease

    def _change(self, lease: Lease, step: Callable[[Lease], Lease]) -> Lease | None:
        key = self._key(lease)

        def read() -> tuple[Lease, str | None]:
            stored = self._store.get(key)
            return Lease.from_bytes(lease.stream, lease.shard, stored.data), stored.etag

        try:
            changed = compare_and_swap.change(self._store, key, read, step, Lease.to_bytes)
        except ObjectNotFound:
            return None  # forgotten by another member
        return changed.record if changed.made else None
