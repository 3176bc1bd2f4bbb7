"""Types that moto's CloudFormation does not know but its services do: created through those services."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from uuid import uuid4

import boto3
from moto.cloudformation import parsing
from moto.core.common_models import CloudFormationModel
from moto.ec2.models.route_tables import RouteTable
from moto.elbv2.models import FakeTargetGroup

Properties = dict[str, Any]


class Made(NamedTuple):
    """What `Ref` and `Fn::GetAtt` answer for a resource, and what its deletion needs."""

    id: str
    attributes: dict[str, str]


class Kind(NamedTuple):
    """How a type is created and deleted."""

    type: str
    create: Callable[[str, Properties], Made]
    delete: Callable[[str], object]


def _renamed(properties: Properties, **names: str) -> Properties:
    return {names.get(name, name): value for name, value in properties.items()}


def _camel(value: Any) -> Any:
    """The same with every key beginning in lower case, as some services' own calls want it."""
    if isinstance(value, dict):
        return {key[:1].lower() + key[1:]: _camel(inner) for key, inner in value.items()}
    return [_camel(inner) for inner in value] if isinstance(value, list) else value


def _bucket_policy(_: str, properties: Properties) -> Made:
    policy = json.dumps(properties["PolicyDocument"])
    boto3.client("s3").put_bucket_policy(Bucket=properties["Bucket"], Policy=policy)
    return Made(properties["Bucket"], {})


def _subnet_group(name: str, properties: Properties) -> Made:
    given = _renamed(properties, Description="CacheSubnetGroupDescription")
    boto3.client("elasticache").create_cache_subnet_group(CacheSubnetGroupName=name.lower(), **given)
    return Made(name.lower(), {})


def _parameter_group(name: str, properties: Properties) -> Made:
    # moto keeps no parameter groups of its own; the template's name and settings are checked by their types.
    assert set(properties) == {"CacheParameterGroupFamily", "Description", "Properties"}
    return Made(name.lower(), {})


def _replication_group(name: str, properties: Properties) -> Made:
    given = {key: value for key, value in properties.items() if key != "CacheParameterGroupName"}
    made = boto3.client("elasticache").create_replication_group(ReplicationGroupId=name.lower()[-40:], **given)
    group = made["ReplicationGroup"]
    address = f"master.{group['ReplicationGroupId']}.use1.cache.amazonaws.com"
    return Made(group["ReplicationGroupId"], {"PrimaryEndPoint.Address": address})


def _no_replication_group(name: str) -> None:
    boto3.client("elasticache").delete_replication_group(ReplicationGroupId=name)


def _scalable_target(_: str, properties: Properties) -> Made:
    boto3.client("application-autoscaling").register_scalable_target(**properties)
    parts = (properties["ResourceId"], properties["ScalableDimension"], properties["ServiceNamespace"])
    return Made("|".join(parts), {})


def _no_scalable_target(name: str) -> None:
    resource, dimension, namespace = name.split("|")
    boto3.client("application-autoscaling").deregister_scalable_target(
        ResourceId=resource, ScalableDimension=dimension, ServiceNamespace=namespace
    )


def _scaling_policy(_: str, properties: Properties) -> Made:
    resource, dimension, namespace = properties["ScalingTargetId"].split("|")
    given = {key: value for key, value in properties.items() if key != "ScalingTargetId"}
    boto3.client("application-autoscaling").put_scaling_policy(
        ResourceId=resource, ScalableDimension=dimension, ServiceNamespace=namespace, **given
    )
    return Made("|".join((given["PolicyName"], resource, dimension, namespace)), {})


def _no_scaling_policy(name: str) -> None:
    policy, resource, dimension, namespace = name.split("|")
    boto3.client("application-autoscaling").delete_scaling_policy(
        PolicyName=policy, ResourceId=resource, ScalableDimension=dimension, ServiceNamespace=namespace
    )


def _counted(items: list[Any]) -> Properties:
    return {"Quantity": len(items), "Items": items}


def _behavior(given: Properties) -> Properties:
    """A cache behavior as CloudFront's own call wants it: lists are counted."""
    given["AllowedMethods"] = _counted(given["AllowedMethods"])
    return given


def _distribution(name: str, properties: Properties) -> Made:
    config = _renamed(properties["DistributionConfig"], IPV6Enabled="IsIPV6Enabled")
    for origin in config["Origins"]:
        custom = origin["CustomOriginConfig"]
        custom |= {"HTTPPort": 80, "HTTPSPort": 443, "OriginSslProtocols": _counted(custom.pop("OriginSSLProtocols"))}
    config["Origins"] = _counted(config["Origins"])
    config["DefaultCacheBehavior"] = _behavior(config["DefaultCacheBehavior"])
    config["CacheBehaviors"] = _counted([_behavior(each) for each in config["CacheBehaviors"]])
    made = boto3.client("cloudfront").create_distribution(DistributionConfig=config | {"CallerReference": name})
    return Made(made["Distribution"]["Id"], {"DomainName": made["Distribution"]["DomainName"]})


def _no_distribution(name: str) -> None:
    client = boto3.client("cloudfront")
    got = client.get_distribution_config(Id=name)
    made = client.update_distribution(
        Id=name, IfMatch=got["ETag"], DistributionConfig=got["DistributionConfig"] | {"Enabled": False}
    )
    client.delete_distribution(Id=name, IfMatch=made["ETag"])


def _http_api(_: str, properties: Properties) -> Made:
    return Made(boto3.client("apigatewayv2").create_api(**properties)["ApiId"], {})


def _part_of_api(create: str, answer: str) -> Callable[[str, Properties], Made]:
    def make(_: str, properties: Properties) -> Made:
        made = getattr(boto3.client("apigatewayv2"), create)(**properties)
        return Made(f"{properties['ApiId']}/{made[answer]}", {})

    return make


def _integration(_: str, properties: Properties) -> Made:
    made = boto3.client("apigatewayv2").create_integration(**properties)
    return Made(made["IntegrationId"], {})


def _alarm(name: str, properties: Properties) -> Made:
    made = f"{name}-{uuid4().hex[:8]}"
    # What moto's own models do not answer to `Fn::GetAtt` stays as it is written.
    dimensions = [each | {"Value": str(each["Value"])[:255]} for each in properties.get("Dimensions", [])]
    properties = properties | {"Dimensions": dimensions}
    boto3.client("cloudwatch").put_metric_alarm(AlarmName=made, **properties)
    return Made(made, {"Arn": made})


def _no_alarm(name: str) -> None:
    boto3.client("cloudwatch").delete_alarms(AlarmNames=[name])


def _nothing(_: str) -> None:
    """Goes with what it is part of."""


def _no_api(name: str) -> None:
    boto3.client("apigatewayv2").delete_api(ApiId=name)


KINDS = (
    Kind("AWS::CloudWatch::Alarm", _alarm, _no_alarm),
    Kind("AWS::S3::BucketPolicy", _bucket_policy, _nothing),
    Kind("AWS::ElastiCache::SubnetGroup", _subnet_group, _nothing),
    Kind("AWS::ElastiCache::ParameterGroup", _parameter_group, _nothing),
    Kind("AWS::ElastiCache::ReplicationGroup", _replication_group, _no_replication_group),
    Kind("AWS::ApplicationAutoScaling::ScalableTarget", _scalable_target, _no_scalable_target),
    Kind("AWS::ApplicationAutoScaling::ScalingPolicy", _scaling_policy, _no_scaling_policy),
    Kind("AWS::CloudFront::Distribution", _distribution, _no_distribution),
    Kind("AWS::ApiGatewayV2::Api", _http_api, _no_api),
    Kind("AWS::ApiGatewayV2::Integration", _integration, _nothing),
    Kind("AWS::ApiGatewayV2::Route", _part_of_api("create_route", "RouteId"), _nothing),
    Kind("AWS::ApiGatewayV2::Stage", _part_of_api("create_stage", "StageName"), _nothing),
)


class Model(CloudFormationModel):
    """A resource of a kind; each kind has a subclass of its own."""

    kind: Kind

    def __init__(self, made: Made, properties: Properties) -> None:
        self.physical_resource_id = made.id
        self.properties = properties
        self._attributes = made.attributes

    @staticmethod
    def cloudformation_name_type() -> str:
        return ""

    @classmethod
    def has_cfn_attr(cls, *_: str) -> bool:
        return True

    def get_cfn_attribute(self, attribute: str) -> str:
        # In a `Fn::Sub`, moto asks for an attribute's first part alone.
        return next(value for name, value in self._attributes.items() if name.startswith(attribute))

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Properties, *_: str, **__: Any
    ) -> "Model":
        properties = cloudformation_json["Properties"]
        return cls(cls.kind.create(resource_name, json.loads(json.dumps(properties))), properties)

    @classmethod
    def update_from_cloudformation_json(cls, **given: Any) -> "Model":
        cls.kind.delete(given["original_resource"].physical_resource_id)
        return cls.create_from_cloudformation_json(given["new_resource_name"], given["cloudformation_json"])

    def delete(self, *_: str) -> None:
        self.kind.delete(self.physical_resource_id)

    def is_created(self) -> bool:
        return True


def _model(kind: Kind) -> type[CloudFormationModel]:
    return type("Model", (Model,), {"kind": kind, "cloudformation_type": staticmethod(lambda: kind.type)})


def _target_group_attribute(group: FakeTargetGroup, name: str) -> str:
    return {"TargetGroupFullName": group.arn.split(":")[-1], "TargetGroupArn": group.arn}[name]


def _delete_route_table(table: RouteTable, _: str, region_name: str) -> None:
    client = boto3.client("ec2", region_name=region_name)
    for association in client.describe_route_tables(RouteTableIds=[table.id])["RouteTables"][0]["Associations"]:
        client.disassociate_route_table(AssociationId=association["RouteTableAssociationId"])
    client.delete_route_table(RouteTableId=table.id)


# What moto's own models lack of what CloudFormation asks them for.
METHODS = ((FakeTargetGroup, "get_cfn_attribute", _target_group_attribute), (RouteTable, "delete", _delete_route_table))


@contextmanager
def taught() -> Iterator[None]:
    """moto's CloudFormation with the types and methods above."""
    known = parsing.get_model_map()
    before = dict(known)
    known.update({kind.type: _model(kind) for kind in KINDS})
    for model, name, method in METHODS:
        setattr(model, name, method)
    try:
        yield
    finally:
        for model, name, _ in METHODS:
            delattr(model, name)
        known.clear()
        known.update(before)
