"""The one machine's user data in a clean Debian, and what its compose command starts: inside a gigabyte."""

import hashlib
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace

import boto3
import pytest
from tests.deploy.machines import KEYS, amazon, machine, started, user_data
from tests.deploy.memory import output, peak, peak_of_trainer

from churn_trainer.data import sample
from scripts import soak

pytestmark = [pytest.mark.stack, pytest.mark.timeout(1200)]

__all__ = ["amazon", "machine", "started", "user_data"]

CURRENT, ENVIRONMENT = "/opt/churn/current", "/run/churn/production.env"
IMAGES = ("api", "trainer", "web")
GIGABYTE = 2**30


def test_the_machine_brings_up_the_production_stack(started):
    [asked] = started.recorded("docker")
    assert asked == (
        "compose --project-directory /opt/churn/current --file /opt/churn/current/compose.yaml "
        "--env-file /run/churn/production.env up --build --detach --wait --remove-orphans"
    )


def test_the_engine_and_the_clients_are_installed(started):
    for program in (
        "/usr/bin/docker",
        "/usr/bin/aws",
        "/usr/bin/curl",
        "/usr/libexec/docker/cli-plugins/docker-compose",
    ):
        started.run("test", "-e", program)


def test_the_stack_is_told_what_the_template_was_given(started):
    settings = dict(line.split("=", 1) for line in started.run("cat", "/run/churn/production.env").splitlines())
    assert settings["CHURN_JOB_TTL_DAYS"] == "3"
    assert (settings["CHURN_TRACKING_DAYS"], settings["CHURN_PROMOTE"]) == ("800", "when_better")
    assert settings["CHURN_STORE_URL"].startswith("s3://machine-bucket-")
    assert (settings["CHURN_WEB_ADDRESS"], settings["CHURN_WEB_PORT"]) == ("0.0.0.0", "80")  # noqa: S104
    assert settings["CHURN_TRUSTED_PROXIES"] == ""


def test_only_the_services_user_reads_the_keys(started):
    assert started.run("cat", "/run/churn/api-keys") == KEYS + "\n"
    assert started.run("stat", "--format", "%u:%g %a", "/run/churn/api-keys") == "10001:10001 400\n"
    settings = started.run("cat", "/run/churn/production.env")
    assert "first-key" not in settings
    assert "CHURN_API_KEYS_FILE=/run/churn/api-keys" in settings


def test_the_services_are_set_to_start_with_the_machine(started):
    timers = " ".join(f"churn-{name}.timer" for name in ("update", "keys", "watchdog", "train", "retrain"))
    assert f"enable churn.service {timers}" in started.recorded("systemctl")


def test_a_training_is_begun_only_while_one_is_asked_for(started, user_data):
    bucket = user_data.partition("BUCKET=")[2].split()[0]
    store, key = boto3.client("s3"), "training/requests/2026-11-20.json"
    bodies = {b"{}": True, b'{"status": "open"}': True, b'{"status": "training"}': True, b'{"status": "done"}': False}
    for body, trains in ({None: False} | bodies).items():
        if body is not None:
            store.put_object(Bucket=bucket, Key=key, Body=body)
        asked = len(started.recorded("docker"))
        started.run("/opt/churn/current/deploy/aws/box/retrain")
        said = started.recorded("docker")[asked:]
        words = ["stop worker", "run --rm --no-deps trainer retrain", "start worker"] if trains else []
        assert [line.partition("production.env ")[2] for line in said] == words


def test_the_machine_swaps_nowhere(started):
    assert started.run("awk", "NR > 1", "/proc/swaps") == ""


def test_starting_again_changes_nothing(started):
    before, asked = started.state(), {name: len(started.recorded(name)) for name in ("systemctl", "docker")}
    started.run("bash", "/record/user-data")
    assert started.state() == before
    # What is as it should be is not restarted, but for the stack itself, which compose leaves as it is.
    again = {name: started.recorded(name)[number:] for name, number in asked.items()}
    assert [each for each in again["systemctl"] if each.startswith("restart")] == ["restart churn.service"]
    assert again["docker"] == started.recorded("docker")[:1]


def test_a_new_version_in_the_bucket_is_taken_over(started, user_data):
    bucket = user_data.partition("BUCKET=")[2].split()[0]
    store = boto3.client("s3")
    held = store.get_object(Bucket=bucket, Key="deploy/churn.tar.gz")["Body"].read()
    update = "/opt/churn/current/deploy/aws/box/update"
    asked = len(started.recorded("docker"))
    started.run(update)
    assert len(started.recorded("docker")) == asked
    # The same files packed anew are a new version as well: what counts is the package.
    repacked = subprocess.run(["gzip", "-1"], input=_gunzip(held), capture_output=True, check=True).stdout
    assert hashlib.sha256(repacked).digest() != hashlib.sha256(held).digest()
    store.put_object(Bucket=bucket, Key="deploy/churn.tar.gz", Body=repacked)
    started.run(update)
    said = started.recorded("docker")[asked:]
    # The second API has no name until the worker is new, answers before the first one goes, and goes when that one is
    # back; then it trains, and tidies up.
    words = ["build", "run --detach --no-deps api", "up --detach --no-build --wait worker"]
    words += ["network disconnect churn_front second", "network connect --alias api churn_front second"]
    words += ["up --detach --no-build --wait api", "stop second"]
    words += ["--scale trainer=0 --wait web worker cache queue", "stop worker", "run --rm --no-deps trainer train"]
    at = [next(number for number, line in enumerate(said) if word in line) for word in words]
    assert at == sorted(at)
    status = store.get_object(Bucket=bucket, Key="deploy/status.txt")["Body"].read().decode()
    assert status.rstrip().endswith("serves.")


def test_a_version_that_does_not_start_is_told_once_and_the_one_before_stays(started, user_data):
    bucket = user_data.partition("BUCKET=")[2].split()[0]
    store = boto3.client("s3")
    before = store.get_object(Bucket=bucket, Key="deploy/churn.tar.gz")["Body"].read()
    broken = subprocess.run(["gzip", "-3"], input=_gunzip(before), capture_output=True, check=True).stdout
    serving = started.run("sha256sum", "/opt/churn/current.tar.gz").split()[0]
    store.put_object(Bucket=bucket, Key="deploy/churn.tar.gz", Body=broken)
    (started.folder / "broken").touch()
    started.run("/opt/churn/current/deploy/aws/box/update")
    (started.folder / "broken").unlink()
    assert started.run("sha256sum", "/opt/churn/current.tar.gz").split()[0] == serving
    status = store.get_object(Bucket=bucket, Key="deploy/status.txt")["Body"].read().decode()
    assert "does not start; the version before serves" in status
    figures = boto3.client("cloudwatch").list_metrics(Namespace="machine", MetricName="UpgradeFailed")["Metrics"]
    assert figures
    asked = len(started.recorded("docker"))
    started.run("/opt/churn/current/deploy/aws/box/update")
    assert started.recorded("docker")[asked:] == []


def _gunzip(data: bytes) -> bytes:
    return subprocess.run(["gzip", "--decompress"], input=data, capture_output=True, check=True).stdout


@pytest.fixture(scope="module")
def box(started, amazon, free_port) -> Iterator[soak.KeyedStack]:
    """What the machine's compose command starts, on this engine: its own files and arguments. Other are only the
    project's name, the port, and where S3 is, which a role and a network would tell."""
    folder, port, key = started.folder / "box", free_port(), KEYS.split()[0]
    folder.mkdir()
    for path in (CURRENT, ENVIRONMENT):
        subprocess.run(["docker", "cp", "--quiet", f"{started.container}:{path}", folder], check=True)
    (folder / "api-keys").write_text(KEYS + "\n")
    environment = os.environ | {
        "COMPOSE_PROJECT_NAME": f"churn-test-box-{os.getpid()}",
        "COMPOSE_FILE": f"{folder}/current/compose.yaml",
        "COMPOSE_ENV_FILES": f"{folder}/production.env",
        "CHURN_API_KEYS_FILE": f"{folder}/api-keys",
        "CHURN_WEB_ADDRESS": "127.0.0.1",
        "CHURN_WEB_PORT": str(port),
        "CHURN_DATA_SOURCE": "sample",
        "AWS_ENDPOINT_URL_S3": amazon["AWS_ENDPOINT_URL"],
    }
    box = soak.KeyedStack(folder / "current", environment, key)
    try:
        # This training only has to end; the one that is looked at is a whole one.
        short = {"CHURN_CV_REPEATS": "1", "CHURN_CV_FOLDS": "2"}
        replace(box, environment=environment | short).run(*_here(box, started.recorded("docker")[0]))
        # The site opens when the training has ended; the API looks for its release every second until it has one.
        deadline = time.monotonic() + 15
        while box.ask("GET", "/health/ready").status_code != 200 and time.monotonic() < deadline:
            time.sleep(0.5)
        yield box
    finally:
        box.compose("down", "--volumes", "--timeout", "5", check=False)
        box.run(
            "docker", "image", "rm", *(f"{environment['COMPOSE_PROJECT_NAME']}-{each}" for each in IMAGES), check=False
        )


def _here(box: soak.KeyedStack, recorded: str) -> list[str]:
    """A command that the machine gave its engine, with the folders of this one."""
    here = recorded.replace(CURRENT, str(box.folder)).replace(ENVIRONMENT, box.environment["COMPOSE_ENV_FILES"])
    return ["docker", *shlex.split(here)]


def _show(capsys, title: str, peaks: dict[str, float]) -> None:
    each = ", ".join(f"{name} {peak:.0f}" for name, peak in peaks.items())
    with capsys.disabled():
        sys.stdout.write(f"\n{title}: {each}; together {sum(peaks.values()):.0f} MiB at most\n")


@pytest.mark.slow
def test_what_the_machine_starts_is_healthy_and_answers_those_who_have_a_key(box):
    for service in soak.SERVING:
        state = output("docker", "inspect", "--format", "{{.State.Health.Status}}", box.container(service))
        assert (service, state.strip()) == (service, "healthy")
    assert box.ask("GET", "/health").json()["status"] == "healthy"
    assert soak.predict(box, 1) is None
    assert box.ask("POST", "/predict", json=soak.CUSTOMER, headers={"X-API-Key": "another"}).status_code == 401


@pytest.mark.slow
def test_what_serves_has_no_more_than_a_gigabyte_and_takes_no_more(box, capsys):
    table = b"".join(sample.csv_bytes().splitlines(keepends=True))
    assert soak.run_job(box, table) is None
    assert [soak.predict(box, turn) for turn in range(200)] == [None] * 200
    form = "{{.HostConfig.Memory}}"
    limits = [int(output("docker", "inspect", "--format", form, box.container(each))) for each in soak.SERVING]
    peaks = {service: peak(box.container(service)) for service in soak.SERVING}
    _show(capsys, "what serves", peaks)
    assert sum(limits) <= GIGABYTE
    assert sum(peaks.values()) * 2**20 <= GIGABYTE


@pytest.mark.slow
def test_training_in_turn_with_the_worker_stays_inside_the_gigabyte(box, started, capsys):
    asked = len(started.recorded("docker"))
    started.run(f"{CURRENT}/deploy/aws/box/train")
    stop, train, start = started.recorded("docker")[asked:]
    box.run(*_here(box, stop))
    peaks = {"trainer": peak_of_trainer(box, [*_here(box, train), "--force"])}
    peaks |= {service: peak(box.container(service)) for service in soak.SERVING if service != "worker"}
    box.run(*_here(box, start))
    _show(capsys, "training", peaks)
    assert sum(peaks.values()) * 2**20 <= GIGABYTE
