"""Campaigns on the real stack: from a scored file to what came of it, a million customers, and an erasure."""

import csv
import io
import json
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
import requests

from churn.campaigns import layout
from churn_api.jobs.digests import digests, from_bytes
from churn_trainer.data import sample

pytestmark = [pytest.mark.stack, pytest.mark.timeout(1800)]

HEAD, *ROWS = sample.csv_bytes().splitlines()
MILLION = 1_000_000
BUDGET = 20_000
OFFER = {
    "name": "10 % off",
    "contact_cost": 4,
    "minutes": 6,
    "incentive": 30,
    "accepts": 0.1,
    "saves": {"rate": 0.3, "source": "assumed"},
}
PLAN = {"offers": [OFFER], "budget": BUDGET, "holdout": 0.2}

# The label window of the shipped declaration is three months: a start so long ago has outcomes within it.
STARTED_DAYS_AGO, LEFT_DAYS_AGO = 60, 20


def own(data: bytes) -> bytes:
    """A table of customers under ids that are nobody else's, so that a search for one finds nothing of other tests."""
    head, *rows = data.splitlines()
    return b"\n".join([head, *(b"camp%d-" % number + row for number, row in enumerate(rows))]) + b"\n"


def scored(stack: Any, data: bytes, eventually: Any, seconds: float = 300) -> str:
    answer = requests.post(f"{stack.site}/jobs", data=data, headers={"Content-Type": "text/csv"}, timeout=300)
    assert answer.status_code == 202, answer.text
    path = f"{stack.site}/jobs/{answer.json()['id']}"
    eventually(lambda: requests.get(path, timeout=30).json()["finished_at"], seconds=seconds)
    assert requests.get(path, timeout=30).json()["status"] == "completed"
    return str(answer.json()["id"])


def planned(stack: Any, job_id: str, eventually: Any, seconds: float = 300, **plan: Any) -> dict[str, Any]:
    body = {"name": "Stack", "source": {"job": job_id}, "plan": PLAN | plan}
    answer = requests.post(f"{stack.site}/campaigns", json=body, timeout=120)
    assert answer.status_code == 202, answer.text
    path = f"{stack.site}/campaigns/{answer.json()['id']}"
    eventually(lambda: requests.get(path, timeout=30).json()["status"] in ("planned", "failed"), seconds=seconds)
    found = requests.get(path, timeout=30).json()
    assert found["status"] == "planned", found
    return found


def listed(stack: Any, campaign_id: str) -> list[dict[str, str]]:
    answer = requests.get(f"{stack.site}/campaigns/{campaign_id}/list", timeout=300)
    assert answer.status_code == 200, answer.text[:300]
    return list(csv.DictReader(io.StringIO(answer.content.decode(), newline="")))


def post(stack: Any, path: str, status: int = 200) -> dict[str, Any]:
    answer = requests.post(f"{stack.site}{path}", timeout=60)
    assert answer.status_code == status, answer.text
    return answer.json()


def started_earlier(stack: Any, campaign_id: str) -> None:
    """Move the start of a campaign back, as nobody can tell today what becomes of customers tomorrow."""
    key = layout.record(campaign_id)
    record = json.loads(stack.s3().get_object(Bucket="churn", Key=key)["Body"].read())
    record["started_at"] = (datetime.now(UTC) - timedelta(days=STARTED_DAYS_AGO)).isoformat()
    stack.s3().put_object(Bucket="churn", Key=key, Body=json.dumps(record).encode())


def send_outcomes(stack: Any, left: set[str], names: list[str], eventually: Any) -> None:
    today = datetime.now(UTC).date()
    day = today - timedelta(days=LEFT_DAYS_AGO)
    rows = [f"{name},{day},\n" if name in left else f"{name},,{today}\n" for name in names]
    data = "".join(["customerID,left_at,stayed_until\n", *rows]).encode()
    answer = requests.post(f"{stack.site}/outcomes", data=data, headers={"Content-Type": "text/csv"}, timeout=60)
    assert answer.status_code == 202, answer.text
    path = f"{stack.site}/outcomes/{answer.json()['id']}"
    eventually(lambda: requests.get(path, timeout=30).json()["status"] == "completed", seconds=120)


def result(stack: Any, campaign_id: str) -> dict[str, Any]:
    answer = requests.get(f"{stack.site}/campaigns/{campaign_id}/result", timeout=60)
    assert answer.status_code == 200, answer.text
    return answer.json()


def objects(stack: Any) -> Iterator[tuple[str, bytes]]:
    """All that the store holds."""
    s3 = stack.s3()
    for key in keys(stack, ""):
        with suppress(s3.exceptions.NoSuchKey):  # tidied up meanwhile
            yield key, s3.get_object(Bucket="churn", Key=key)["Body"].read()


def keys(stack: Any, prefix: str) -> list[str]:
    pages = stack.s3().get_paginator("list_objects_v2").paginate(Bucket="churn", Prefix=prefix)
    return [entry["Key"] for page in pages for entry in page.get("Contents", [])]


def telling(stack: Any, name: str) -> list[str]:
    """The keys of objects that tell an id, in whatever form."""
    found = []
    for key, data in objects(stack):
        if key.endswith(".members"):
            tells = int(digests([name])[0]) in from_bytes(data)
        elif key.endswith(".parquet"):
            table = pl.read_parquet(io.BytesIO(data)).select(pl.selectors.string() | pl.selectors.categorical())
            tells = any((column.cast(pl.String) == name).any() for column in table)
        else:
            tells = name.encode() in data
        found += [key] if tells else []
    return found


def no_oom_kill(stack: Any) -> None:
    # Where control groups of the second kind keep the count, and those of the first.
    events = "/sys/fs/cgroup/memory.events /sys/fs/cgroup/memory/memory.oom_control"
    count = stack.compose("exec", "-T", "worker", "sh", "-c", f"cat {events} 2>/dev/null | grep '^oom_kill '")
    assert count.split() == ["oom_kill", "0"]


@pytest.fixture(scope="module")
def campaign(stack, telco_csv, eventually) -> dict[str, Any]:
    """A campaign over IBM's customers, which runs."""
    found = planned(stack, scored(stack, own(telco_csv.read_bytes()), eventually), eventually)
    assert post(stack, f"/campaigns/{found['id']}/start")["status"] == "running"
    return found


def test_a_scored_file_becomes_a_campaign_within_its_limits(stack, campaign):
    customers = campaign["customers"]
    assert customers["considered"] + customers["refused"] == customers["rows"]
    rows = listed(stack, campaign["id"])
    assert len(rows) == customers["chosen"] > 100
    treated = [row for row in rows if row["arm"] == "treat"]
    assert len(treated) == customers["treat"]
    assert len(treated) * (OFFER["contact_cost"] + OFFER["incentive"]) <= BUDGET
    assert campaign["expected"]["money"] > 0
    assert campaign["words"]


def test_nobody_is_in_two_running_campaigns(stack, campaign, eventually):
    other = planned(stack, campaign["source"]["job"], eventually)
    assert other["customers"]["in_another_campaign"] == campaign["customers"]["chosen"]
    assert not {row["customerID"] for row in listed(stack, campaign["id"])} & {
        row["customerID"] for row in listed(stack, other["id"])
    }
    assert requests.delete(f"{stack.site}/campaigns/{other['id']}", timeout=60).status_code == 204
    assert requests.delete(f"{stack.site}/campaigns/{campaign['id']}", timeout=60).status_code == 409


def test_what_came_of_it_follows_from_the_outcomes(stack, campaign, eventually):
    rows = listed(stack, campaign["id"])
    arms = {arm: [row["customerID"] for row in rows if row["arm"] == arm] for arm in ("treat", "hold_out")}
    left = {*arms["treat"][::10], *arms["hold_out"][::4]}
    started_earlier(stack, campaign["id"])
    send_outcomes(stack, left, [row["customerID"] for row in rows], eventually)
    wanted = (len(arms["treat"]), len(arms["treat"][::10]), len(arms["hold_out"]), len(arms["hold_out"][::4]))

    def seen() -> tuple[int, ...]:
        found = result(stack, campaign["id"])
        return tuple(found[arm][name] for arm in ("treated", "held_out") for name in ("known", "left"))

    eventually(lambda: seen() == wanted, seconds=120)
    found = result(stack, campaign["id"])
    difference = wanted[1] / wanted[0] - wanted[3] / wanted[2]
    assert found["difference"]["value"] == pytest.approx(difference)
    assert found["difference"]["low"] < difference < found["difference"]["high"]
    assert found["saved"]["customers"] == pytest.approx(-difference * wanted[0])
    assert not found["final"]
    assert post(stack, f"/campaigns/{campaign['id']}/close")["status"] == "closed"


def test_an_erased_customer_is_told_by_no_object(stack, campaign, eventually):
    rows = listed(stack, campaign["id"])
    names = [next(row["customerID"] for row in rows if row["arm"] == arm) for arm in ("treat", "hold_out")]
    answer = requests.put(f"{stack.site}/campaigns/opt-outs", json={"customers": [*names, "another"]}, timeout=60)
    assert answer.json()["customers"] == 3
    assert len(telling(stack, names[0])) > 5
    for name in names:
        eventually(
            lambda name=name: requests.delete(f"{stack.site}/customers/{name}", timeout=60).status_code == 204,
            seconds=300,
        )
        assert telling(stack, name) == []
    assert len(listed(stack, campaign["id"])) == len(rows) - 2
    assert requests.get(f"{stack.site}/campaigns/opt-outs", timeout=60).json()["customers"] == 1
    requests.put(f"{stack.site}/campaigns/opt-outs", json=[], timeout=60).raise_for_status()


@pytest.mark.slow
def test_a_million_customers_are_planned_and_listed_within_the_workers_memory(stack, eventually):
    data = b"\n".join([HEAD, *(b"million%d-" % number + ROWS[number % len(ROWS)] for number in range(MILLION))])
    job_id = scored(stack, data, eventually, seconds=600)
    del data
    began = time.monotonic()
    found = planned(stack, job_id, eventually, seconds=600, budget=5_000_000, holdout="auto")
    took = time.monotonic() - began
    began = time.monotonic()
    rows = sum(block.count(b"\n") for block in _list_blocks(stack, found["id"])) - 1
    sys.stderr.write(f"Of a million planned in {took:.0f} s, {rows:,} listed in {time.monotonic() - began:.1f} s.\n")
    assert found["customers"]["considered"] == MILLION
    assert rows == found["customers"]["chosen"] > 50_000
    assert found["spend"]["money"] <= 5_000_000
    no_oom_kill(stack)
    for path in (f"/campaigns/{found['id']}", f"/jobs/{job_id}"):
        assert requests.delete(f"{stack.site}{path}", timeout=120).status_code == 204
    assert not [key for key in keys(stack, "campaigns/") if found["id"] in key]


def _list_blocks(stack: Any, campaign_id: str) -> Any:
    with requests.get(f"{stack.site}/campaigns/{campaign_id}/list", stream=True, timeout=300) as answer:
        assert answer.status_code == 200
        yield from answer.iter_content(1 << 20)
