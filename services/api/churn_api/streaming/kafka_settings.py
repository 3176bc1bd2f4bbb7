"""What librdkafka is told. Whoever wants more memory for more throughput finds all limits here."""

from typing import Any

from churn_api.streaming.settings import StreamSettings

MESSAGE_TIMEOUT_SECONDS = 10
"""For so long librdkafka itself tries to send a result."""

# Bytes that are fetched ahead, by one consumer, and that wait to be sent; beside them the largest answer of a broker,
# which takes several times as much once it is unpacked.
_FETCHED_KIB, _WAITING_KIB, _FETCH_BYTES = 8 * 1024, 32 * 1024, 1024 * 1024

# Seconds after which a member that was killed counts as dead; and until when one has to poll again, which takes no
# batch so long, but a broker that takes no results may.
_SESSION_SECONDS, _POLL_SECONDS = 10, 300

# Seconds after which each member hears that one joins or leaves, for which all of them stop.
_HEARTBEAT_SECONDS = 1

# Seconds after which a topic is found that was made since.
_METADATA_SECONDS = 10

_STATISTICS_SECONDS = 2


def connection(settings: StreamSettings) -> dict[str, Any]:
    """Where the brokers are, and how they are talked to. Raises ConfigurationError."""
    settings.check_files()
    secured = "SASL_" if settings.stream_sasl else ""
    found: dict[str, Any] = {
        "bootstrap.servers": ",".join(f"{host}:{port}" for host, port in settings.stream_address.brokers),
        "client.id": "churn-stream",
        "security.protocol": secured + ("SSL" if settings.stream_tls else "PLAINTEXT"),
        "topic.metadata.refresh.interval.ms": _METADATA_SECONDS * 1000,
        "log.connection.close": False,
    }
    if settings.stream_ca_file:
        found["ssl.ca.location"] = str(settings.stream_ca_file)
    if settings.stream_certificate_file:
        found["ssl.certificate.location"] = found["ssl.key.location"] = str(settings.stream_certificate_file)
    if settings.stream_sasl:
        found |= {
            "sasl.mechanism": settings.stream_sasl,
            "sasl.username": settings.stream_user,
            "sasl.password": settings.stream_password(),
        }
    return found


def consumer(settings: StreamSettings) -> dict[str, Any]:
    """How records are read: nothing counts as done before it is committed."""
    return {
        "group.id": settings.stream_group,
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "earliest",
        "allow.auto.create.topics": False,
        # Each topic is shared evenly. The cooperative strategy counts the partitions of both in one, and may give one
        # of two members all customers and the other one all outcomes.
        "partition.assignment.strategy": "roundrobin",
        "session.timeout.ms": _SESSION_SECONDS * 1000,
        "heartbeat.interval.ms": _HEARTBEAT_SECONDS * 1000,
        "max.poll.interval.ms": _POLL_SECONDS * 1000,
        "queued.max.messages.kbytes": _FETCHED_KIB,
        "fetch.max.bytes": _FETCH_BYTES,
        "max.partition.fetch.bytes": _FETCH_BYTES // 4,
        # Milliseconds until what was fetched ahead is looked at again, which is less than a second's work.
        "fetch.queue.backoff.ms": 100,
        "statistics.interval.ms": _STATISTICS_SECONDS * 1000,
    }


def producer() -> dict[str, Any]:
    """How results are written: once each, in order, and to every replica that is in step."""
    return {
        "enable.idempotence": True,
        "linger.ms": 2,
        "compression.type": "lz4",
        "message.timeout.ms": MESSAGE_TIMEOUT_SECONDS * 1000,
        "queue.buffering.max.kbytes": _WAITING_KIB,
    }
