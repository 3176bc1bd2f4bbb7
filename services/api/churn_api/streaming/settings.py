"""The settings of the service that reads streams, beside those that it shares with the API."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, NamedTuple
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from churn.errors import ConfigurationError
from churn_api.settings import ApiSettings

_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_DEFAULT_PORT = 9092


class StreamAddress(NamedTuple):
    """Where a stream is: the brokers of Kafka as (host, port), or the region of Kinesis."""

    kind: Literal["kafka", "kinesis"]
    brokers: tuple[tuple[str, int], ...] = ()
    region: str = ""

    @property
    def is_local(self) -> bool:
        """Whether all brokers are this machine's own."""
        return all(host in _LOCAL for host, _ in self.brokers)


def parse_stream_url(url: str) -> StreamAddress:
    """Read CHURN_STREAM_URL. Raises ValueError for what names no stream."""
    wanted = "It must be kafka://host:9092, with commas between several brokers, or kinesis://region."
    kind, _, rest = url.partition("://")
    rest = rest.removesuffix("/")
    if kind == "kinesis" and rest.replace("-", "").isalnum():
        return StreamAddress("kinesis", region=rest)
    if kind != "kafka" or not rest or "@" in rest:
        raise ValueError(wanted)
    try:
        brokers = tuple(_broker(part) for part in rest.split(","))
    except ValueError:
        raise ValueError(wanted) from None
    return StreamAddress("kafka", brokers=brokers)


def _broker(text: str) -> tuple[str, int]:
    parts = urlsplit(f"//{text.strip()}")
    if not parts.hostname or parts.path or parts.query:
        raise ValueError
    return parts.hostname, _DEFAULT_PORT if parts.port is None else parts.port


def _checked(url: str) -> str:
    parse_stream_url(url)
    return url


def _text(name: str, file: Path | None) -> str:
    """What a file holds, nothing where none is named. Raises ConfigurationError."""
    try:
        return file.read_text("utf-8") if file else ""
    except (OSError, UnicodeError) as error:
        raise ConfigurationError([f"{name} is {str(file)!r}, which cannot be read as text."]) from error


class StreamSettings(ApiSettings):
    """What the service that reads streams is told; it runs from the API's image."""

    stream_url: Annotated[str, AfterValidator(_checked)] = Field(
        examples=["kafka://localhost:9092"],
        description="Where customers come from and predictions go to: kafka://host:9092, with commas between several "
        "brokers, or kinesis://region.",
    )
    stream_customers: str = Field(
        "churn.customers", min_length=1, description="The topic of customers to be scored, keyed by their id."
    )
    stream_predictions: str = Field("churn.predictions", min_length=1, description="The topic that predictions go to.")
    stream_refused: str = Field(
        "churn.refused", min_length=1, description="The topic that refused records go to, with what is wrong with them."
    )
    stream_outcomes: str = Field(
        "churn.outcomes",
        min_length=1,
        description="The topic of outcomes, keyed by the customer's id. It is read while CHURN_TRACKING is on.",
    )
    stream_group: str = Field(
        "churn",
        min_length=1,
        description="The consumer group, or in Kinesis the name under which leases and checkpoints are kept: members "
        "of the same one share the work.",
    )
    stream_batch_rows: int = Field(
        500,
        ge=1,
        le=5_000,
        description="The most records that are scored in one go. More are scored a little cheaper, but wait longer "
        "for each other.",
    )
    stream_metrics_port: int = Field(
        8001, ge=1, le=65_535, description="The port on which the service shows its metrics, at /metrics."
    )
    stream_tls: bool = Field(False, description="Whether the brokers of Kafka are talked to by TLS. Kinesis always is.")
    stream_ca_file: Path | None = Field(
        None, description="A PEM file with the authorities that the brokers' certificates are from. Not set: the usual."
    )
    stream_certificate_file: Path | None = Field(
        None, description="A PEM file with the client's own certificate and key, where brokers ask for one."
    )
    stream_sasl: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = Field(
        None,
        description="How the user proves himself to the brokers: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512. Not set: he "
        "does not.",
    )
    stream_user: str | None = Field(None, description="The user of SASL.")
    stream_password_file: Path | None = Field(None, description="A file with the password of that user.")
    stream_allow_plaintext: bool = Field(
        False,
        description="Whether production may talk to brokers on other hosts without TLS, as within a private network "
        "of containers.",
    )

    @property
    def stream_address(self) -> StreamAddress:
        """CHURN_STREAM_URL, taken apart."""
        return parse_stream_url(self.stream_url)

    @property
    def read_topics(self) -> tuple[str, ...]:
        """The topics that are read: outcomes wait in theirs while nobody keeps them."""
        return (self.stream_customers, *([self.stream_outcomes] if self.tracking == "on" else []))

    @property
    def written_topics(self) -> tuple[str, ...]:
        """The topics that are written."""
        return self.stream_predictions, self.stream_refused

    def stream_password(self) -> str:
        """What CHURN_STREAM_PASSWORD_FILE holds. Raises ConfigurationError where it cannot be read."""
        return _text("CHURN_STREAM_PASSWORD_FILE", self.stream_password_file).strip()

    def check_files(self) -> None:
        """Raises ConfigurationError for a file of TLS that cannot be read: what librdkafka says of it names none."""
        _text("CHURN_STREAM_CA_FILE", self.stream_ca_file)
        _text("CHURN_STREAM_CERTIFICATE_FILE", self.stream_certificate_file)

    def conflicts(self) -> Iterator[str]:
        """Those of the API's, topics that are one, half a login, and in production, an open line."""
        yield from super().conflicts()
        topics = (self.stream_customers, self.stream_outcomes, *self.written_topics)
        if len(set(topics)) < len(topics):
            yield (
                "CHURN_STREAM_CUSTOMERS, CHURN_STREAM_PREDICTIONS, CHURN_STREAM_REFUSED and CHURN_STREAM_OUTCOMES must "
                f"be four different topics; got {', '.join(topics)}."
            )
        if self.stream_sasl and not (self.stream_user and self.stream_password_file):
            yield "CHURN_STREAM_USER and CHURN_STREAM_PASSWORD_FILE must be set where CHURN_STREAM_SASL is."
        if self.stream_user and not self.stream_sasl:
            yield (
                "CHURN_STREAM_SASL is not set, and CHURN_STREAM_USER is: say how he proves himself, such as by "
                "SCRAM-SHA-512."
            )
        yield from self._open_line()

    def _open_line(self) -> Iterator[str]:
        address = self.stream_address
        if address.kind == "kinesis" or self.stream_tls or address.is_local:
            return
        if self.stream_sasl == "PLAIN" and self.env == "production":
            yield (
                "CHURN_STREAM_TLS is false, and CHURN_STREAM_SASL=PLAIN would send the password readably to "
                f"{self.stream_url}: set CHURN_STREAM_TLS=true, or use SCRAM-SHA-512."
            )
        if self.env == "production" and not self.stream_allow_plaintext:
            yield (
                f"CHURN_STREAM_TLS is false, and CHURN_STREAM_URL={self.stream_url} is another host, to which "
                "customers would go readably: set CHURN_STREAM_TLS=true, or CHURN_STREAM_ALLOW_PLAINTEXT=true if the "
                "network between is private."
            )
