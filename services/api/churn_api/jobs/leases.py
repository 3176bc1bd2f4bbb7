"""Who works on a step of a job, kept in the store: leases that are renewed, and how often a step's worker died.

An attempt that begins and neither finishes its step nor gives up in order has died with its worker. Only two can tell:
whoever runs on the same host, by looking for the process, and the sweep, by the lease that nobody renews.
"""

import json
import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from threading import Event, Thread

from churn.errors import ChurnError, ObjectNotFound, PreconditionFailed
from churn.store.interface import ObjectStore
from churn_api.jobs import paths
from churn_api.jobs.errors import UnreadableObject
from churn_api.jobs.queue import Delivery
from churn_api.jobs.stored_json import converted, decoded

log = logging.getLogger(__name__)

# A step whose worker died this often is not tried again.
MAX_DEATHS = 3

# Seconds after which a lease that was not renewed is over; chunks take well under a second, so few are ever renewed.
LEASE_SECONDS = 30.0
_RENEW_SECONDS = LEASE_SECONDS / 3

JSON = "application/json"

# What stands for the delivery of an attempt that cannot be read.
_NOBODYS = ""


class KeepsFailing(ChurnError):
    """A step killed its worker, or failed, as often as it may."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """The latest attempt at a step: the `count`th, held by a process of a host, unless it is `lost`."""

    count: int
    token: str
    turn: int
    host: str
    process: int
    began: str
    lost: bool = False
    reason: str | None = None

    def to_bytes(self) -> bytes:
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_bytes(cls, data: bytes, key: str) -> "Attempt":
        """The attempt under this key; one that cannot be read is nobody's."""
        try:
            return converted(decoded(data, key), cls, key)
        except UnreadableObject as error:
            log.warning("%s The step is free for whoever comes next.", error.message)
            return cls(count=1, token=_NOBODYS, turn=0, host="", process=0, began="", lost=True)

    def is_dead(self) -> bool:
        """Whether it ran on this host, in a process that is gone."""
        return self.host == socket.gethostname() and _began(self.process) != self.began


class Lease:
    """An attempt that this process holds."""

    def __init__(self, store: ObjectStore, key: str, attempt: Attempt, etag: str) -> None:
        self._store, self._key, self._attempt, self._etag = store, key, attempt, etag
        self._over = Event()

    def give_up(self, reason: str) -> None:
        """Say that the attempt failed, so that the next one need not wait for the lease to end."""
        lost = replace(self._attempt, lost=True, reason=reason)
        self._etag = self._store.put(self._key, lost.to_bytes(), content_type=JSON, if_match=self._etag)

    def hand_back(self) -> None:
        """Free the step in good order, for others who come first: whoever goes on with it begins anew to count."""
        free = replace(self._attempt, count=0, lost=True, reason=None)
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


def begin(store: ObjectStore, job_id: str, step: str, delivery: Delivery) -> Lease | None:
    """Take hold of a step; None where somebody else is at it. Raises KeepsFailing, StoreUnavailable."""
    key = paths.attempt(job_id, step)
    # Most steps are begun once: they need not look first.
    if (lease := _write(store, key, _new(1, delivery), None)) is not None:
        return lease
    try:
        stored = store.get(key)
    except ObjectNotFound:
        return None  # tidied up this moment, since the job has ended
    held = Attempt.from_bytes(stored.data, key)
    if held.token == delivery.token and held.turn < delivery.turn:
        return _write(store, key, _new(held.count, delivery), stored.etag)
    if not (held.lost or held.is_dead()):
        return None
    if held.count >= MAX_DEATHS:
        how = f"failed {held.count} times ({held.reason})" if held.reason else f"killed its worker {held.count} times"
        raise KeepsFailing(f"Step {step} of the job {how}.")
    return _write(store, key, _new(held.count + 1, delivery), stored.etag)


def declare_lost(store: ObjectStore, key: str) -> bool:
    """Free a step whose lease is over for the next attempt; False where that has been done, or it is renewed again."""
    try:
        stored = store.get(key)
        held = Attempt.from_bytes(stored.data, key)
        if held.lost:
            return False
        store.put(key, replace(held, lost=True).to_bytes(), content_type=JSON, if_match=stored.etag)
    except (ObjectNotFound, PreconditionFailed):
        return False
    return True


def _new(count: int, delivery: Delivery) -> Attempt:
    process = os.getpid()
    return Attempt(count, delivery.token, delivery.turn, socket.gethostname(), process, _began(process) or "")


def _write(store: ObjectStore, key: str, attempt: Attempt, etag: str | None) -> Lease | None:
    try:
        written = store.put(key, attempt.to_bytes(), content_type=JSON, if_match=etag, if_absent=etag is None)
    except PreconditionFailed:
        return None
    return Lease(store, key, attempt, written)


def _began(process: int) -> str | None:
    """A mark that tells two processes with the same number apart; None where there is no such process."""
    try:
        stat = Path(f"/proc/{process}/stat").read_text()
    except FileNotFoundError:
        if Path("/proc/self/stat").exists():
            return None
        return _answers(process)
    # The 22nd field, in clock ticks since the machine started; the name before it may hold blanks.
    return stat.rpartition(")")[2].split()[19]


def _answers(process: int) -> str | None:
    """The same where there is no /proc: all one can tell is whether there is such a process."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        pass
    return ""
