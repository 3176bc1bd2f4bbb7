"""An S3 that counts."""

import boto3
import pytest

from scripts.counting_s3 import CountingS3


@pytest.fixture
def counted(monkeypatch):
    with CountingS3() as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        yield server


def test_requests_are_counted_by_method_and_a_listing_apart(counted):
    client = boto3.client("s3")
    client.create_bucket(Bucket="churn")

    def work() -> None:
        client.put_object(Bucket="churn", Key="a", Body=b"1")
        client.get_object(Bucket="churn", Key="a")
        client.list_objects_v2(Bucket="churn")

    assert counted.during(work) == {"GET": 1, "LIST": 1, "PUT": 1}


def test_what_came_before_does_not_count(counted):
    boto3.client("s3").create_bucket(Bucket="churn")
    assert counted.during(lambda: None) == {}
