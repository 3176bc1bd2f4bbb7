"""The one machine's user data in a clean Debian: up to the compose command, and a second time without effect."""

import base64
import email
import hashlib
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import boto3
import pytest
from moto.server import ThreadedMotoServer
from tests.deploy.cloudformation_types import taught

pytestmark = [pytest.mark.stack, pytest.mark.timeout(1200)]

KEYS = "first-key-of-24-letters!\nreporting score second-key-of-24-letters"
STAND_INS = Path(__file__).parent / "machine"
# What the machine is made of: these stay as they are when it is started again.
STATE = (
    "/etc/churn",
    "/etc/docker",
    "/etc/systemd/system",
    "/etc/systemd/journald.conf.d",
    "/run/churn",
    "/opt/churn/current",
)


class Machine(NamedTuple):
    container: str
    folder: Path

    def run(self, *command: str) -> str:
        return subprocess.run(
            ["docker", "exec", self.container, *command], capture_output=True, text=True, check=True
        ).stdout

    def recorded(self, name: str) -> list[str]:
        path = self.folder / name
        return path.read_text().splitlines() if path.exists() else []

    def state(self) -> str:
        """Names, owners, modes and content of what the machine is made of."""
        places = " ".join(STATE)
        names = f"find {places} -exec stat --format '%n %U:%G %a' {{}} + | sort"
        content = f"find {places} -type f | sort | xargs sha256sum"
        return self.run("sh", "-c", f"{names}; {content}")


@pytest.fixture(scope="module")
def amazon(free_port) -> Iterator[dict[str, str]]:
    """moto as a server; the environment that leads there."""
    port = free_port()
    server = ThreadedMotoServer("127.0.0.1", port)
    server.start()
    environment = {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "nobody",
        "AWS_SECRET_ACCESS_KEY": "nothing",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    with pytest.MonkeyPatch.context() as patch, taught():
        for name, value in environment.items():
            patch.setenv(name, value)
        yield environment
    server.stop()


@pytest.fixture(scope="module")
def user_data(root, aws, amazon) -> str:
    """The second part of what the template gives the machine, as the stack makes it."""
    network, systems = boto3.client("ec2"), boto3.client("ssm")
    image = network.describe_images()["Images"][0]["ImageId"]
    systems.put_parameter(Name="/test/image", Type="String", Value=image)
    systems.put_parameter(Name="/churn/api-keys", Type="SecureString", Value=KEYS)
    template = (aws / "single.yaml").read_text()
    given = {
        "VpcId": network.describe_vpcs()["Vpcs"][0]["VpcId"],
        "SubnetId": network.describe_subnets()["Subnets"][0]["SubnetId"],
        "JobDays": "3",
    }
    client = boto3.client("cloudformation")
    client.create_stack(
        StackName="machine",
        TemplateBody=template.replace("/aws/service/debian/release/13/latest/amd64", "/test/image"),
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in given.items()],
    )
    outputs = client.describe_stacks(StackName="machine")["Stacks"][0]["Outputs"]
    found = {output["OutputKey"]: output["OutputValue"] for output in outputs}
    bundle = subprocess.run(["git", "archive", "--format=tar.gz", "HEAD"], cwd=root, capture_output=True, check=True)
    # The bucket's policy refuses plain HTTP, and moto speaks nothing else.
    boto3.client("s3").delete_bucket_policy(Bucket=found["BucketName"])
    boto3.client("s3").put_object(Bucket=found["BucketName"], Key="deploy/churn.tar.gz", Body=bundle.stdout)
    held = network.describe_instance_attribute(InstanceId=found["InstanceId"], Attribute="userData")
    message = email.message_from_bytes(base64.b64decode(held["UserData"]["Value"]))
    first, second = message.get_payload()
    assert "[scripts-user, always]" in first.get_payload()
    return second.get_payload()


@pytest.fixture(scope="module")
def machine(amazon, user_data, tmp_path_factory) -> Iterator[Machine]:
    folder, name = tmp_path_factory.mktemp("machine"), f"deploy-machine-{uuid4().hex[:8]}"
    (folder / "user-data").write_text(user_data)
    # In front of what Debian's packages bring.
    stand_ins = [
        each for path in STAND_INS.iterdir() for each in ("--volume", f"{path}:/usr/local/sbin/{path.name}:ro")
    ]
    settings = [each for key, value in amazon.items() for each in ("--env", f"{key}={value}")]
    command = [
        "docker",
        "run",
        "--detach",
        "--rm",
        "--name",
        name,
        "--network",
        "host",
        "--volume",
        f"{folder}:/record",
    ]
    subprocess.run([*command, *stand_ins, *settings, "debian:trixie-slim", "sleep", "1200"], check=True)
    try:
        yield Machine(name, folder)
    finally:
        subprocess.run(["docker", "kill", name], check=False, stdout=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def started(machine) -> Machine:
    """The machine after its first start."""
    machine.run("bash", "/record/user-data")
    return machine


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
    assert settings["CHURN_STORE_URL"].startswith("s3://machine-bucket-")
    assert (settings["CHURN_WEB_ADDRESS"], settings["CHURN_WEB_PORT"]) == ("0.0.0.0", "80")  # noqa: S104


def test_only_the_services_user_reads_the_keys(started):
    assert started.run("cat", "/run/churn/api-keys") == KEYS + "\n"
    assert started.run("stat", "--format", "%u:%g %a", "/run/churn/api-keys") == "10001:10001 400\n"
    settings = started.run("cat", "/run/churn/production.env")
    assert "first-key" not in settings
    assert "CHURN_API_KEYS_FILE=/run/churn/api-keys" in settings


def test_the_services_are_set_to_start_with_the_machine(started):
    assert "enable churn.service churn-update.timer churn-watchdog.timer churn-train.timer" in started.recorded(
        "systemctl"
    )


def test_the_machine_swaps_nowhere(started):
    assert started.run("awk", "NR > 1", "/proc/swaps") == ""


def test_starting_again_changes_nothing(started):
    before, asked = started.state(), len(started.recorded("systemctl"))
    started.run("bash", "/record/user-data")
    assert started.state() == before
    # What is as it should be is not restarted, but for the stack itself, which compose leaves as it is.
    again = started.recorded("systemctl")[asked:]
    assert [each for each in again if each.startswith("restart")] == ["restart churn.service"]
    assert len(set(started.recorded("docker"))) == 1


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
    built, up = started.recorded("docker")[asked:]
    assert built.endswith("build")
    assert "up --build --detach --wait" in up


def _gunzip(data: bytes) -> bytes:
    return subprocess.run(["gzip", "--decompress"], input=data, capture_output=True, check=True).stdout
