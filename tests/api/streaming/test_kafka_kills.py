"""Members that are killed while they work: every record has its one result all the same."""

import itertools
import os
import random
import signal
import subprocess
import sys

import pytest

from churn.store.opening import open_store

CUSTOMERS, PREDICTIONS, REFUSED = "churn.customers", "churn.predictions", "churn.refused"
RECORDS, BROKEN_EVERY = 20_000, 100


@pytest.fixture
def members(root, topics, stream_settings, publish, free_port, tmp_path):
    """A function that starts a member as a process; all are killed at the end."""
    settings = stream_settings(stream_batch_rows=100)
    store = open_store(settings.store_url)
    store.ensure_bucket()
    publish(store)
    started: list[subprocess.Popen[bytes]] = []
    names = itertools.count()

    def start() -> subprocess.Popen[bytes]:
        folder = tmp_path / f"member-{next(names)}"
        folder.mkdir()
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("CHURN_")}
        environment = inherited | {
            "PYTHONPATH": f"{root}/shared{os.pathsep}{root}/services/api",
            "CHURN_STORE_URL": settings.store_url,
            "CHURN_QUEUE_URL": settings.queue_url,
            "CHURN_STREAM_URL": settings.stream_url,
            "CHURN_STREAM_BATCH_ROWS": "100",
            "CHURN_STREAM_METRICS_PORT": str(free_port()),
            "TMPDIR": str(folder),
        }
        command = [sys.executable, "-m", "churn_api.streaming"]
        started.append(subprocess.Popen(command, env=environment, stderr=(folder / "log").open("wb")))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_no_record_is_lost_to_a_member_that_is_killed(topics, members, whole):
    rng = random.Random(1)
    customers = [
        whole | {"customerID": f"c{number}", "tenure": -1 if number % BROKEN_EVERY == 0 else number % 72}
        for number in range(RECORDS)
    ]
    working = [members(), members()]
    sent = [
        (topics.send(CUSTOMERS, *customers[start : start + 500], partition=start // 500 % 4), customers[start])
        for start in range(0, RECORDS, 500)
    ]
    keys = {key.encode() for some, _ in sent for key in some}
    for kill in range(3):
        done = len(keys) * (kill + 1) // 5
        topics.read(PREDICTIONS, lambda found, done=done: len({each.key() for each in found}) >= done, seconds=60)
        victim = rng.randrange(2)
        working[victim].send_signal(signal.SIGKILL)
        working[victim] = members()
    refused = RECORDS // BROKEN_EVERY
    good = topics.read(PREDICTIONS, lambda found: len({each.key() for each in found}) >= RECORDS - refused, seconds=90)
    bad = topics.read(REFUSED, lambda found: len({each.key() for each in found}) >= refused, seconds=60)
    predicted, turned_away = {each.key() for each in good}, {each.key() for each in bad}
    assert predicted | turned_away == keys
    assert not predicted & turned_away
