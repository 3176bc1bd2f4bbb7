"""Alerts by real workers: a digest arrives after the job, though the receiver fails."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.api.alerts.test_delivery import SECRET, receiver
from tests.api.jobs.conftest import HEADER, SAMPLE
from tests.api.jobs.test_worker import Stack, stack

__all__ = ["receiver", "stack"]

NAMES = HEADER.decode().strip().split(",")
SAFE = {"tenure": "60", "Contract": "Two year", "InternetService": "DSL"}
AT_RISK = {"tenure": "1", "Contract": "Month-to-month", "TotalCharges": "", "PaymentMethod": "Electronic check"}


def table(customers: int, **changes: str) -> bytes:
    """Customers who differ in nothing but their ids, changed like this."""
    base = dict(zip(NAMES, SAMPLE.decode().splitlines()[1].split(","), strict=True)) | changes
    rows = [",".join([f"c{number}", *(base[name] for name in NAMES[1:])]) for number in range(customers)]
    return "\n".join([",".join(NAMES), *rows]).encode()


def test_a_digest_arrives_once_after_the_job(stack: Stack, receiver: Any, eventually: Callable[..., Any]) -> None:
    receiver.answers = [500, 204]
    stack.start_worker(CHURN_WEBHOOK_URL=receiver.url, CHURN_WEBHOOK_SECRET=SECRET, CHURN_WEBHOOK_ALLOW_PRIVATE="true")
    earlier = datetime.now(UTC) - timedelta(days=10)
    past = stack.client.post(f"/jobs?as_of={earlier:%Y-%m-%d}", data=table(30, **SAFE), content_type="text/csv")
    assert stack.wait(past.json["id"])["status"] == "completed"
    stack.client.put("/alerts/rules", json={"enter": 0.4, "leave": 0.3, "budget": 7})
    job_id = stack.submit(table(30, **AT_RISK))
    stack.wait(job_id)

    def digests() -> list[dict[str, Any]]:
        return [
            told
            for received in receiver.taken
            if received.status == 204 and (told := json.loads(received.body))["type"] == "customers.at_risk"
        ]

    (told,) = eventually(digests)
    assert (told["job"], len(told["customers"]), told["counts"]["budget"]) == (job_id, 7, 23)
    shown = stack.client.get("/alerts").json
    assert [digest["id"] for digest in shown["digests"]] == [told["id"]]
    assert eventually(lambda: stack.client.get("/alerts").json["digests"][0]["webhook"]["status"] == "sent")
    assert 'churn_alerts_total{result="listed"} 7.0' in stack.client.get("/metrics").text
