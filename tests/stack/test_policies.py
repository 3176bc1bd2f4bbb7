"""What each service may do in the store, asked of the store itself with the service's own key."""

from typing import Any

import boto3
import pytest
import requests
from botocore.exceptions import ClientError

pytestmark = [pytest.mark.stack, pytest.mark.timeout(900)]

SERVICES = ("trainer", "api", "worker", "stream")
PROBE = "policy-probe"
WRITES = {
    "trainer": {"config/", "data/", "experiments/", "models/", "outputs/", "training/"},
    "api": {"alerts/", "campaigns/", "experiments/", "jobs/", "tracking/"},
    # It erases customers from the tables that models are trained on, and asks for trainings.
    "worker": {"alerts/", "campaigns/", "data/", "experiments/", "jobs/", "tracking/", "training/"},
    "stream": {"streams/", "tracking/"},
}
DELETES = {
    "trainer": set(),
    "api": {"campaigns/", "jobs/"},
    "worker": {"alerts/", "campaigns/", "jobs/", "tracking/"},
    "stream": {"streams/", "tracking/"},
}
READS = {
    # Who was treated, and what came of predictions: it learns from outcomes too.
    "trainer": {"campaigns/", "config/", "data/", "experiments/", "models/", "outputs/", "tracking/", "training/"},
    "api": {"alerts/", "campaigns/", "experiments/", "jobs/", "models/", "outputs/", "tracking/", "training/"},
    "worker": {"alerts/", "campaigns/", "data/", "experiments/", "jobs/", "models/", "tracking/", "training/"},
    "stream": {"models/", "streams/", "tracking/"},
}
FOLDERS = (
    "alerts/", "campaigns/", "config/", "data/", "experiments/", "jobs/", "models/", "outputs/", "streams/",
    "tracking/", "training/", "elsewhere/",
)  # fmt: skip


@pytest.fixture(scope="module")
def probes(stack):
    """An object in every folder, put there by the store's owner."""
    keys = [f"{folder}{PROBE}" for folder in FOLDERS]
    for key in keys:
        stack.s3().put_object(Bucket="churn", Key=key, Body=b"probe")
    yield
    for key in keys:
        stack.s3().delete_object(Bucket="churn", Key=key)


def client(stack, service: str) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{stack.port('S3')}",
        region_name="us-east-1",
        aws_access_key_id=f"churn-{service}",
        aws_secret_access_key=f"churn-{service}-local-secret",
    )


def refusal(call: Any, **arguments: Any) -> str | None:
    """The store's word for why it refuses a call; None where it does not."""
    try:
        call(Bucket="churn", **arguments)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return None


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("folder", FOLDERS)
def test_a_service_reads_its_own_folders_only(stack, probes, service, folder):
    refused = refusal(client(stack, service).get_object, Key=f"{folder}{PROBE}")
    assert refused == (None if folder in READS[service] else "AccessDenied")


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("folder", FOLDERS)
def test_a_service_writes_its_own_folders_only(stack, probes, service, folder):
    refused = refusal(client(stack, service).put_object, Key=f"{folder}{PROBE}", Body=b"changed")
    assert refused == (None if folder in WRITES[service] else "AccessDenied")


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("folder", FOLDERS)
def test_models_and_data_are_never_deleted_and_nothing_is_by_the_trainer(stack, probes, service, folder):
    refused = refusal(client(stack, service).delete_object, Key=f"{folder}{PROBE}")
    assert refused == (None if folder in DELETES[service] else "AccessDenied")


@pytest.mark.parametrize("service", SERVICES)
def test_a_missing_object_is_missing_and_not_forbidden(stack, service):
    assert refusal(client(stack, service).get_object, Key="models/no-such-object") == "NoSuchKey"


@pytest.mark.parametrize("service", SERVICES)
def test_no_service_changes_the_bucket_itself(stack, service):
    own = client(stack, service)
    assert refusal(own.delete_bucket) == "AccessDenied"
    assert refusal(own.put_bucket_policy, Policy="{}") == "AccessDenied"
    assert refusal(own.delete_bucket_encryption) == "AccessDenied"
    assert refusal(own.delete_bucket_lifecycle) == "AccessDenied"


def test_the_containers_hold_these_keys_and_not_the_stores_owners(stack):
    # The stream comes with its profile alone; tests/project reads its keys from the compose files.
    for name in set(SERVICES) - {"stream"}:
        environment = stack.containers()[name]["Config"]["Env"]
        assert f"AWS_ACCESS_KEY_ID=churn-{name}" in environment
        assert not any("MINIO_ROOT" in variable or variable.endswith("=churn-local-secret") for variable in environment)


def test_what_is_stored_is_encrypted_at_rest(stack):
    assert stack.s3().head_object(Bucket="churn", Key="models/current.json")["ServerSideEncryption"] == "AES256"


def test_jobs_that_were_left_behind_expire_a_day_after_their_time(stack):
    (rule,) = stack.s3().get_bucket_lifecycle_configuration(Bucket="churn")["Rules"]
    assert (rule["Filter"]["Prefix"], rule["Expiration"]["Days"], rule["Status"]) == ("jobs/", 8, "Enabled")


def test_the_store_gives_nothing_to_a_stranger(stack):
    address = f"http://127.0.0.1:{stack.port('S3')}/churn/models/current.json"
    assert requests.get(address, timeout=10).status_code == 403
