"""What librdkafka tells of its brokers, its group and its partitions, and what that means for an operator."""

import json
import logging
import time
from collections.abc import Mapping, Sequence

from confluent_kafka import KafkaError

from churn_api.streaming.source import Lag

log = logging.getLogger(__name__)

# Seconds for which the last failure of a connection is told as the reason why no broker answers.
_REMEMBERED = 60.0

# What the brokers say once, and which holds until a record shows that it no longer does.
_DENIED = {
    KafkaError.TOPIC_AUTHORIZATION_FAILED: "let the user read and write its topics",
    KafkaError.GROUP_AUTHORIZATION_FAILED: "let the user read as the group CHURN_STREAM_GROUP",
}

# Faults that no waiting mends.
_REFUSED = _DENIED | {
    KafkaError._AUTHENTICATION: "check CHURN_STREAM_SASL, CHURN_STREAM_USER and CHURN_STREAM_PASSWORD_FILE",
    KafkaError.SASL_AUTHENTICATION_FAILED: "check CHURN_STREAM_USER and CHURN_STREAM_PASSWORD_FILE",
    KafkaError._SSL: "check CHURN_STREAM_TLS, CHURN_STREAM_CA_FILE and CHURN_STREAM_CERTIFICATE_FILE",
}


class Log:
    """Takes what librdkafka logs, but for failed connections, of which there are many a second: `trouble` says why."""

    def log(self, level: int, words: str, facility: str, *others: object) -> None:
        """Log a line; a method of the name that librdkafka's wrapper calls."""
        if facility != "FAIL":
            log.log(level, words, facility, *others)


class State:
    """The last that was heard; until then, nothing is known and the member does not consume."""

    def __init__(self) -> None:
        self._heard = self._brokers_up = self._is_member = False
        self._denied: KafkaError | None = None
        self._failure: tuple[float, KafkaError] | None = None
        self._records: int | None = None
        self._oldest: float | None = None

    def take_statistics(self, text: str) -> None:
        """Take librdkafka's statistics, which a consumer emits every few seconds while it is polled."""
        told = json.loads(text)
        group = told.get("cgrp", {})
        self._heard = True
        self._brokers_up = any(
            broker["state"] == "UP" for broker in told["brokers"].values() if broker.get("nodeid", -1) >= 0
        )
        self._is_member = group.get("state") == "up" and group.get("join_state") == "steady"
        waiting = [
            max(partition["ls_offset"] - _next_offset(partition), 0)
            for topic in told["topics"].values()
            for partition in topic["partitions"].values()
            if partition["desired"] and partition["ls_offset"] >= 0
        ]
        self._records = sum(waiting)
        if self._is_member and self._brokers_up:
            self._failure = None

    def fail(self, error: KafkaError) -> None:
        """Note a failure, which may pass."""
        if error.code() != KafkaError._ALL_BROKERS_DOWN or not self._recent():
            self._failure = time.monotonic(), error
        if error.code() in _DENIED:
            self._denied = error
            log.error("Kafka lets this member not in: %s", error.str())
        if error.code() == KafkaError._ALL_BROKERS_DOWN:
            self._brokers_up = False

    def saw(self, timestamps: Sequence[float | None]) -> None:
        """Note when the records that were polled last were written, in seconds since 1970."""
        known = [timestamp for timestamp in timestamps if timestamp is not None]
        self._oldest = min(known) if known else None
        if timestamps:
            self._denied = None

    def trouble(self) -> str | None:
        """A sentence on why nothing is consumed; None if it is."""
        why = self._denied or self._recent()
        if why is not None and why.code() in _REFUSED:
            return f"Kafka refuses this member ({_reason(why)}): {_REFUSED[why.code()]}."
        if not self._heard and why is None:
            return "It has just begun to ask the brokers of CHURN_STREAM_URL for its place in the group."
        if not self._brokers_up:
            words = f" ({_reason(why)})" if why else ""
            return f"No broker of CHURN_STREAM_URL answers{words}; check the address, and that Kafka runs."
        if not self._is_member:
            return "This member has no place in its group at the moment: the group is being arranged anew."
        return None

    def _recent(self) -> KafkaError | None:
        if self._failure is None or time.monotonic() - self._failure[0] > _REMEMBERED:
            return None
        return self._failure[1]

    def lag(self) -> Lag:
        """Records that wait in this member's partitions, and how long ago the oldest of the last ones was written."""
        seconds = 0.0 if self._oldest is None else max(time.time() - self._oldest, 0.0)
        return Lag(self._records, seconds)


def _next_offset(partition: Mapping[str, int]) -> int:
    """Where this member reads on; negative numbers say that nothing was read, or committed, or is known yet."""
    return max(partition["app_offset"], partition["committed_offset"], partition["lo_offset"], 0)


def _reason(error: KafkaError) -> str:
    """What failed, without what differs each time."""
    return (error.str() or error.name()).partition(" (after ")[0]


class Missing:
    """Which of the topics are missing."""

    def __init__(self, topics: Sequence[str]) -> None:
        self.topics = tuple(topics)
        self._missing: set[str] = set()

    def add(self, topic: str) -> None:
        """Note that a topic is missing."""
        self._missing.add(topic)

    def discard(self, topic: str) -> None:
        """Note that a topic is there."""
        self._missing.discard(topic)

    def sentence(self) -> str | None:
        """Which topics are missing and how to make them; None if all are there."""
        missing = [topic for topic in self.topics if topic in self._missing]
        if not missing:
            return None
        noun = "topic" if len(missing) == 1 else "topics"
        create = " and ".join(f"kafka-topics.sh --create --topic {topic}" for topic in missing)
        return f"Kafka has no {noun} {', '.join(missing)}. Create with: {create} --bootstrap-server HOST:9092."
