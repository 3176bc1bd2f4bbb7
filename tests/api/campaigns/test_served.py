"""A campaign against the API under gunicorn, a worker and a queue: from its preview to its result."""

import time
from typing import Any

import requests
from tests.api.campaigns.conftest import PLAN
from tests.api.jobs.conftest import HEADER, SAMPLE
from tests.api.quality.test_simulated_months import url

__all__ = ["url"]

CUSTOMERS = HEADER + b"".join(SAMPLE[len(HEADER) :].splitlines(keepends=True)[:400])


def ask(method: str, address: str, **options: Any) -> dict[str, Any]:
    """The answer, waited for where a worker computes it."""
    for _ in range(5):
        got = requests.request(method, address, timeout=40, **options)
        if got.status_code != 503:
            break
    assert got.ok, got.text
    found: dict[str, Any] = got.json()
    return found


def ended(address: str, status: str) -> dict[str, Any]:
    """What is at the address once it has this status."""
    for _ in range(300):
        found = ask("GET", address)
        if found["status"] == status:
            return found
        time.sleep(0.2)
    raise AssertionError(found)


def test_from_its_preview_to_its_result(url: str) -> None:
    job = ask("POST", f"{url}/jobs", data=CUSTOMERS, headers={"Content-Type": "text/csv"})
    ended(url + job["links"]["self"], "completed")
    wanted = {"source": {"job": job["id"]}, "plan": PLAN}
    preview = ask("POST", f"{url}/campaigns/preview", json=wanted)
    campaign = f"{url}/campaigns/{ask('POST', f'{url}/campaigns', json=wanted | {'name': 'Spring'})['id']}"
    planned = ended(campaign, "planned")
    assert preview["customers"]["considered"] == planned["customers"]["considered"] == 400
    assert requests.get(f"{campaign}/result", timeout=40).status_code == 409
    began = ask("POST", f"{campaign}/start")["started_at"][:10]
    first = ask("GET", f"{campaign}/result")
    assert (first["status"], first["unknown"]) == ("running", planned["customers"]["chosen"])
    names = [line.split(",")[1] for line in requests.get(f"{campaign}/list", timeout=40).text.splitlines()[1:]]
    told = [{"customerID": names[0], "left_at": began}, {"customerID": names[1], "stayed_until": began}]
    outcomes = ask("POST", f"{url}/outcomes", json={"outcomes": told})
    ended(url + outcomes["links"]["self"], "completed")
    ask("POST", f"{campaign}/close")
    last = ask("GET", f"{campaign}/result")
    assert (last["status"], last["final"], last["already_left"], last["before"]) == ("closed", False, 1, 1)
