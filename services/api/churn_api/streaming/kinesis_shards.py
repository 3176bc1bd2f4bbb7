"""The shards of a stream, and which of them may be read now so that the order of each partition key holds."""

import logging
from collections.abc import Collection
from typing import TYPE_CHECKING, NamedTuple

from churn_api.streaming.kinesis_leases import Lease, Leases

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient

log = logging.getLogger(__name__)


class Shards(NamedTuple):
    """The shards of a stream as Kinesis names them, with the leases of those that may be read."""

    known: frozenset[str]
    ready: list[Lease]


def discover(client: "KinesisClient", leases: Leases, stream: str) -> Shards:
    """Look at a stream: note shards that are new, forget what is no more, and find what can be read.

    A shard that came of a split or a merge waits until those that it came of are finished, on whatever member. Raises
    StoreUnavailable and botocore's errors.
    """
    # Leases first: one that is there now was made for a shard that was listed before.
    stored = {lease.shard: lease for lease in leases.read(stream)}
    parents = _parents(client, stream)
    for shard in parents.keys() - stored.keys():
        stored[shard] = leases.add(stream, shard)
    leases.forget([lease for shard, lease in stored.items() if lease.is_finished and shard not in parents])
    ready = [
        lease
        for shard, lease in sorted(stored.items())
        if not lease.is_finished and all(_is_done(stored, parent) for parent in parents.get(shard, ()))
    ]
    return Shards(frozenset(parents), ready)


def _is_done(stored: dict[str, Lease], shard: str) -> bool:
    # Whatever Kinesis still lists has a lease by now.
    return shard not in stored or stored[shard].is_finished


def _parents(client: "KinesisClient", stream: str) -> dict[str, Collection[str]]:
    """Each shard that Kinesis lists, with those that it came of; these may be gone, as their records have expired."""
    found: dict[str, Collection[str]] = {}
    for page in client.get_paginator("list_shards").paginate(StreamName=stream):
        for shard in page["Shards"]:
            names = shard.get("ParentShardId"), shard.get("AdjacentParentShardId")
            found[shard["ShardId"]] = [name for name in names if name]
    return found
