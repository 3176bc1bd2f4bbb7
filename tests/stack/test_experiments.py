"""A release in shadow on the real stack: scored beside the one in service, promoted, and gone back from."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
import requests

from churn import release
from churn_trainer.data import sample

HEAD, *ROWS = sample.csv_bytes().decode().splitlines()
CSV = {"Content-Type": "text/csv"}
BUCKET = "churn"
COUNT = 300
# A quarter is the window of the shipped declaration: what was predicted then is ripe.
SCORED = datetime.now(UTC).date() - timedelta(days=200)
# Older than the outcomes, of which it can therefore have learned nothing.
OLDER = (datetime.now(UTC) - timedelta(days=400)).strftime(release.VERSION_FORMAT)


def in_service(stack) -> str:
    return requests.get(f"{stack.site}/model_info", timeout=10).json()["version"]


def copied(stack, version: str, name: str) -> list[str]:
    """Have a release under another name as well, as if it were as old as that says; the keys of its files."""
    s3 = stack.s3()
    keys = []
    for entry in s3.list_objects_v2(Bucket=BUCKET, Prefix=release.folder(version))["Contents"]:
        file = entry["Key"].removeprefix(release.folder(version))
        data = s3.get_object(Bucket=BUCKET, Key=entry["Key"])["Body"].read()
        if file == "manifest.json":
            data = json.dumps(json.loads(data) | {"version": name}).encode()
        keys.append(release.folder(name) + file)
        s3.put_object(Bucket=BUCKET, Key=keys[-1], Body=data)
    return keys


@pytest.fixture(scope="module")
def older(stack, eventually) -> Iterator[str]:
    """A copy of the release in service under an older name."""
    s3 = stack.s3()
    version = json.loads(s3.get_object(Bucket=BUCKET, Key=release.POINTER)["Body"].read())["version"]
    # What another test has trained a moment ago is not yet in service in every process.
    eventually(lambda: {in_service(stack) for _ in range(20)} == {version}, seconds=60)
    keys = copied(stack, version, OLDER)
    yield OLDER
    s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": key} for key in keys]})


def taken_in(stack, path: str, lines: list[str], eventually) -> None:
    answer = requests.post(f"{stack.site}{path}", data="\n".join(lines).encode(), headers=CSV, timeout=60)
    assert answer.status_code == 202, answer.text
    address = stack.site + answer.json()["links"]["self"]
    eventually(lambda: requests.get(address, timeout=30).json()["status"] == "completed", seconds=120)


@contextmanager
def asked_all_the_time(stack) -> Iterator[list[requests.Response]]:
    """Predictions are asked for one after the other meanwhile; what was answered."""
    answers: list[requests.Response] = []
    ended = threading.Event()
    customer = dict(zip(HEAD.split(","), ROWS[0].split(","), strict=True))

    def ask() -> None:
        with requests.Session() as session:
            while not ended.wait(0.05):
                answers.append(session.post(f"{stack.site}/predict", json=customer, timeout=30))

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield answers
    finally:
        ended.set()
        thread.join(30)


def test_a_release_in_shadow_is_judged_promoted_and_gone_back_from(stack, older, eventually):
    champion = in_service(stack)
    customers = [f"shadow-{number},{row.partition(',')[2]}" for number, row in enumerate(ROWS[:COUNT])]
    taken_in(stack, f"/jobs?as_of={SCORED}", [HEAD, *customers], eventually)
    taken_in(stack, "/jobs", [HEAD, *customers], eventually)
    soon, later = SCORED + timedelta(days=20), SCORED + timedelta(days=120)
    outcomes = [
        f"shadow-{number},{soon}," if row.endswith("Yes") else f"shadow-{number},,{later}"
        for number, row in enumerate(ROWS[:COUNT])
    ]
    taken_in(stack, "/outcomes", ["customerID,left_at,stayed_until", *outcomes], eventually)

    started = requests.post(f"{stack.site}/experiments", json={"challenger": older}, timeout=30)
    assert started.status_code == 201, started.text
    experiment = f"{stack.site}/experiments/{started.json()['experiment']['id']}"

    def is_judged() -> bool:
        requests.get(f"{stack.site}/experiments", timeout=30).raise_for_status()
        found = requests.get(experiment, timeout=30).json()["experiment"]
        return found["verdict"] and found["verdict"]["outcomes"] >= COUNT

    eventually(is_judged, seconds=600)
    found = requests.get(experiment, timeout=30).json()["experiment"]
    # They are the same model under two names.
    assert (found["status"], found["verdict"]["state"]) == ("running", "alike")
    assert (found["disagreement"]["customers"] >= COUNT, found["disagreement"]["sides"]) == (True, 0)
    assert found["costs"]["challenger"]["memory_mib"] > 0

    with asked_all_the_time(stack) as answers:
        assert requests.post(f"{experiment}/promote", timeout=30).json()["experiment"]["status"] == "promoted"
        eventually(lambda: in_service(stack) == older, seconds=15)
        running = requests.get(f"{stack.site}/experiments", timeout=30).json()["running"]
        assert (running["champion"], running["challenger"], running["origin"]) == (older, champion, "former")
        back = f"{stack.site}/experiments/{running['id']}/promote"
        # Not before a worker has scored with it.
        eventually(lambda: requests.post(back, timeout=30).status_code == 200, seconds=120)
        eventually(lambda: in_service(stack) == champion, seconds=15)
    assert len(answers) > 10
    assert {answer.status_code for answer in answers} == {200}
    assert older in stack.make("releases")
    running = requests.get(f"{stack.site}/experiments", timeout=30).json()["running"]
    if running:
        assert requests.delete(f"{stack.site}/experiments/{running['id']}", timeout=30).status_code == 200
