"""What each service's role may do on AWS, and what it may not: asked of an evaluator of policies, call by call."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import pytest

ACCOUNT = "123456789012"
ARN = f"arn:aws:{{}}:us-east-1:{ACCOUNT}:"
KEYS = ARN.format("ssm") + "parameter/churn/api-keys"
TRAINER = ARN.format("ecs") + "task-definition/churn-trainer:1"
# What the templates' references stand for.
VALUES = {
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::AccountId": ACCOUNT,
    "AWS::StackName": "churn",
    "ApiKeysParameter": "/churn/api-keys",
    "BucketName": "churn",
    "Customers.Arn": ARN.format("kinesis") + "stream/churn.customers",
    "Outcomes.Arn": ARN.format("kinesis") + "stream/churn.outcomes",
    "Predictions.Arn": ARN.format("kinesis") + "stream/churn.predictions",
    "Refused.Arn": ARN.format("kinesis") + "stream/churn.refused",
    "Bucket": "churn",
    "Bucket.Arn": "arn:aws:s3:::churn",
    "Cluster.Arn": ARN.format("ecs") + "cluster/churn",
    "ExecutionRole.Arn": f"arn:aws:iam::{ACCOUNT}:role/execution",
    "LogGroup.Arn": ARN.format("logs") + "log-group:churn:*",
    "TrainerRole.Arn": f"arn:aws:iam::{ACCOUNT}:role/trainer",
    "TrainerTask": TRAINER,
}
ROLES = {
    "machine": ("single", "Role"),
    "api": ("cluster", "ApiRole"),
    "worker": ("cluster", "WorkerRole"),
    "trainer": ("cluster", "TrainerRole"),
    "execution": ("cluster", "ExecutionRole"),
    "schedule": ("cluster", "ScheduleRole"),
    "gauge": ("cluster", "GaugeRole"),
    "function": ("lambda", "Role"),
    # A policy for whatever role runs the service.
    "stream": ("streams", "MemberPolicy"),
}
STREAM = ARN.format("kinesis") + "stream/churn."
OBJECTS = ("models/releases/1/manifest.json", "models/current.json", "outputs/plots/a.png", "data/raw/a.csv")
OBJECTS += ("config/aws_config.json", "jobs/job_1/input.csv", "tracking/merging.json", "deploy/churn.tar.gz")
OBJECTS += ("alerts/rules.json", "campaigns/cam_1/campaign.json", "elsewhere/a")
OBJECTS += ("models/shadow.json", "streams/churn/churn.customers/shardId-000000000000.json")
OBJECTS += ("training/requests/2026-11-20.json", "experiments/exp_1/experiment.json")
LEARNING = ("training", "experiments")
READ, WRITE, DELETE = "s3:GetObject", "s3:PutObject", "s3:DeleteObject"
# What moves by promotions and experiments is two objects: the releases themselves are the trainer's alone.
CURRENT, SHADOW = "models/current.json", "models/shadow.json"
# Under which prefixes, or which objects, each role may read, write and delete; every other pair of these is refused.
REACH = {
    "machine": {
        READ: {"models", "outputs", "data", "config", "jobs", "tracking", "campaigns", "alerts", "deploy", *LEARNING},
        WRITE: {"models", "outputs", "data", "config", "jobs", "tracking", "campaigns", "alerts", *LEARNING},
        DELETE: {"jobs", "tracking", "campaigns", "alerts"},
    },
    "api": {
        READ: {"models", "outputs", "jobs", "tracking", "campaigns", "alerts", *LEARNING},
        WRITE: {"jobs", "tracking", "campaigns", "alerts", "experiments", CURRENT, SHADOW},
        DELETE: {"jobs", "campaigns"},
    },
    "worker": {
        READ: {"models", "jobs", "tracking", "campaigns", "alerts", "data", *LEARNING},
        WRITE: {"jobs", "tracking", "campaigns", "alerts", "data", *LEARNING, CURRENT, SHADOW},
        DELETE: {"jobs", "tracking", "campaigns", "alerts"},
    },
    "trainer": {
        READ: {"models", "outputs", "data", "config", "tracking", "campaigns", *LEARNING},
        WRITE: {"models", "outputs", "data", "config", *LEARNING},
        DELETE: set(),
    },
    "function": {READ: {"models", "outputs"}, WRITE: set(), DELETE: set()},
    "stream": {
        READ: {"models", "tracking", "streams"},
        WRITE: {"tracking", "streams"},
        DELETE: {"tracking", "streams"},
    },
}


class Call(NamedTuple):
    role: str
    action: str
    resource: str
    allowed: bool
    context: dict[str, str] = {}  # noqa: RUF012 - never changed

    def __str__(self) -> str:
        return f"{self.role}:{self.action.split(':')[1]}:{self.resource.split(':')[-1]}:{self.allowed}"


def _object_calls() -> list[Call]:
    return [
        Call(role, action, f"arn:aws:s3:::churn/{key}", bool({key, key.split("/")[0]} & prefixes))
        for role, reach in REACH.items()
        for action, prefixes in reach.items()
        for key in OBJECTS
    ]


BUCKET = "arn:aws:s3:::churn"
FROM_TASKS = {"iam:PassedToService": "ecs-tasks.amazonaws.com"}
OTHER_CALLS = [
    *[Call(role, "s3:ListBucket", BUCKET, allowed=True) for role in REACH],
    *[Call(role, "s3:GetObject", "arn:aws:s3:::another/models/a", allowed=False) for role in REACH],
    *[
        Call(role, action, BUCKET, allowed=False)
        for role in REACH
        for action in ("s3:DeleteBucket", "s3:PutBucketPolicy", "s3:PutLifecycleConfiguration", "s3:PutBucketAcl")
    ],
    *[Call(role, "iam:PassRole", VALUES["TrainerRole.Arn"], allowed=False) for role in REACH],
    Call("machine", "ssm:GetParameter", KEYS, allowed=True),
    Call("machine", "ssm:PutParameter", KEYS, allowed=False),
    Call("machine", "ssm:GetParameter", KEYS + "-of-others", allowed=False),
    Call("function", "ssm:GetParameter", KEYS, allowed=True),
    Call("function", "ssm:PutParameter", KEYS, allowed=False),
    Call("function", "logs:PutLogEvents", ARN.format("logs") + "log-group:churn:log-stream:a", allowed=True),
    Call("function", "logs:PutLogEvents", ARN.format("logs") + "log-group:another:log-stream:a", allowed=False),
    # Beside each of them stands what asks for the keys again and again; nothing is told to the trainer.
    *[Call(role, "ssm:GetParameter", KEYS, allowed=True) for role in ("api", "worker")],
    *[Call(role, "ssm:GetParameter", KEYS + "-of-others", allowed=False) for role in ("api", "worker")],
    Call("trainer", "ssm:GetParameter", KEYS, allowed=False),
    Call("machine", "s3:PutObject", f"{BUCKET}/deploy/status.txt", allowed=True),
    Call("machine", "cloudwatch:PutMetricData", "*", True, {"cloudwatch:namespace": "churn"}),
    Call("machine", "cloudwatch:PutMetricData", "*", False, {"cloudwatch:namespace": "AWS/EC2"}),
    Call("execution", "ssm:GetParameters", KEYS, allowed=False),
    Call("execution", "s3:GetObject", f"{BUCKET}/jobs/a", allowed=False),
    Call("schedule", "ecs:RunTask", TRAINER, True, {"ecs:cluster": VALUES["Cluster.Arn"]}),
    Call("schedule", "ecs:RunTask", TRAINER, False, {"ecs:cluster": VALUES["Cluster.Arn"] + "-of-others"}),
    Call("schedule", "iam:PassRole", VALUES["TrainerRole.Arn"], True, FROM_TASKS),
    Call("schedule", "iam:PassRole", VALUES["TrainerRole.Arn"], False, {"iam:PassedToService": "ec2.amazonaws.com"}),
    Call("schedule", "iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/admin", False, FROM_TASKS),
    *[
        Call("stream", f"kinesis:{action}", STREAM + name, allowed)
        for action, names in {
            "ListShards": {"customers", "outcomes"},
            "GetShardIterator": {"customers", "outcomes"},
            "GetRecords": {"customers", "outcomes"},
            "PutRecords": {"predictions", "refused"},
            "DeleteStream": set(),
            "SplitShard": set(),
        }.items()
        for name in ("customers", "outcomes", "predictions", "refused")
        for allowed in [name in names]
    ],
    Call("gauge", "cloudwatch:PutMetricData", "*", True, {"cloudwatch:namespace": "churn"}),
    Call("gauge", "cloudwatch:PutMetricData", "*", False, {"cloudwatch:namespace": "AWS/EC2"}),
    Call("gauge", "s3:GetObject", f"{BUCKET}/jobs/a", allowed=False),
]
CALLS = _object_calls() + OTHER_CALLS


def _resolved(value: Any) -> Any:
    """A part of a template with its references replaced by what they stand for."""
    if isinstance(value, list):
        return [_resolved(each) for each in value]
    if not isinstance(value, dict):
        return value
    if "Ref" in value:
        return VALUES[value["Ref"]]
    if "Fn::GetAtt" in value:
        return VALUES[".".join(value["Fn::GetAtt"])]
    if "Fn::Sub" in value:
        return re.sub(r"\$\{([\w:.]+)}", lambda match: VALUES[match[1]], value["Fn::Sub"])
    return {key: _resolved(each) for key, each in value.items()}


def _policies(name: str, properties: dict[str, Any]) -> list[Any]:
    """A role's own policies, or the one that is made for a role."""
    if "PolicyDocument" in properties:
        return [{"PolicyName": name, "PolicyDocument": properties["PolicyDocument"]}]
    return list(properties.get("Policies", []))


@pytest.fixture(scope="module")
def policies(read_template) -> dict[str, list[Any]]:
    """Each role's own policies, as the evaluator wants them."""
    return {
        role: [
            {"name": each["PolicyName"], "policy": _resolved(each["PolicyDocument"])}
            for each in _policies(logical, read_template(template)["Resources"][logical]["Properties"])
        ]
        for role, (template, logical) in ROLES.items()
    }


def _ask(root: Path, simulations: list[Any]) -> list[Any]:
    """What the evaluator answers, in order."""
    modules = root / ".venv" / "iam"
    if not shutil.which("node") or not modules.is_dir():
        pytest.skip("no evaluator of policies here (Debian: apt-get install npm && make deploy-check)")
    script = Path(__file__).parent / "iam" / "simulate.mjs"
    command = ["node", script, modules]
    done = subprocess.run(command, input=json.dumps(simulations), capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def _simulation(call: Call, policies: list[Any], bucket_policy: Any = None) -> dict[str, Any]:
    return {
        "request": {
            "principal": f"arn:aws:iam::{ACCOUNT}:role/{call.role}",
            "action": call.action,
            "resource": {"accountId": ACCOUNT, "resource": call.resource},
            "contextVariables": call.context,
        },
        "identityPolicies": policies,
        "serviceControlPolicies": [],
        "resourceControlPolicies": [],
        **({"resourcePolicy": bucket_policy} if bucket_policy else {}),
    }


def test_the_table_has_every_role_of_every_template(aws, read_template):
    roles = {
        (path.stem, name)
        for path in aws.glob("*.yaml")
        for name, resource in read_template(path.stem)["Resources"].items()
        if resource["Type"] in ("AWS::IAM::Role", "AWS::IAM::ManagedPolicy")
    }
    assert set(ROLES.values()) == roles


def test_every_role_may_do_what_the_table_says_and_nothing_else_in_it(root, policies):
    results = _ask(root, [_simulation(call, policies[call.role]) for call in CALLS])
    expected = {str(call): "Allowed" if call.allowed else "ImplicitlyDenied" for call in CALLS}
    assert dict(zip(map(str, CALLS), results, strict=True)) == expected


@pytest.mark.parametrize("template", ["bucket", "single"])
@pytest.mark.parametrize(("secure", "result"), [("true", "Allowed"), ("false", "ExplicitlyDenied")])
def test_the_bucket_refuses_even_its_own_services_over_plain_http(
    root, policies, read_template, template, secure, result
):
    document = read_template(template)["Resources"]["BucketPolicy"]["Properties"]["PolicyDocument"]
    call = Call("api", "s3:GetObject", f"{BUCKET}/models/a", allowed=True, context={"aws:SecureTransport": secure})
    assert _ask(root, [_simulation(call, policies["api"], _resolved(document))]) == [result]


@pytest.mark.parametrize("service", ["api", "worker", "trainer"])
def test_a_role_of_the_cluster_is_the_policy_that_the_local_stack_enforces(root, policies, service):
    local = json.loads((root / "deploy" / "policies" / f"{service}.json").read_text())
    assert [each["policy"] for each in policies[service] if each["name"] != "keys"] == [local]


def test_the_policy_for_kinesis_is_that_of_the_local_stack_and_the_four_streams(root, policies):
    local = json.loads((root / "deploy" / "policies" / "stream.json").read_text())
    [policy] = policies["stream"]
    assert _pairs(local) == {pair for pair in _pairs(policy["policy"]) if pair[0].startswith("s3:")}


def test_the_machines_role_is_the_sum_of_the_services_policies(root, policies):
    granted = _pairs(policies["machine"][0]["policy"])
    summed = set().union(
        *(
            _pairs(json.loads((root / "deploy" / "policies" / f"{service}.json").read_text()))
            for service in ("api", "worker", "trainer")
        )
    )
    # What another one of them grants with more needs no statement of its own.
    assert granted == {pair for pair in summed if not any(_is_within(pair, other) for other in summed - {pair})}


def _is_within(pair: tuple[str, str], other: tuple[str, str]) -> bool:
    return pair[0] == other[0] and other[1].endswith("*") and pair[1].startswith(other[1].removesuffix("*"))


def _pairs(policy: Any) -> set[tuple[str, str]]:
    return {
        (action, resource)
        for statement in policy["Statement"]
        for action in statement["Action"]
        for resource in statement["Resource"]
    }
