"""Leases of shards: one member at a time, for as long as it lives, and a fair share for each."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from churn.store.interface import ObjectStore
from churn.store.opening import open_store
from churn_api.streaming.kinesis_leases import Lease, Leases, UnreadableLease

SECONDS = 30.0
STREAM, SHARD = "churn.customers", "shardId-000000000000"
KEY = f"streams/churn/{STREAM}/{SHARD}.json"


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    return open_store(f"file://{tmp_path}")


def member(store: ObjectStore, name: str, clock: Clock | None = None) -> Leases:
    return Leases(store, "churn", name, seconds=SECONDS, clock=clock or Clock())


def taken(leases: Leases, lease: Lease) -> Lease:
    found = leases.take(lease)
    assert found is not None
    return found


def only(leases: Leases) -> Lease:
    (lease,) = leases.read(STREAM)
    return lease


def test_of_two_members_that_take_a_lease_one_gets_it(store: ObjectStore) -> None:
    first, second = member(store, "first"), member(store, "second")
    lease = first.add(STREAM, SHARD)
    assert second.add(STREAM, SHARD) == lease
    assert taken(first, lease).owner == "first"
    assert second.take(lease) is None


def test_a_lease_that_is_added_again_keeps_its_checkpoint(store: ObjectStore) -> None:
    leases = member(store, "first")
    lease = taken(leases, leases.add(STREAM, SHARD))
    kept = leases.keep(replace(lease, position="7"), may_pass=True)
    leases.add(STREAM, SHARD)
    assert only(leases) == kept


def test_a_lease_is_over_once_it_was_seen_unchanged_for_its_whole_time(store: ObjectStore) -> None:
    clock = Clock()
    owner, other = member(store, "owner"), member(store, "other", clock)
    lease = taken(owner, owner.add(STREAM, SHARD))
    assert not other.is_free(only(other))
    clock.now += SECONDS - 1
    lease = owner.keep(lease, may_pass=True) or lease
    assert not other.is_free(only(other))
    clock.now += SECONDS - 1
    assert not other.is_free(only(other))
    clock.now += 1
    assert other.is_free(only(other))
    assert taken(other, only(other)).owner == "other"
    assert owner.keep(lease, may_pass=True) is None


def test_who_asks_for_a_lease_gives_its_dead_owner_no_more_time(store: ObjectStore) -> None:
    clock = Clock()
    owner, other = member(store, "owner"), member(store, "other", clock)
    taken(owner, owner.add(STREAM, SHARD))
    other.ask_for(only(other))
    clock.now += SECONDS
    assert other.is_free(only(other))


def test_a_lease_is_handed_to_the_first_that_asks_with_the_checkpoint(store: ObjectStore) -> None:
    owner, first, second = (member(store, name) for name in ("owner", "first", "second"))
    lease = taken(owner, owner.add(STREAM, SHARD))
    first.ask_for(only(first))
    second.ask_for(only(second))
    lease = owner.keep(replace(lease, position="5"), may_pass=False) or lease
    assert (lease.owner, lease.wanted_by) == ("owner", "first")
    passed = owner.keep(replace(lease, position="9"), may_pass=True)
    assert passed is not None
    assert (passed.owner, passed.wanted_by, passed.position) == ("first", None, "9")
    assert owner.keep(passed, may_pass=True) is None


@pytest.mark.parametrize("asked", [False, True])
def test_a_finished_lease_is_nobodys(store: ObjectStore, asked: bool) -> None:
    owner, other = member(store, "owner"), member(store, "other")
    lease = taken(owner, owner.add(STREAM, SHARD))
    if asked:
        other.ask_for(only(other))
    kept = owner.keep(replace(lease, is_finished=True), may_pass=True)
    assert kept is not None
    assert (kept.owner, kept.wanted_by, kept.is_finished) == (None, None, True)


def test_a_released_lease_is_free_at_once(store: ObjectStore) -> None:
    owner, other = member(store, "owner"), member(store, "other")
    lease = taken(owner, owner.add(STREAM, SHARD))
    owner.keep(lease, may_pass=True, released=True)
    assert other.is_free(only(other))


@pytest.mark.parametrize(
    ("owners", "free", "wanted"),
    [
        (["", "", ""], 3, []),
        (["a", "", "", ""], 2, []),
        (["a", "a", "a", "", "me"], 1, []),
        (["a", "b", "", ""], 2, []),
        (["a", "b", "c", ""], 1, []),
        (["a", "a", "b", "b", ""], 1, []),
        (["a", "a", "a", "a"], 0, ["a", "a"]),
        (["a", "a", "a", "b"], 0, ["a"]),
        (["a", "a", "b", "b"], 0, ["a"]),
        (["a", "b", "c"], 0, []),
        (["a", "a", "me"], 0, []),
        (["a", "a", "a", "me"], 0, ["a"]),
        (["a>me", "a", "a"], 0, []),
        (["a>b", "a>b", "a", "b"], 0, ["b"]),
        (["me>a", "me", "a"], 0, []),
    ],
    ids=lambda value: ",".join(value) if isinstance(value, list) else None,
)
def test_a_member_comes_to_its_share(store: ObjectStore, owners: list[str], free: int, wanted: list[str]) -> None:
    leases = member(store, "me")
    held = []
    for number, text in enumerate(owners):
        owner, _, asking = text.partition(">")
        held.append(Lease(STREAM, str(number), owner or None, asking or None))
    shares = leases.shares(held)
    assert len(shares.free) == free
    assert [lease.owner for lease in shares.wanted] == wanted


def test_members_of_a_newer_version_are_read(store: ObjectStore) -> None:
    leases = member(store, "me")
    store.put(KEY, json.dumps({"position": "9", "turn": 3, "mood": "good"}).encode(), content_type="application/json")
    assert only(leases) == Lease(STREAM, SHARD, position="9", turn=3)


@pytest.mark.parametrize("content", [b"", b"[1", b"[]", b'{"turn": "x"}', b'"x"'])
def test_a_lease_that_was_spoilt_is_named(store: ObjectStore, content: bytes) -> None:
    store.put(KEY, content, content_type="application/json")
    with pytest.raises(UnreadableLease, match=f"{SHARD} of the stream {STREAM} cannot be read"):
        member(store, "me").read(STREAM)


def test_groups_know_nothing_of_each_other(store: ObjectStore) -> None:
    leases = member(store, "me")
    leases.add(STREAM, SHARD)
    assert Leases(store, "other", "me").read(STREAM) == []
    assert leases.read("churn.customers.more") == []
