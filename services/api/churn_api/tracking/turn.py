"""Who tidies: one worker at a time, so that what one has read is not moved meanwhile by another."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta

from churn.clock import Clock, now
from churn.errors import ChurnError, ObjectNotFound, PreconditionFailed
from churn.store.interface import ObjectStore
from churn.tracking.layout import ROOT
from churn_api.jobs.leases import JSON, Attempt, Lease

KEY = f"{ROOT}tidying.json"

# Who holds the turn renews it several times a minute. S3's clock and a worker's differ by less.
_OVER = timedelta(minutes=5)


@contextmanager
def turn(store: ObjectStore, clock: Clock = now) -> Iterator[bool]:
    """Whether it is this process's turn, which it keeps as long as the block runs."""
    lease = _take(store, clock)
    if lease is None:
        yield False
        return
    try:
        with lease.renewed():
            yield True
    except Exception:  # whatever it is, the turn is not kept for it
        with suppress(ChurnError):
            lease.release()
        raise
    with suppress(PreconditionFailed):
        lease.release()


def _take(store: ObjectStore, clock: Clock) -> Lease | None:
    own = Attempt.own(1)
    etag = None
    with suppress(ObjectNotFound):
        stored = store.get(KEY)
        held = Attempt.from_bytes(stored.data, KEY)
        is_free = held.lost or held.is_dead() or held == replace(own, count=held.count)
        if not (is_free or clock() - store.head(KEY).modified > _OVER):
            return None
        etag = stored.etag
    try:
        written = store.put(KEY, own.to_bytes(), content_type=JSON, if_match=etag, if_absent=etag is None)
    except PreconditionFailed:
        return None
    return Lease(store, KEY, own, written)
