"""Every template comes up, changes and goes, and what it makes is what it should be."""

import json
import re
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple, get_args

import boto3
import pytest
from annotated_types import Ge, Le
from moto import mock_aws
from tests.deploy.cloudformation_types import taught

from churn_api.settings import ApiSettings
from churn_api.streaming.settings import StreamSettings

NAMES = ("bucket", "cluster", "images", "lambda", "single", "streams")
# One parameter of each template, and what it changes to.
CHANGES = {
    "bucket": ("JobDays", "9"),
    "cluster": ("MaxWorkers", "30"),
    "lambda": ("RequestsPerSecond", "77"),
    "single": ("WebCidr", "203.0.113.0/24"),
    "streams": ("RetentionHours", "24"),
}


class Stack(NamedTuple):
    name: str
    outputs: dict[str, str]
    resources: dict[str, str]


@pytest.fixture(scope="module", autouse=True)
def amazon() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch, mock_aws(), taught():
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        yield


@pytest.fixture(scope="module")
def given() -> dict[str, dict[str, str]]:
    """What each template must be given, all of it there."""
    network, store = boto3.client("ec2"), boto3.client("s3")
    image = network.describe_images()["Images"][0]["ImageId"]
    network.create_key_pair(KeyName="mine")
    certificate = boto3.client("acm").request_certificate(DomainName="origin.example.com")["CertificateArn"]
    store.create_bucket(Bucket="given")
    store.put_object(Bucket="given", Key="deploy/function.zip", Body=b"PK\x05\x06" + bytes(18))
    repository = "123456789012.dkr.ecr.us-east-1.amazonaws.com/churn"
    return {
        "bucket": {},
        "cluster": {f"{name}Image": f"{repository}/{name.lower()}:1" for name in ("Api", "Trainer", "Web")}
        | {"BucketName": "given", "CertificateArn": certificate, "OriginName": "origin.example.com"},
        "images": {},
        "lambda": {"BucketName": "given", "PackageKey": "deploy/function.zip"},
        "single": {
            "VpcId": network.describe_vpcs()["Vpcs"][0]["VpcId"],
            "SubnetId": network.describe_subnets()["Subnets"][0]["SubnetId"],
            "ImageId": image,
        },
        "streams": {"BucketName": "given"},
    }


@pytest.fixture(scope="module")
def template(aws: Path) -> Callable[[str], str]:
    return lambda name: (aws / f"{name}.yaml").read_text()


@pytest.fixture(scope="module")
def numbers() -> Iterator[int]:
    return count(1)


@pytest.fixture(scope="module")
def create(given, template, numbers) -> Callable[..., Stack]:
    def make(name: str, **parameters: str) -> Stack:
        client = boto3.client("cloudformation")
        stack = f"churn-{next(numbers)}"
        if name == "streams":  # the names of streams are given, unlike those of all else
            parameters = {"Prefix": stack} | parameters
        client.create_stack(StackName=stack, TemplateBody=template(name), Parameters=_list(given[name] | parameters))
        return _described(stack)

    return make


def _list(parameters: dict[str, str]) -> list[Any]:
    return [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]


def _described(name: str) -> Stack:
    client = boto3.client("cloudformation")
    stack = client.describe_stacks(StackName=name)["Stacks"][0]
    assert stack["StackStatus"] in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}
    resources = client.describe_stack_resources(StackName=name)["StackResources"]
    return Stack(
        name,
        {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])},
        {
            each["LogicalResourceId"]: each.get("PhysicalResourceId", "")
            for each in resources
            if "LogicalResourceId" in each
        },
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_stack_makes_every_resource_that_has_no_condition(name, create, template):
    resources = template(name).split("\nResources:\n")[1].split("\nOutputs:\n")[0]
    declared = dict(re.findall(r"^  (\w+):\n((?:    .*\n|\n|  #.*\n)+)", resources, re.MULTILINE))
    assert len(declared) >= 2
    unconditional = {logical for logical, body in declared.items() if "    Condition: " not in body}
    assert unconditional <= set(create(name).resources)


@pytest.mark.parametrize("name", CHANGES)
def test_a_stack_takes_a_changed_parameter(name, create, given, template):
    stack = create(name).name
    parameters = given[name] | dict([CHANGES[name]])
    client = boto3.client("cloudformation")
    client.update_stack(StackName=stack, TemplateBody=template(name), Parameters=_list(parameters))
    described = client.describe_stacks(StackName=stack)["Stacks"][0]
    assert described["StackStatus"] == "UPDATE_COMPLETE"
    assert CHANGES[name] in [(each["ParameterKey"], each["ParameterValue"]) for each in described["Parameters"]]


@pytest.mark.parametrize("name", NAMES)
def test_a_deleted_stack_leaves_nothing(name, create):
    client, stack = boto3.client("cloudformation"), create(name)
    client.delete_stack(StackName=stack.name)
    states = {each["StackName"]: each["StackStatus"] for each in client.list_stacks()["StackSummaries"]}
    assert states[stack.name] == "DELETE_COMPLETE"


@pytest.fixture(scope="module", params=["bucket", "single"])
def bucket(request, read_template) -> dict[str, Any]:
    return read_template(request.param)["Resources"]


def test_the_bucket_is_private_encrypted_versioned_and_refuses_plain_http(bucket):
    properties = bucket["Bucket"]["Properties"]
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(properties["PublicAccessBlockConfiguration"]) == 4
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
    [rule] = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    [statement] = bucket["BucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert statement["Effect"] == "Deny"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_jobs_expire_and_current_releases_never_do(bucket):
    rules = bucket["Bucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    expiring = {rule["Prefix"]: rule["ExpirationInDays"] for rule in rules if "ExpirationInDays" in rule}
    assert expiring == {"jobs/": {"Ref": "JobDays"}}
    [cheaper] = [rule for rule in rules if rule["Prefix"] == "models/"]
    assert cheaper["Transitions"] == [{"StorageClass": "STANDARD_IA", "TransitionInDays": 90}]


@pytest.mark.parametrize("prefix", ["jobs/", "tracking/", "campaigns/", "alerts/"])
def test_whoever_is_erased_is_gone_from_old_versions_within_a_day(bucket, prefix):
    rules = bucket["Bucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    [rule] = [rule for rule in rules if rule["Prefix"] == prefix]
    assert (rule["Status"], rule["NoncurrentVersionExpiration"]) == ("Enabled", {"NoncurrentDays": 1})


def test_checkpoints_that_were_overwritten_are_gone_within_a_day(bucket):
    rules = bucket["Bucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    [rule] = [rule for rule in rules if rule["Prefix"] == "streams/"]
    assert (rule["Status"], rule["NoncurrentVersionExpiration"]) == ("Enabled", {"NoncurrentDays": 1})


def test_the_streams_are_those_that_the_service_reads_and_writes(read_template):
    template = read_template("streams")
    prefix = template["Parameters"]["Prefix"]["Default"]
    streams = [each for each in template["Resources"].values() if each["Type"] == "AWS::Kinesis::Stream"]
    names = {each["Properties"]["Name"]["Fn::Sub"].replace("${Prefix}", prefix) for each in streams}
    settings = StreamSettings(stream_url="kinesis://us-east-1", store_url="s3://given")
    assert names == {*settings.read_topics, *settings.written_topics}


@pytest.mark.parametrize("name", ["single", "cluster"])
def test_tracking_and_promotion_may_be_what_the_settings_take(read_template, name):
    parameters = read_template(name)["Parameters"]
    promote, days = (ApiSettings.model_fields[each] for each in ("promote", "tracking_days"))
    assert parameters["Promote"]["AllowedValues"] == list(get_args(promote.annotation))
    assert parameters["Promote"]["Default"] == promote.default
    asked = parameters["TrackingDays"]
    assert [Ge(asked["MinValue"]), Le(asked["MaxValue"])] == days.metadata
    assert asked["Default"] == days.default


def test_the_bucket_outlives_its_stack(bucket):
    assert bucket["Bucket"]["DeletionPolicy"] == "RetainExceptOnCreate"


def test_there_is_one_bucket_in_two_templates(read_template):
    alone, with_machine = (read_template(name)["Resources"] for name in ("bucket", "single"))
    assert {name: alone[name] for name in ("Bucket", "BucketPolicy")} == {
        name: with_machine[name] for name in ("Bucket", "BucketPolicy")
    }


def _open_ports(stack: Stack) -> dict[int, str]:
    permissions = _group(stack)["IpPermissions"]
    return {each["FromPort"]: each["IpRanges"][0]["CidrIp"] for each in permissions}


def _group(stack: Stack) -> dict[str, Any]:
    found = boto3.client("ec2").describe_security_groups(GroupIds=[stack.resources["SecurityGroup"]])
    return found["SecurityGroups"][0]


@pytest.mark.parametrize(
    ("parameters", "ports"),
    [
        ({}, {80: "0.0.0.0/0"}),
        ({"WebCidr": "203.0.113.0/24"}, {80: "203.0.113.0/24"}),
        ({"DomainName": "churn.example.com"}, {80: "0.0.0.0/0", 443: "0.0.0.0/0"}),
        ({"SshCidr": "203.0.113.7/32", "KeyName": "mine"}, {80: "0.0.0.0/0", 22: "203.0.113.7/32"}),
    ],
    ids=["plain", "for some", "with a domain", "with SSH"],
)
def test_the_machine_is_open_only_where_it_was_asked_to_be(create, parameters, ports):
    assert _open_ports(create("single", **parameters)) == ports


def test_the_machine_reaches_out_by_http_and_https_alone(read_template):
    rules = read_template("single")["Resources"]["SecurityGroup"]["Properties"]["SecurityGroupEgress"]
    assert sorted((each["FromPort"], each["ToPort"], each["IpProtocol"]) for each in rules) == [
        (80, 80, "tcp"),
        (443, 443, "tcp"),
    ]


@pytest.mark.parametrize(("domain", "scheme"), [("", "http://"), ("churn.example.com", "https://churn.example.com")])
def test_the_stack_tells_the_sites_address(create, domain, scheme):
    assert create("single", DomainName=domain).outputs["Site"].startswith(scheme)


@pytest.mark.parametrize(
    ("name", "watched"),
    [
        ("single", {"Up", "UpgradeFailed", "StatusCheckFailed"}),
        ("cluster", {"HTTPCode_ELB_5XX_Count", "HTTPCode_Target_5XX_Count", "HealthyHostCount", "QueueLength"}),
        ("lambda", {"Errors"}),
    ],
)
def test_who_does_not_look_is_told(name, watched, read_template):
    named = read_template(name)["Resources"]
    resources = named.values()
    alarms = [each["Properties"] for each in resources if each["Type"] == "AWS::CloudWatch::Alarm"]
    assert {alarm["MetricName"] for alarm in alarms} == watched
    assert all(alarm["AlarmActions"] == alarm["OKActions"] == [{"Ref": "Alarms"}] for alarm in alarms)
    subscription = named["AlarmSubscription"]
    assert subscription["Condition"] == "HasEmail"
    assert subscription["Properties"]["Endpoint"] == {"Ref": "AlarmEmail"}


def test_a_machine_is_made_of_one_image_and_not_of_whatever_is_newest(read_template):
    template = read_template("single")
    assert template["Parameters"]["ImageId"]["Type"] == "AWS::EC2::Image::Id"
    assert "AWS::SSM::Parameter" not in str(template["Parameters"])


@pytest.fixture(scope="module")
def containers(read_template) -> list[dict[str, Any]]:
    """All containers of all tasks of all templates."""
    resources = [each for name in NAMES for each in read_template(name)["Resources"].values()]
    tasks = [each["Properties"] for each in resources if each["Type"] == "AWS::ECS::TaskDefinition"]
    return [container for task in tasks for container in task["ContainerDefinitions"]]


def _dockerfile(root: Path, container: dict[str, Any]) -> str:
    return (root / "services" / container["Image"]["Ref"].removesuffix("Image").lower() / "Dockerfile").read_text()


def test_no_container_of_a_task_is_root(root, containers):
    assert {each["Name"] for each in containers} == {"api", "keys", "trainer", "web", "worker"}
    for each in containers:
        assert f"\nUSER {each['User']}\n" in _dockerfile(root, each), each["Name"]
        assert not each["User"].startswith("0"), each["Name"]


def test_a_tasks_volume_lies_where_its_image_declares_one(root, containers):
    """Another one would be root's, and nobody else could write to it."""
    for each in containers:
        declared = re.search(r"^VOLUME (.*)$", _dockerfile(root, each), re.MULTILINE)[1]
        assert {mount["ContainerPath"] for mount in each["MountPoints"]} == set(json.loads(declared)), each["Name"]


def test_workers_are_replaced_before_what_gives_them_work(read_template):
    assert "WorkerService" in read_template("cluster")["Resources"]["ApiService"]["DependsOn"]


@pytest.mark.parametrize("task", ["ApiTask", "WorkerTask"])
def test_a_tasks_keys_are_asked_for_again_and_again(read_template, task):
    containers = read_template("cluster")["Resources"][task]["Properties"]["ContainerDefinitions"]
    [keys] = [each for each in containers if each["Name"] == "keys"]
    assert keys["Command"][:3] == ["python", "-m", "churn_api.auth.parameter_store"]
    [served] = [each for each in containers if each["Name"] in {"api", "worker"}]
    assert {"ContainerName": "keys", "Condition": "HEALTHY"} in served["DependsOn"]
    assert not any("Secrets" in each for each in containers)


def test_what_works_on_the_queue_scales_by_its_length_and_what_answers_by_requests(create):
    create("cluster")
    policies = boto3.client("application-autoscaling").describe_scaling_policies(ServiceNamespace="ecs")
    targets = {
        each["PolicyName"]: each["TargetTrackingScalingPolicyConfiguration"] for each in policies["ScalingPolicies"]
    }
    assert targets["requests-per-task"]["PredefinedMetricSpecification"]["PredefinedMetricType"] == (
        "ALBRequestCountPerTarget"
    )
    metrics = targets["queue-length"]["CustomizedMetricSpecification"]["Metrics"]
    assert [each["Id"] for each in metrics] == ["queue", "workers", "share"]
