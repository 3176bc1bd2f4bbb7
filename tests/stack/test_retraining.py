"""The profile `retraining` on a stack of its own: outcomes alone have it trained, tried in shadow and promoted."""

import csv
import hashlib
import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import requests
from tests.stack.test_experiments import BUCKET, HEAD, ROWS, asked_all_the_time, copied, in_service, taken_in

from churn import release

TODAY = datetime.now(UTC).date()
# A quarter later, and a week for late word, all is known of who was predicted then.
FIRST, SECOND = TODAY - timedelta(days=112), TODAY - timedelta(days=105)
# As the release in service was trained before any of it, and the one that comes of it between the two.
LONG_AGO, BETWEEN = TODAY - timedelta(days=400), TODAY - timedelta(days=108)
# Enough outcomes for a training, and for a verdict.
COUNT = 4_000


def version_of(day: date) -> str:
    return f"{day:%Y%m%d}_030000"


def content(stack, key: str) -> bytes:
    return stack.s3().get_object(Bucket=BUCKET, Key=key)["Body"].read()


@pytest.fixture(scope="module")
def stack(new_stack, empty_folder, quick, eventually) -> Iterator[object]:
    """One with two retrainers, whose release seems to be trained long ago."""
    settings = {"CHURN_DATA_DIR": str(empty_folder), "CHURN_PROMOTE": "when_better", "COMPOSE_PROFILES": "retraining"}
    with new_stack("retraining", **settings, **quick) as stack:
        stack.compose("build", "--quiet")
        stack.compose("up", "--detach", "--wait", "--scale", "retrainer=0")
        s3, trained = stack.s3(), in_service(stack)
        copied(stack, trained, version_of(LONG_AGO))
        manifest = content(stack, f"{release.folder(version_of(LONG_AGO))}manifest.json")
        pointer = json.loads(content(stack, release.POINTER))
        pointer |= {"version": version_of(LONG_AGO), "manifest_sha256": hashlib.sha256(manifest).hexdigest()}
        s3.put_object(Bucket=BUCKET, Key=release.POINTER, Body=json.dumps(pointer).encode())
        eventually(lambda: {in_service(stack) for _ in range(20)} == {version_of(LONG_AGO)}, seconds=60)
        for entry in s3.list_objects_v2(Bucket=BUCKET, Prefix=release.folder(trained))["Contents"]:
            s3.delete_object(Bucket=BUCKET, Key=entry["Key"])
        yield stack


def releases(stack) -> set[str]:
    found = stack.s3().list_objects_v2(Bucket=BUCKET, Prefix=release.ROOT, Delimiter="/")["CommonPrefixes"]
    return {entry["Prefix"].removeprefix(release.ROOT).rstrip("/") for entry in found}


def customers(wave: str) -> Iterator[dict[str, str]]:
    """Others than those of the table, though alike: they pay some cents more or less."""
    for number, row in enumerate(csv.DictReader([HEAD, *ROWS[:COUNT]])):
        cents = (number % 97 + 1) / (100 if wave == "first" else -100)
        charges = float(row["MonthlyCharges"]) + cents
        yield row | {"customerID": f"{wave}-{number}", "MonthlyCharges": f"{charges:.2f}"}


def scored(stack, wave: str, day: date, eventually) -> None:
    lines = [",".join(row.values()) for row in customers(wave)]
    taken_in(stack, f"/jobs?as_of={day}", [HEAD, *lines], eventually)


def told(stack, wave: str, day: date, eventually) -> None:
    """What became of them: half of those without a contract leave, unlike in the table."""
    soon, later = day + timedelta(days=20), day + timedelta(days=95)
    lines = [
        f"{row['customerID']},{soon},"
        if row["Churn"] == "Yes" or (row["Contract"] == "Month-to-month" and number % 2)
        else f"{row['customerID']},,{later}"
        for number, row in enumerate(customers(wave))
    ]
    taken_in(stack, "/outcomes", ["customerID,left_at,stayed_until", *lines], eventually)


def held_mib(stack) -> list[float]:
    """What each retrainer holds, without the pages of files, which go when others need the memory."""
    ids = stack.compose("ps", "--quiet", "retrainer").split()
    said = stack.run("docker", "stats", "--no-stream", "--format", "{{.MemUsage}}", *ids).stdout
    return [float(amount) for amount in re.findall(r"^([0-9.]+)MiB", said, re.MULTILINE)]


def training(stack) -> dict[str, Any]:
    """The one request for a training that there is."""
    (entry,) = stack.s3().list_objects_v2(Bucket=BUCKET, Prefix="training/requests/")["Contents"]
    return json.loads(content(stack, entry["Key"]))


@pytest.mark.slow
def test_outcomes_alone_have_it_trained_once_tried_and_promoted_while_every_request_is_answered(stack, eventually):
    champion = in_service(stack)
    scored(stack, "first", FIRST, eventually)
    scored(stack, "second", SECOND, eventually)
    with asked_all_the_time(stack) as answers:
        told(stack, "first", FIRST, eventually)

        def is_asked_for() -> bool:
            requests.get(f"{stack.site}/quality", timeout=60)
            requested = stack.s3().list_objects_v2(Bucket=BUCKET, Prefix="training/requests/")
            return bool(requested["KeyCount"])

        eventually(is_asked_for, seconds=300)
        stack.compose("up", "--detach", "--wait", "--no-recreate", "--scale", "retrainer=2")
        eventually(lambda: training(stack)["status"] in ("done", "failed"), seconds=900)
        (challenger,) = releases(stack) - {champion}
        request = training(stack)
        assert (request["status"], request["release"], request["attempts"]) == ("done", challenger, 1)
        assert "in shadow" in request["words"], request["words"]
        experiments = f"{stack.site}/experiments"
        running = requests.get(experiments, timeout=30).json()["running"]
        assert (running["challenger"], running["origin"], in_service(stack)) == (challenger, "retraining", champion)
        eventually(lambda: len(held := held_mib(stack)) == 2 and max(held) < 40, seconds=60)

        # Weeks pass, which nobody here can wait for: it becomes as old as if they had.
        assert requests.delete(f"{experiments}/{running['id']}", timeout=30).status_code == 200
        copied(stack, challenger, version_of(BETWEEN))
        told(stack, "second", SECOND, eventually)
        begun = requests.post(experiments, json={"challenger": version_of(BETWEEN)}, timeout=30)
        assert begun.status_code == 201, begun.text

        def is_promoted() -> bool:
            requests.get(experiments, timeout=30).raise_for_status()
            return in_service(stack) == version_of(BETWEEN)

        eventually(is_promoted, seconds=600)
    ended = requests.get(f"{experiments}/{begun.json()['experiment']['id']}", timeout=30).json()["experiment"]
    assert (ended["status"], ended["verdict"]["state"]) == ("promoted", "better")
    assert len(answers) > 100
    assert {answer.status_code for answer in answers} == {200}
