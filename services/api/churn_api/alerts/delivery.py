"""Delivering digests: at least once on each channel, tried again with growing pauses, given up after a day.

How far a digest has come stands in the record, so that neither a lost queue nor a restart forgets it. A try is written
down before it is made: of all who know that one is due, one makes it. Whoever gets a digest twice knows by its id.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple, Protocol

import msgspec

from churn.alerts import layout
from churn.clock import Clock
from churn.store.compare_and_swap import Change
from churn.store.interface import ObjectStore
from churn_api.alerts import record as records
from churn_api.alerts.record import AlertDelivery, AlertValue, CustomerAtRisk, Digest, Record
from churn_api.jobs.errors import UnreadableObject
from churn_api.jobs.notifications import MAX_TRIES, AnnouncementFailed, pause_after

log = logging.getLogger(__name__)

CHANNELS = ("webhook", "email")


class Message(NamedTuple):
    """What is delivered: a digest, the customers who are in it, also as a CSV, and what their money at risk is."""

    digest: Digest
    customers: list[CustomerAtRisk]
    table: bytes
    value: AlertValue


class Channel(Protocol):
    """One of CHANNELS."""

    def deliver(self, message: Message) -> None:
        """Deliver a digest. Raises AnnouncementFailed."""


def due_digests(store: ObjectStore, moment: datetime) -> Iterator[str]:
    """The ids of digests that are to be delivered at this moment, the oldest first. Raises StoreUnavailable."""
    try:
        digests = records.load(store).digests
    except UnreadableObject as error:
        log.error("%s No digest is delivered. Delete it: alerts begin anew then.", error.message)
        return
    for digest in reversed(digests):
        if any(_is_due(getattr(digest, channel), moment) for channel in CHANNELS):
            yield digest.id


def _is_due(delivery: AlertDelivery, moment: datetime) -> bool:
    return delivery.status == "pending" and (
        delivery.due_at is None or datetime.fromisoformat(delivery.due_at) <= moment
    )


def _always(ended: AlertDelivery) -> Callable[[AlertDelivery], AlertDelivery]:
    return lambda _: ended


class Deliveries:
    """Delivers digests on the channels that are set up; `count` counts the customers in them as sent or failed."""

    def __init__(
        self,
        store: ObjectStore,
        channels: Mapping[str, Channel],
        count: Callable[[Mapping[str, int]], None],
        clock: Clock,
    ) -> None:
        self._store, self._channels, self._count, self._clock = store, channels, count, clock

    def deliver(self, digest_id: str) -> None:
        """Make one try on each channel on which one is due. Raises StoreUnavailable."""
        for channel in CHANNELS:
            changed = self._change(digest_id, channel, self._tried)
            if changed.made:
                digest = next(each for each in changed.record.digests if each.id == digest_id)
                ended = self._end_of(getattr(digest, channel), self._is_sent(channel, changed.record, digest))
                is_over = ended.status != "pending" and self._change(digest_id, channel, _always(ended)).made
                if is_over and ended.status != "off":
                    self._count({ended.status: digest.counts.alerted})

    def _tried(self, delivery: AlertDelivery) -> AlertDelivery:
        """The state with one more try, unless none is due."""
        if not _is_due(delivery, self._clock()):
            return delivery
        tries = delivery.tries + 1
        return AlertDelivery("pending", tries, (self._clock() + pause_after(tries)).isoformat())

    def _end_of(self, delivery: AlertDelivery, is_sent: bool | None) -> AlertDelivery:
        """The state after a try, None of which is one on a channel that is no longer set up, or of an empty digest."""
        if is_sent is None:
            return AlertDelivery("off", delivery.tries)
        if is_sent:
            return AlertDelivery("sent", delivery.tries, None, self._clock().isoformat())
        return AlertDelivery("failed", delivery.tries) if delivery.tries >= MAX_TRIES else delivery

    def _is_sent(self, name: str, record: Record, digest: Digest) -> bool | None:
        channel = self._channels.get(name)
        if channel is None:
            return None
        try:
            customers, table = records.customers(self._store, digest.id), layout.digest_list(digest.id)
            if not customers:
                log.info("Digest %s is not delivered by %s: all who were in it are erased.", digest.id, name)
                return None
            channel.deliver(Message(digest, customers, self._store.get(table).data, record.value))
        except AnnouncementFailed as error:
            log.warning("Digest %s was not delivered by %s: %s", digest.id, name, error.message)
            return False
        except Exception:  # whatever it is, it is this try that has failed, and only this
            log.exception("Digest %s was not delivered by %s", digest.id, name)
            return False
        return True

    def _change(self, digest_id: str, channel: str, step: Callable[[AlertDelivery], AlertDelivery]) -> Change[Record]:
        def changed(digest: Digest) -> Digest:
            if digest.id != digest_id:
                return digest
            return msgspec.structs.replace(digest, **{channel: step(getattr(digest, channel))})

        return records.change(
            self._store,
            lambda record: msgspec.structs.replace(record, digests=tuple(map(changed, record.digests))),
        )
