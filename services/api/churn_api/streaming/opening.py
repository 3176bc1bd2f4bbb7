"""From the settings to the source that they name."""

from churn.store.interface import ObjectStore
from churn_api.streaming.settings import StreamSettings
from churn_api.streaming.source import Source


def open_source(settings: StreamSettings, store: ObjectStore) -> Source:
    """The source of CHURN_STREAM_URL, which reads customers and, while outcomes are kept, outcomes.

    `store` is where a source that needs it keeps leases and checkpoints. Each source is imported where it is used, so
    that nobody loads the other one's library. Raises ConfigurationError.
    """
    if settings.stream_address.kind == "kinesis":
        from churn_api.streaming.kinesis import KinesisSource

        return KinesisSource(settings, store)
    from churn_api.streaming.kafka import KafkaSource

    return KafkaSource(settings)
