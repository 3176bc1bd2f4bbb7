"""The one machine's user data, run in a clean Debian before a cloud that is none."""

import base64
import email
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import boto3
import pytest
from moto.server import ThreadedMotoServer
from tests.deploy.cloudformation_types import taught
from tests.deploy.memory import output

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
        return output("docker", "exec", self.container, *command)

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
    """moto as a server where containers reach it; the environment that leads there."""
    form = "{{(index .IPAM.Config 0).Gateway}}"
    host, port = output("docker", "network", "inspect", "bridge", "--format", form).strip(), free_port()
    server = ThreadedMotoServer(host, port)
    server.start()
    environment = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
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
    systems.put_parameter(Name="/churn/api-keys", Type="SecureString", Value=KEYS)
    template = (aws / "single.yaml").read_text()
    given = {
        "VpcId": network.describe_vpcs()["Vpcs"][0]["VpcId"],
        "SubnetId": network.describe_subnets()["Subnets"][0]["SubnetId"],
        "ImageId": image,
        "JobDays": "3",
        "TrackingDays": "800",
        "Promote": "when_better",
    }
    client = boto3.client("cloudformation")
    client.create_stack(
        StackName="machine",
        TemplateBody=template,
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
    place = ["--network", "host", "--volume", f"{folder}:/record"]
    command = ["docker", "run", "--detach", "--rm", "--name", name, *place]
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
