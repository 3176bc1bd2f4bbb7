"""The function that tells how long the queue is, as the cluster's template carries it, asked of a real Redis."""

from typing import Any

import boto3
import pytest
import redis
from moto import mock_aws

from churn_api.celery_queue import NAME, lists


class Plain:
    """Where the test's Redis speaks no TLS: what was to be wrapped stays as it is."""

    @staticmethod
    def wrap_socket(plain: Any, server_hostname: str) -> Any:
        assert server_hostname == "127.0.0.1"
        return plain


@pytest.fixture
def code(read_template) -> str:
    return read_template("cluster")["Resources"]["Gauge"]["Properties"]["Code"]["ZipFile"]


@pytest.fixture
def gauge(code, start_redis, free_port, monkeypatch) -> tuple[dict[str, Any], redis.Redis]:
    port = free_port()
    start_redis("--port", str(port), "--bind", "127.0.0.1")
    monkeypatch.setenv("QUEUE_HOST", "127.0.0.1")
    monkeypatch.setenv("NAMESPACE", "churn")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    names: dict[str, Any] = {}
    exec(compile(code.replace("6379", str(port)), "gauge", "exec"), names)  # noqa: S102 - the template's own
    monkeypatch.setattr(names["ssl"], "create_default_context", Plain)
    return names, redis.Redis(port=port)


def test_it_publishes_what_waits_and_what_is_being_done(gauge):
    names, queue = gauge
    for place, name in enumerate(lists(), 1):
        queue.lpush(name, *range(place))
    queue.hset("unacked", mapping={"a": 1, "b": 2})
    with mock_aws():
        assert names["handler"]({}, None) == 1 + 2 + 3 + 4 + 2
        client = boto3.client("cloudwatch")
        [metric] = client.list_metrics(Namespace="churn")["Metrics"]
    assert metric["MetricName"] == "QueueLength"


def test_a_queue_that_is_empty_is_zero_long(gauge):
    with mock_aws():
        assert gauge[0]["handler"]({}, None) == 0


def test_a_redis_that_answers_otherwise_is_an_error(gauge):
    names, queue = gauge
    queue.set(NAME, "no list")
    with mock_aws(), pytest.raises(RuntimeError, match="WRONGTYPE"):
        names["handler"]({}, None)


def test_the_code_fits_into_a_template(code):
    assert len(code) < 4096
