"""Who works on a step of a job, kept in the store: leases that are renewed, and how often a step's worker died.

An attempt that begins and neither finishes its step nor is released has died with its worker. Only two can tell:
whoever runs on the same host, by looking for the process, and the sweep, by the lease that nobody renews.
"""

import json
import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from threading import Event, Thread

from churn.errors import ChurnError, ObjectNotFound, PreconditionFailed
from churn.store.interface import Object, ObjectStore
from churn_api.jobs import paths
from churn_api.jobs.errors import UnreadableObject
from churn_api.jobs.stored_json import converted, decoded

log = logging.getLogger(__name__)

# A step whose worker died this often is not tried again.
MAX_DEATHS = 3

# Seconds after which a lease that was not renewed is over; chunks take well under a second, so few are ever renewed.
LEASE_SECONDS = 30.0
_RENEW_SECONDS = LEASE_SECONDS / 3

JSON = "application/json"

# Members that workers of the version before want of an attempt.
_FORMER = {"token": "", "turn": 0}


class KeepsFailing(ChurnError):
    """A step killed its worker, or failed, as often as it may."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """The latest attempt at a step: the `count`th, held by a process of a host, unless it is `lost`."""

    count: int
    host: str
    process: int
    began: str
    """What tells the process from a later one with its number; empty where the system has no /proc."""
    lost: bool = False
    reason: str | None = None

    @classmethod
    def own(cls, count: int) -> "Attempt":
        """One of this process."""
        process = os.getpid()
        return cls(count, socket.gethostname(), process, _began(process))

    def to_bytes(self) -> bytes:
        """The attempt as JSON, with the members that older versions expect."""
        return json.dumps(asdict(self) | _FORMER).encode()

    @classmethod
    def from_bytes(cls, data: bytes, key: str) -> "Attempt":
        """The attempt under this key; one that cannot be read is nobody's."""
        try:
            return converted(decoded(data, key), cls, key)
        except UnreadableObject as error:
            log.warning("%s The step is free for whoever comes next.", error.message)
            return cls(count=1, host="", process=0, began="", lost=True)

    def is_dead(self) -> bool:
        """Whether it ran on this host, in a process that is gone; without /proc nobody can tell."""
        return bool(self.began) and self.host == socket.gethostname() and _began(self.process) != self.began


class Lease:
    """An attempt that this process holds."""

    def __init__(self, store: ObjectStore, key: str, attempt: Attempt, etag: str) -> None:
        self._store, self._key, self._attempt, self._etag = store, key, attempt, etag
        self._over = Event()

    def release(self, failure: str | None = None) -> None:
        """Free the step at once; without a failure, the next worker begins to count attempts anew.

        Raises PreconditionFailed if another worker has taken the step over.
        """
        count = self._attempt.count if failure else 0
        free = replace(self._attempt, count=count, lost=True, reason=failure)
        self._etag = self._store.put(self._key, free.to_bytes(), content_type=JSON, if_match=self._etag)

    @contextmanager
    def renewed(self) -> Iterator[None]:
        """Keep the lease alive as long as the block runs."""
        thread = Thread(target=self._renew, name="lease", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()

    def _renew(self) -> None:
        while not self._over.wait(_RENEW_SECONDS):
            try:
                data = self._attempt.to_bytes()
                self._etag = self._store.put(self._key, data, content_type=JSON, if_match=self._etag)
            except PreconditionFailed:
                return  # someone else has taken over; both will write the same
            except ChurnError:
                continue  # the store is away


def begin(store: ObjectStore, job_id: str, step: str) -> Lease | None:
    """Take hold of a step; None where somebody else is at it. Raises KeepsFailing, StoreUnavailable."""
    key = paths.attempt(job_id, step)
    first = Attempt.own(1)
    # Most steps are begun once: they need not look first.
    if (lease := _write(store, key, first, None)) is not None:
        return lease
    try:
        stored = store.get(key)
    except ObjectNotFound:
        return None  # tidied up this moment, since the job has ended
    held = Attempt.from_bytes(stored.data, key)
    if held == replace(first, count=held.count):  # its own, since the store went away in the midst of it
        return _write(store, key, held, stored.etag)
    if not (held.lost or held.is_dead()):
        return None
    if held.count >= MAX_DEATHS:
        how = f"failed {held.count} times ({held.reason})" if held.reason else f"killed its worker {held.count} times"
        raise KeepsFailing(f"Step {step} of the job {how}.")
    return _write(store, key, replace(first, count=held.count + 1), stored.etag)


def declare_lost(store: ObjectStore, key: str, stored: Object) -> bool:
    """Free a step whose worker is gone for the next attempt; False where it is held again, or another one was first."""
    lost = replace(Attempt.from_bytes(stored.data, key), lost=True)
    try:
        store.put(key, lost.to_bytes(), content_type=JSON, if_match=stored.etag)
    except PreconditionFailed:
        return False
    return True


def _write(store: ObjectStore, key: str, attempt: Attempt, etag: str | None) -> Lease | None:
    try:
        written = store.put(key, attempt.to_bytes(), content_type=JSON, if_match=etag, if_absent=etag is None)
    except PreconditionFailed:
        return None
    return Lease(store, key, attempt, written)


def _began(process: int) -> str:
    """When a process began, in clock ticks since the machine started; empty where there is none, or no /proc."""
    with suppress(OSError):
        # The 22nd field; the name before it may hold blanks.
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[19]
    return ""
