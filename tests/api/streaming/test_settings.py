"""The settings of a member: where streams are, and what is refused as unsafe."""

import pytest

from churn.errors import ConfigurationError
from churn_api.streaming.settings import StreamSettings, parse_stream_url


@pytest.fixture
def load(monkeypatch, tmp_path):
    """A function that loads the settings from an environment."""

    def loaded(**environment):
        told = {"CHURN_STORE_URL": f"file://{tmp_path}", "CHURN_STREAM_URL": "kafka://localhost"} | environment
        for name, value in told.items():
            monkeypatch.setenv(name, value)
        return StreamSettings.load()

    return loaded


PRODUCTION = {"CHURN_ENV": "production", "CHURN_API_KEYS": "5f2c91ab77e04d3b9a61c0de"}


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("kafka://host", ("kafka", (("host", 9092),), "")),
        ("kafka://a:1,b:2/", ("kafka", (("a", 1), ("b", 2)), "")),
        ("kafka://[::1]:9093", ("kafka", (("::1", 9093),), "")),
        ("kinesis://eu-central-1", ("kinesis", (), "eu-central-1")),
    ],
)
def test_an_address_is_read(url, address):
    assert parse_stream_url(url) == address


@pytest.mark.parametrize(
    "url",
    [
        "",
        "kafka://",
        "host:9092",
        "amqp://host",
        "kafka://user:word@host",
        "kafka://host:x",
        "kafka://a,,b",
        "kinesis://",
    ],
)
def test_what_is_no_address_is_refused_with_the_remedy(load, url):
    if not url:
        with pytest.raises(ValueError, match="kafka://host:9092"):
            parse_stream_url(url)
        return
    with pytest.raises(ConfigurationError, match=r"CHURN_STREAM_URL is .*kafka://host:9092.*kinesis://region"):
        load(CHURN_STREAM_URL=url)


@pytest.mark.parametrize(
    "others",
    [
        {"CHURN_STREAM_TLS": "true"},
        {"CHURN_STREAM_ALLOW_PLAINTEXT": "true"},
        {"CHURN_STREAM_URL": "kafka://localhost:9092,127.0.0.1"},
        {"CHURN_STREAM_URL": "kinesis://eu-central-1"},
    ],
    ids=["TLS", "allowed", "local", "Kinesis"],
)
def test_production_takes_a_line_that_nobody_reads_along(load, others):
    assert load(**PRODUCTION, **({"CHURN_STREAM_URL": "kafka://broker"} | others)).env == "production"


def test_production_refuses_plain_text_to_another_host(load):
    with pytest.raises(ConfigurationError) as caught:
        load(**PRODUCTION, CHURN_STREAM_URL="kafka://localhost,broker:9092")
    for words in (
        "CHURN_STREAM_URL=kafka://localhost,broker:9092",
        "CHURN_STREAM_TLS=true",
        "CHURN_STREAM_ALLOW_PLAINTEXT=true",
    ):
        assert words in caught.value.message


def test_production_sends_no_password_readably_even_where_plain_text_is_allowed(load, tmp_path):
    with pytest.raises(ConfigurationError, match="CHURN_STREAM_SASL=PLAIN"):
        load(
            **PRODUCTION,
            CHURN_STREAM_URL="kafka://broker",
            CHURN_STREAM_ALLOW_PLAINTEXT="true",
            CHURN_STREAM_SASL="PLAIN",
            CHURN_STREAM_USER="churn",
            CHURN_STREAM_PASSWORD_FILE=str(tmp_path / "password"),
        )


@pytest.mark.parametrize(
    ("others", "words"),
    [
        ({"CHURN_STREAM_SASL": "SCRAM-SHA-512"}, "CHURN_STREAM_USER and CHURN_STREAM_PASSWORD_FILE"),
        ({"CHURN_STREAM_USER": "churn"}, "CHURN_STREAM_SASL is not set"),
        ({"CHURN_STREAM_REFUSED": "churn.customers"}, "four different topics"),
    ],
)
def test_halves_and_doubles_are_refused(load, others, words):
    with pytest.raises(ConfigurationError, match=words):
        load(**others)


def test_outcomes_are_read_only_while_they_are_kept(load):
    assert load().read_topics == ("churn.customers", "churn.outcomes")
    assert load(CHURN_TRACKING="off").read_topics == ("churn.customers",)
