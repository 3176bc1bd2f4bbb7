"""Customers by topic and predictions back on the real stack, with a real broker, while parts of both are killed."""

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import requests

from scripts.stack import override

pytestmark = [pytest.mark.stack, pytest.mark.timeout(600)]

CLIENT = (Path(__file__).parent / "topic_client.py").read_text()
TOOLS = "/opt/kafka/bin"
CUSTOMER = {"gender": "Female", "SeniorCitizen": 0, "tenure": 24, "Contract": "One year", "MonthlyCharges": 65.5}
# Whatever else comes through a topic: broken, another program's, too large, of the wrong kind.
POISON = (
    "{",
    "",
    "null",
    "[1, 2]",
    '{"event": "page_view", "url": "/"}',
    '{"a": ' * 5000,
    "é\u0000",
    '"' + "x" * 900_000 + '"',
)
MANY = 5_000


@pytest.fixture(scope="module")
def streaming(stack):
    """The stack with a broker and one member."""
    stack.compose("--profile", "streaming", "up", "--detach", "--wait", "stream")
    yield stack
    stack.compose("--profile", "streaming", "rm", "--stop", "--force", "--volumes", "stream", "kafka-setup", "kafka")


def client(stack, *arguments: str, lines: str = "") -> str:
    network, image = f"{stack.project}_streams", f"{stack.project}-api"
    command = [
        "docker",
        "run",
        "--rm",
        "--interactive",
        "--network",
        network,
        image,
        "python",
        "-c",
        CLIENT,
        *arguments,
    ]
    done = subprocess.run(command, input=lines, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def write(stack, topic: str, records: list[dict[str, Any]]) -> None:
    client(stack, "write", f"churn.{topic}", lines="".join(json.dumps(record) + "\n" for record in records))


def read(stack, topic: str) -> list[dict[str, Any]]:
    """The values of a topic's records, each with its key."""
    found = [json.loads(line) for line in client(stack, "read", f"churn.{topic}").splitlines()]
    return [json.loads(record["value"]) | {"key": record["key"]} for record in found]


def customers(name: str, count: int) -> list[dict[str, Any]]:
    """Records of customers whom no other test knows."""
    ids = [f"{name}-{number}" for number in range(count)]
    return [{"key": name, "value": json.dumps(CUSTOMER | {"customerID": name})} for name in ids]


def predicted(stack, name: str) -> dict[str, list[dict[str, Any]]]:
    """The answers on these customers by the key of their record."""
    answers: dict[str, list[dict[str, Any]]] = {}
    for answer in read(stack, "predictions"):
        if str(answer["customerID"]).startswith(name):
            answers.setdefault(answer["key"], []).append(answer)
    return answers


def members(stack) -> list[int]:
    """The main processes of all members that run, as the host numbers them."""
    ids = stack.compose("ps", "--quiet", "stream").split()
    found = json.loads(stack.run("docker", "inspect", *ids).stdout)
    return [container["State"]["Pid"] for container in found if container["State"]["Running"]]


def test_a_customer_by_the_console_producer_is_a_prediction_for_the_console_consumer(streaming):
    """The commands of the README."""
    tool = ("exec", "-T", "kafka", "sh", "-c")
    customer = json.dumps(CUSTOMER | {"customerID": "console-1"})
    to, of = ("--bootstrap-server localhost:9092 --topic churn." + topic for topic in ("customers", "predictions"))
    streaming.compose(*tool, f"echo '{customer}' | {TOOLS}/kafka-console-producer.sh {to}")
    shown = streaming.compose(*tool, f"{TOOLS}/kafka-console-consumer.sh {of} --from-beginning --max-messages 1")
    answer = json.loads(next(line for line in shown.splitlines() if line.startswith("{")))
    by_http = requests.post(f"{streaming.site}/predict?reasons=none", json=json.loads(customer), timeout=30).json()
    assert answer["churn_probability"] == pytest.approx(by_http["churn_probability"])
    assert answer["customerID"] == "console-1"
    assert answer["source"]["topic"] == "churn.customers"


def test_poison_large_and_foreign_records_and_tombstones_stop_nothing(streaming, eventually):
    good = customers("beside", 300)
    bad = [{"key": "beside", "value": value} for value in POISON] * 3
    records = [
        record for pair in zip(good, [*bad, {"key": "gone", "value": None}] * 30, strict=False) for record in pair
    ]
    write(streaming, "customers", records)
    eventually(lambda: len(predicted(streaming, "beside")) == len(good), seconds=60)
    refused = [error for error in read(streaming, "refused") if error["source"]["topic"] == "churn.customers"]
    assert len({error["key"] for error in refused}) == sum(record["value"] in POISON for record in records)
    assert all(error["error"] and not error["success"] for error in refused)


def test_a_record_that_asks_for_reasons_gets_them(streaming, eventually):
    [record] = customers("asking", 1)
    write(streaming, "customers", [record | {"headers": {"reasons": "3"}}])
    eventually(lambda: predicted(streaming, "asking"))
    [[answer]] = predicted(streaming, "asking").values()
    assert len(answer["reasons"]) == 3


def test_outcomes_by_topic_are_held_of_their_customer_and_faulty_ones_come_back(streaming, eventually):
    outcomes = [{"customerID": "console-1", "left_at": "2026-11-03"}, {"customerID": "console-2", "left_at": "soon"}]
    write(streaming, "outcomes", [{"key": each["customerID"], "value": json.dumps(each)} for each in outcomes])

    def held() -> list[Any]:
        return requests.get(f"{streaming.site}/customers/console-1", timeout=30).json().get("outcomes", [])

    eventually(lambda: len(held()) == 1, seconds=60)
    assert held()[0]["left_at"] == "2026-11-03"

    def refused() -> list[Any]:
        return [error for error in read(streaming, "refused") if error["source"]["topic"] == "churn.outcomes"]

    eventually(refused)
    assert [error["field"] for error in refused()[0]["errors"]] == ["left_at"]


def consumes(stack) -> bool:
    """Whether all members that run are healthy, asked now and not when the engine asks next."""
    command = stack.containers()["stream"]["Config"]["Healthcheck"]["Test"][1]
    ids = stack.compose("ps", "--quiet", "stream").split()
    return all(stack.run("docker", "exec", each, "sh", "-c", command, check=False).returncode == 0 for each in ids)


def test_a_killed_member_and_a_killed_broker_lose_nothing_and_each_record_has_one_result(streaming, eventually):
    up = ("--profile", "streaming", "up", "--detach", "--no-recreate", "--no-deps", "--wait")
    streaming.compose(*up, "--scale", "stream=2", "stream")
    write(streaming, "customers", customers("first", MANY))
    os.kill(members(streaming)[0], signal.SIGKILL)
    write(streaming, "customers", customers("second", MANY))
    streaming.compose("kill", "kafka")
    eventually(lambda: not consumes(streaming), seconds=60)
    streaming.compose("start", "kafka")
    eventually(lambda: consumes(streaming), seconds=60)
    write(streaming, "customers", customers("third", MANY))
    for name in ("third", "second", "first"):
        eventually(lambda name=name: len(predicted(streaming, name)) == MANY, seconds=60)
    for answers in predicted(streaming, "").values():
        assert len({(answer["customerID"], answer["churn_probability"]) for answer in answers}) == 1


def test_a_member_tells_every_metric_that_a_rule_or_the_dashboard_asks_for(root, streaming):
    ask = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:8001/metrics').read().decode())"
    told = streaming.compose("exec", "-T", "stream", "python", "-c", ask)
    folder = root / "deploy" / "monitoring"
    texts = [path.read_text() for path in [*(folder / "rules").glob("*.yml"), *(folder / "grafana").glob("*.json")]]
    named = {name for text in texts for name in re.findall(r"(?<![\w:])churn_stream_[a-z_]+(?![\w:])", text)}
    assert len(named) > 4
    assert {name for name in named if name not in told} == set()
    waiting = re.findall(r"^churn_stream_lag (\S+)$", told, re.MULTILINE)
    assert [float(number) for number in waiting] == [0]


@pytest.mark.parametrize("service", ["stream", "kafka", "kafka-setup"])
def test_a_container_of_the_profile_is_confined(streaming, service):
    container = streaming.containers()[service]
    host = container["HostConfig"]
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", container["Config"]["User"])
    assert host["ReadonlyRootfs"]
    assert host["CapDrop"] == ["ALL"]
    assert not host["PortBindings"]


class Secured(NamedTuple):
    """A broker that is talked to by TLS and asks for a password, and what a member is told to reach it."""

    stack: Any
    folder: Path
    settings: dict[str, str]

    def member(self, **settings: str) -> None:
        """Start a member anew, with these settings instead."""
        told = self.stack.having(**(self.settings | settings))
        told.compose("--profile", "streaming", "up", "--detach", "--no-deps", "--force-recreate", "stream")

    def told(self) -> str:
        """What the member has logged."""
        return str(self.stack.compose("logs", "--no-color", "stream"))


def certificate(folder: Path, name: str) -> Path:
    """A certificate of the broker's name that is its own authority, with its key before it."""
    key, path = folder / f"{name}.key", folder / f"{name}.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=kafka"]
    names = ["-addext", "subjectAltName=DNS:kafka", "-keyout", str(key), "-out", str(path)]
    subprocess.run([*command, *names], check=True, capture_output=True)
    (folder / f"{name}.both").write_text(key.read_text() + path.read_text())
    for file in folder.iterdir():
        file.chmod(0o644)
    return path


@pytest.fixture(scope="module")
def secured(streaming, new_folder):
    """The stack's broker, with a certificate made for it and a user of SCRAM-SHA-512, and a member that logs in."""
    folder = new_folder("secured")
    ours, _ = (certificate(folder, name) for name in ("ours", "others"))
    for name in ("right", "wrong"):
        (folder / name).write_text(f"{name}-password\n")
    login = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
    broker = {
        "KAFKA_LISTENERS": "PLAINTEXT://:9092,SECURED://:9094,CONTROLLER://localhost:9093",
        "KAFKA_ADVERTISED_LISTENERS": "PLAINTEXT://kafka:9092,SECURED://kafka:9094",
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "PLAINTEXT:PLAINTEXT,SECURED:SASL_SSL,CONTROLLER:PLAINTEXT",
        "KAFKA_SASL_ENABLED_MECHANISMS": "SCRAM-SHA-512",
        "KAFKA_LISTENER_NAME_SECURED_SCRAM___SHA___512_SASL_JAAS_CONFIG": login,
        "KAFKA_SSL_KEYSTORE_TYPE": "PEM",
        "KAFKA_SSL_KEYSTORE_LOCATION": "/run/broker.pem",
    }
    services = {
        "kafka": {"environment": broker, "volumes": [f"{folder / 'ours.both'}:/run/broker.pem:ro,z"]},
        "stream": {"environment": {"CHURN_STREAM_URL": "kafka://kafka:9094"}},
    }
    settings = {
        "CHURN_STREAM_TLS": "true",
        "CHURN_STREAM_CA_FILE": str(ours),
        "CHURN_STREAM_SASL": "SCRAM-SHA-512",
        "CHURN_STREAM_USER": "churn",
        "CHURN_STREAM_PASSWORD_FILE": str(folder / "right"),
    }
    stack = streaming.having(**override(folder, services))
    stack.compose("--profile", "streaming", "rm", "--stop", "--force", "stream")
    stack.compose("--profile", "streaming", "up", "--detach", "--no-deps", "--force-recreate", "--wait", "kafka")
    user = "--alter --entity-type users --entity-name churn --add-config SCRAM-SHA-512=[password=right-password]"
    stack.compose("exec", "-T", "kafka", f"{TOOLS}/kafka-configs.sh", "--bootstrap-server", "kafka:9092", *user.split())
    return Secured(stack, folder, settings)


def test_a_member_reaches_a_broker_by_tls_and_logs_in_by_scram(secured, eventually):
    secured.member()
    write(secured.stack, "customers", customers("secured", 1))
    eventually(lambda: predicted(secured.stack, "secured"), seconds=60)
    assert consumes(secured.stack)


@pytest.mark.parametrize(
    ("setting", "file", "words"),
    [
        ("CHURN_STREAM_PASSWORD_FILE", "wrong", "CHURN_STREAM_USER and CHURN_STREAM_PASSWORD_FILE"),
        ("CHURN_STREAM_CA_FILE", "others.pem", "check CHURN_STREAM_TLS, CHURN_STREAM_CA_FILE"),
    ],
    ids=["password", "authority"],
)
def test_a_broker_that_refuses_or_cannot_prove_itself_is_named_and_nothing_is_consumed(
    secured, eventually, setting, file, words
):
    secured.member(**{setting: str(secured.folder / file)})
    eventually(lambda: words in secured.told(), seconds=60)
    assert not consumes(secured.stack)


@pytest.fixture
def disk(new_folder) -> Iterator[Path]:
    """A disk of its own in memory, of which a test may use up all."""
    folder = new_folder("disk")
    mount = ["mount", "-t", "tmpfs", "-o", "size=384m,uid=1000,gid=1000", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no disk may be mounted here (root may)")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.slow
def test_a_broker_whose_disk_is_full_takes_no_results_and_loses_none(streaming, disk, tmp_path, eventually):
    broker = {"kafka": {"volumes": [f"{disk}:/var/lib/kafka/data"]}}
    stack = streaming.having(**override(tmp_path, broker))
    up = ("--profile", "streaming", "up", "--detach", "--force-recreate", "--wait")
    stack.compose("--profile", "streaming", "rm", "--stop", "--force", "stream", "kafka-setup", "kafka")
    stack.compose(*up, "stream")
    junk = disk / "junk"
    with stack.hanging("stream"):
        write(stack, "customers", customers("kept", MANY))
        with junk.open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(1 << 16))
    try:
        eventually(lambda: not consumes(stack), seconds=120)
        time.sleep(20)
        assert not consumes(stack)
    finally:
        junk.unlink()
    eventually(lambda: consumes(stack), seconds=180)
    eventually(lambda: len(predicted(stack, "kept")) == MANY, seconds=120)
    assert all(
        len({each["churn_probability"] for each in answers}) == 1 for answers in predicted(stack, "kept").values()
    )
