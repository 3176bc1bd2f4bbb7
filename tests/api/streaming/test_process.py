"""A member as a process of its own, as its container runs it."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from churn_api.streaming.metrics import RESULTS

CUSTOMERS, PREDICTIONS = "churn.customers", "churn.predictions"


@pytest.fixture
def launch(root, topics, stream_settings, publish, free_port, tmp_path):
    """A function that starts a member as a process, and gives the address of its metrics."""
    from churn.store.opening import open_store

    settings = stream_settings()
    store = open_store(settings.store_url)
    store.ensure_bucket()
    publish(store)
    started = []

    def run(**others):
        port = free_port()
        environment = {name: value for name, value in os.environ.items() if not name.startswith("CHURN_")}
        environment |= {
            "PYTHONPATH": f"{root}/shared{os.pathsep}{root}/services/api",
            "CHURN_STORE_URL": settings.store_url,
            "CHURN_QUEUE_URL": settings.queue_url,
            "CHURN_STREAM_URL": settings.stream_url,
            "CHURN_STREAM_METRICS_PORT": str(port),
            "TMPDIR": str(tmp_path),
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "churn_api.streaming"],
            env=environment | others,
            stderr=(tmp_path / "log").open("wb"),
        )
        started.append(process)
        return process, f"http://127.0.0.1:{port}/metrics"

    yield run
    for process in started:
        process.kill()
        process.wait()


def scraped(url):
    try:
        return requests.get(url, timeout=5).text
    except requests.ConnectionError:
        return ""


def test_a_member_that_is_terminated_finishes_commits_and_leaves(launch, topics, whole, tmp_path, eventually, store):
    process, url = launch()
    keys = topics.send(CUSTOMERS, *[whole | {"customerID": f"c{number}"} for number in range(2_000)])
    assert all(answer["success"] for answer in topics.results(PREDICTIONS, keys))
    eventually(lambda: 'churn_stream_records_total{result="predicted"} 2000.0' in scraped(url))
    eventually((tmp_path / "stream-heartbeat").exists)
    start = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0, (tmp_path / "log").read_text()
    assert time.monotonic() - start < 30
    after, url = launch()
    (key,) = topics.send(CUSTOMERS, whole)
    topics.results(PREDICTIONS, [key])
    eventually(lambda: 'churn_stream_records_total{result="predicted"} 1.0' in scraped(url))  # nothing twice
    assert after.poll() is None


def test_a_member_shows_its_metrics(launch, eventually):
    _, url = launch(CHURN_STREAM_GROUP="shows")
    text = eventually(lambda: scraped(url))
    for result in RESULTS:
        assert f'churn_stream_records_total{{result="{result}"}}' in text
    names = set(re.findall(r"^# TYPE (churn_stream_\w+)", text, re.MULTILINE))
    assert names == {
        "churn_stream_records_total",
        "churn_stream_lag",
        "churn_stream_lag_seconds",
        "churn_stream_batch_seconds",
        "churn_stream_delay_seconds",
        "churn_stream_consuming",
        "churn_stream_retries_total",
    }
    assert "churn_tracking_lost_total" in text


def test_faults_of_the_settings_are_told_in_one_line(launch, tmp_path):
    process, _ = launch(CHURN_STREAM_URL="amqp://host")
    assert process.wait(30) == 1
    assert "kafka://host:9092" in (tmp_path / "log").read_text().splitlines()[-1]


@pytest.mark.parametrize("module", ["churn_api.app", "churn_api.worker.bootstrap", "churn_api.streaming.member"])
def test_only_who_reads_from_kafka_loads_its_library(root, module):
    code = f"import sys, {module}; print([name for name in sys.modules if 'confluent' in name])"
    environment = os.environ | {"PYTHONPATH": f"{root}/shared{os.pathsep}{root}/services/api"}
    found = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
    assert Path(root, "services/api/churn_api/streaming/kafka.py").exists()
