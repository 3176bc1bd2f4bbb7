"""`make deploy` against clients that write down what they are asked: what it says, asks, uploads and calls."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

CLIENTS = Path(__file__).parent / "clients"
ORIGIN = ("CertificateArn=arn:aws:acm:us-east-1:123456789012:certificate/a", "OriginName=origin.example.com")


class Done(NamedTuple):
    code: int
    out: str
    err: str
    # What the clients were asked, a line each.
    asked: list[str]

    def made(self) -> list[str]:
        """The stacks that were made, in order."""
        return [each.split()[4] for each in self.asked if each.startswith("aws cloudformation deploy")]

    def parameters(self, stack: str) -> set[str]:
        [line] = [each for each in self.asked if each.startswith(f"aws cloudformation deploy --stack-name {stack} ")]
        return set(line.partition(" --parameter-overrides ")[2].split())


@pytest.fixture
def commit(root) -> str:
    command = ["git", "rev-parse", "--short=12", "HEAD"]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def run(root, tmp_path) -> Callable[..., Done]:
    """A function that runs a command with the clients in front of the path; `answer` is what one types."""

    def run(*command: str, answer: str = "", **settings: str) -> Done:
        record = tmp_path / "record"
        record.write_text("")
        environment = os.environ | {"PATH": f"{CLIENTS}:{os.environ['PATH']}", "RECORD": str(record)}
        environment |= {"AWS_REGION": "eu-west-1", "UV": str(CLIENTS / "uv"), "PYTHON": sys.executable} | settings
        done = subprocess.run(
            command, cwd=root, env=environment, input=answer, capture_output=True, text=True, timeout=60
        )
        return Done(done.returncode, done.stdout, done.stderr, record.read_text().splitlines())

    return run


@pytest.fixture
def deploy(run) -> Callable[..., Done]:
    return lambda *arguments, **settings: run("deploy/aws/deploy", *arguments, **settings)


@pytest.fixture
def make(run) -> Callable[..., Done]:
    # The tests' own environment is there already.
    return lambda *arguments, **settings: run("make", "-o", ".venv/requirements.txt", "deploy", *arguments, **settings)


def test_it_says_what_it_will_do_and_does_nothing_unless_it_is_told_to(make):
    done = make("STACK=churn")
    assert done.code != 0
    assert "In account 123456789012, region eu-west-1:" in done.out
    assert (
        "stack churn (single.yaml): the bucket, the role, the firewall and the machine, which is never replaced by this"
        in done.out
    )
    assert "delete-stack --stack-name churn" in done.out
    assert "Nothing was done." in done.err
    assert done.asked == ["aws sts get-caller-identity --query Account --output text"]


def test_a_yes_is_enough(make):
    assert make("STACK=churn", answer="y\n").made() == ["churn"]


def test_one_box_is_a_key_a_stack_in_the_default_network_and_the_commit_in_its_bucket(make):
    done = make("STACK=churn", "YES=1", "PARAMETERS=WebCidr=203.0.113.0/24 JobDays=3")
    assert done.code == 0, done.err
    assert done.parameters("churn") == {
        "VpcId=vpc-1",
        "SubnetId=subnet-1",
        "ImageId=ami-2",
        "WebCidr=203.0.113.0/24",
        "JobDays=3",
    }
    assert "aws s3 cp --only-show-errors - s3://churn-bucket/deploy/churn.tar.gz" in done.asked
    packed = {each.removeprefix("packed ") for each in done.asked if each.startswith("packed ")}
    assert {"compose.yaml", "deploy/aws/box/install", "services/api/Dockerfile"} <= packed
    assert "https://Site.example.com" in done.out


def test_the_key_is_made_once_and_never_stands_in_a_command(deploy):
    [key] = [each for each in deploy("churn", YES="1").asked if each.startswith("keys ")]
    assert '"Type": "SecureString"' in key
    secret = key.rpartition(': "')[2].removesuffix('"}')
    assert len(secret) == 48
    done = deploy("churn", YES="1", HAS_KEYS="1")
    assert done.code == 0
    assert not [each for each in done.asked if "put-parameter" in each]


def test_the_key_lies_where_the_stack_is_told_to_look(deploy):
    done = deploy("churn", "single", "ApiKeysParameter=/other/keys", YES="1")
    assert "aws ssm get-parameter --name /other/keys" in done.asked


def test_a_named_network_is_taken_instead_of_the_default_one(deploy):
    done = deploy("churn", "single", "VpcId=vpc-2", "SubnetId=subnet-2", YES="1")
    assert done.parameters("churn") == {"VpcId=vpc-2", "SubnetId=subnet-2", "ImageId=ami-2"}


def test_a_machine_that_is_there_keeps_its_image_whatever_debian_publishes(deploy):
    done = deploy("churn", YES="1", HELD_IMAGE="ami-1", NEWEST_IMAGE="ami-9")
    assert "ImageId=ami-1" in done.parameters("churn")
    named = deploy("churn", "single", "ImageId=ami-3", YES="1", HELD_IMAGE="ami-1")
    assert [each for each in named.parameters("churn") if each.startswith("ImageId")] == ["ImageId=ami-3"]


def test_no_deployment_may_replace_the_machine(deploy):
    asked = "\n".join(deploy("churn", YES="1").asked)
    policy = asked.partition("set-stack-policy --stack-name churn --stack-policy-body ")[2]
    statements = json.JSONDecoder().raw_decode(policy)[0]["Statement"]
    assert {"Update:Replace", "Update:Delete"} <= {
        action for each in statements if each["Effect"] == "Deny" for action in each["Action"]
    }
    assert statements[1]["Resource"] == "LogicalResourceId/Instance"


def test_images_are_built_for_the_processors_of_the_tasks(deploy):
    assert "platform linux/amd64" in deploy("many", "cluster", *ORIGIN, YES="1").asked


def test_the_command_asks_for_no_newer_bash_than_a_mac_has(root):
    text = (root / "deploy" / "aws" / "deploy").read_text() + (root / "deploy" / "upgrade").read_text()
    newer = [r"declare -A", r"inherit_errexit", r"\$\{\w+(,,|\^\^)", r"\bmapfile\b|\breadarray\b", r"&>>", r"\$\{\w+@"]
    assert [pattern for pattern in newer if re.search(pattern, text)] == []
    # An empty array is an unset variable there.
    assert not re.search(r'(?<!\+)"\$\{(given|network)\[@\]\}"', text.replace('given=("$@")', ""))


def test_a_cluster_is_repositories_the_commits_images_a_bucket_and_the_stack(make, commit):
    done = make("STACK=many", "TEMPLATE=cluster", "YES=1", f"PARAMETERS={' '.join(ORIGIN)}")
    assert done.code == 0, done.err
    assert done.made() == ["many-images", "many-bucket", "many"]
    images = {
        f"{service}Image=123456789012.dkr.ecr.us-east-1.amazonaws.com/many-images/{service.lower()}repository:{commit}"
        for service in ("Api", "Trainer", "Web")
    }
    ranges = "CloudFrontRanges=203.0.113.0/24,198.51.100.0/24"
    assert done.parameters("many") == {"BucketName=many-bucket-bucket", ranges, *images, *ORIGIN}
    assert any("get-managed-prefix-list-entries --prefix-list-id pl-3b927c52" in each for each in done.asked)
    assert "https://FirstTraining.example.com" in done.out
    pushed = {each.removeprefix("docker push ") for each in done.asked if each.startswith("docker push ")}
    assert pushed == {image.partition("=")[2] for image in images}


def test_a_function_is_its_package_in_the_named_bucket_and_the_stack(deploy, commit):
    done = deploy("now", "lambda", "BucketName=churn-bucket", YES="1")
    assert done.code == 0, done.err
    assert done.made() == ["now"]
    key = f"deploy/function-{commit}.zip"
    assert done.parameters("now") == {"BucketName=churn-bucket", f"PackageKey={key}"}
    [upload] = [each for each in done.asked if each.startswith("aws s3 cp")]
    assert upload.endswith(f"function.zip s3://churn-bucket/{key}")


def test_a_bucket_that_cannot_be_made_ends_it(deploy):
    done = deploy("many", "cluster", *ORIGIN, YES="1", BROKEN="many-bucket")
    assert done.code != 0
    assert "The stack rolled back." in done.err
    assert done.made() == ["many-images", "many-bucket"]


@pytest.mark.parametrize(
    ("arguments", "settings", "message"),
    [
        ([""], {}, "Name the stack: make deploy STACK=churn"),
        (["Churn_1"], {}, "A stack's name is lower case, begins with a letter"),
        (["churn", "box"], {}, "There is single, cluster and lambda; got 'box'."),
        (["churn", "single", "JobDay=3"], {}, "single.yaml has no parameter 'JobDay'. It has: InstanceType, WebCidr,"),
        (["churn", "single", "JobDays"], {}, "A parameter is written Name=value; got 'JobDays'."),
        (["churn", "single", "VpcId=vpc-1"], {}, "VpcId and SubnetId go together"),
        (["many", "cluster", ORIGIN[0]], {}, "The cluster needs CertificateArn=arn:aws:acm:… and OriginName="),
        (["now", "lambda", "Architecture=arm"], {}, "Architecture is x86_64 or arm64; got 'arm'."),
        (["churn"], {"AWS_CLI": "no-aws"}, "There is no no-aws on the path: install the AWS CLI"),
        (["many", "cluster", *ORIGIN], {"DOCKER": "no-docker"}, "There is no no-docker on the path: install Docker"),
        (["now", "lambda"], {"UV": "no-uv"}, "There is no no-uv on the path: start this by 'make deploy'"),
        (
            ["churn"],
            {"NOBODY": "1"},
            "The AWS CLI has no valid credentials: run 'aws configure sso' or set AWS_PROFILE",
        ),
        (["churn"], {"AWS_REGION": ""}, "No region is set: set AWS_REGION."),
    ],
)
def test_what_is_wrong_is_told_in_one_line_with_its_remedy_before_anything_is_done(
    deploy, arguments, settings, message
):
    done = deploy(*arguments, YES="1", **settings)
    assert done.code != 0
    assert done.err.splitlines()[-1].startswith(message)
    assert len(done.err.splitlines()) == 1
    assert not done.made()


def test_a_region_without_a_network_of_its_own_asks_for_one(deploy):
    done = deploy("churn", DEFAULT_VPC="None", YES="1")
    assert "This region has no default network: name one by VpcId=vpc-… SubnetId=subnet-…" in done.err
    assert not done.made()
