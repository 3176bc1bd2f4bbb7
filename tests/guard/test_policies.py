"""The store's policies, read as a security team reads them."""

import json
from pathlib import Path
from typing import Any

import pytest

from churn_api.settings import ApiSettings

SERVICES = ("trainer", "api", "worker", "stream")
# What moves by promotions and experiments; the releases themselves are the trainer's alone.
MOVED = ("models/current.json", "models/shadow.json")
WRITING = {"s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"}


def document(root: Path, name: str) -> Any:
    return json.loads((root / "deploy" / "policies" / f"{name}.json").read_text())


def statements(root: Path, service: str) -> list[dict[str, Any]]:
    return list(document(root, service)["Statement"])


@pytest.mark.parametrize("service", SERVICES)
def test_a_policy_allows_named_actions_on_named_folders_of_one_bucket(root, service):
    for statement in statements(root, service):
        assert statement["Effect"] == "Allow"
        assert all("*" not in action for action in statement["Action"])
        for resource in statement["Resource"]:
            bucket, _, key = resource.removeprefix("arn:aws:s3:::").partition("/")
            assert bucket == "churn"
            assert key.count("*") == (1 if key and key not in MOVED else 0)
            assert not key or key.endswith("/*") or key in MOVED


def test_only_the_trainer_can_change_a_release(root):
    for service in ("api", "worker", "stream"):
        for statement in statements(root, service):
            if WRITING & set(statement["Action"]):
                places = {each.removeprefix("arn:aws:s3:::churn/").removesuffix("/*") for each in statement["Resource"]}
                # The worker erases customers from the tables that models are trained on, and asks for trainings.
                known = {"alerts", "campaigns", "jobs", "tracking", "experiments", "streams", *MOVED}
                assert places <= known | ({"data", "training"} if service == "worker" else set())


def test_only_who_writes_outcomes_deletes_what_is_tracked(root):
    for service in SERVICES:
        deletes = [each["Resource"] for each in statements(root, service) if "s3:DeleteObject" in each["Action"]]
        # Whoever was erased while a file of outcomes was written is dropped from it at once.
        assert (["arn:aws:s3:::churn/tracking/*"] in deletes) == (service in {"worker", "stream"})
        assert (["arn:aws:s3:::churn/alerts/*"] in deletes) == (service == "worker")


def test_the_trainer_neither_deletes_nor_sees_jobs(root):
    text = json.dumps(statements(root, "trainer"))
    assert "DeleteObject" not in text
    assert "jobs" not in text


def test_the_lifecycle_gives_the_product_a_day_to_expire_jobs_itself(root):
    (jobs,) = [rule for rule in document(root, "lifecycle")["Rules"] if "Expiration" in rule]
    assert jobs["Filter"] == {"Prefix": "jobs/"}
    assert jobs["Expiration"]["Days"] == ApiSettings.model_fields["job_ttl_days"].default + 1


def test_the_bucket_encrypts_by_default_and_refuses_plain_http(root):
    (rule,) = document(root, "encryption")["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    (deny,) = document(root, "bucket")["Statement"]
    assert (deny["Effect"], deny["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def test_the_local_store_is_set_up_from_these_very_files(root):
    script = (root / "deploy" / "policies" / "local-store.sh").read_text()
    assert 'mc admin policy create local "$user" "$policies/$service.json"' in script
    assert "for service in trainer api worker stream; do" in script
