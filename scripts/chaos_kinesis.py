"""Kill members of a group that reads a Kinesis stream, at random, while its shards are split and merged.

    make chaos KINESIS=1 ROUNDS=30 SEED=7

In each round customers are put into the stream, some of them not readable, while members are killed, started, and
stopped for longer than their leases last, shards are split and merged, answers of the store to writes are lost and
results are not taken at once. Then each record must have exactly one result under its key, either a prediction or a
refusal, and the predictions of each customer must come in the order of his records. Kinesis and the store are moto's,
in this process; a member is a process with the product's source, which answers in place of a model.
"""

import argparse
import json
import multiprocessing
import os
import random
import signal
import sys
import time
from base64 import b64decode
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING, NamedTuple

import boto3

from churn.store.opening import open_store
from churn_api.streaming.kinesis import KinesisSource
from churn_api.streaming.records import Record, Result
from churn_api.streaming.settings import StreamSettings
from churn_api.streaming.source import SourceUnavailable
from scripts.kinesis_server import KinesisServer, KinesisStream
from scripts.stream_accounts import check_results, out_of_order

if TYPE_CHECKING:
    from mypy_boto3_kinesis.type_defs import PutRecordsRequestEntryTypeDef

REGION = "eu-central-1"
CUSTOMERS, PREDICTIONS, REFUSED = "churn.customers", "churn.predictions", "churn.refused"
STORE = "s3://churn"
MEMBERS = 3

# Seconds. As long as a lease and a checkpoint may be, for members that are killed all the time.
LEASE, CHECKPOINT = 2.0, 0.3
PATIENCE = 120.0

# A round's records, half of them before a split or a merge; of how many customers; one in how many is unreadable.
ROWS, PEOPLE, UNREADABLE = 300, 40, 50
# The fewest and the most shards that there are at a time.
FEWEST, MOST = 2, 6
# Of all writes to the store, and of all results, so many are lost or not taken at once.
LOST, NOT_TAKEN = 0.02, 0.02


class Tally(NamedTuple):
    """What happened, in all rounds."""

    records: int
    refused: int
    again: int
    """Results that were put more than once, all under the key of the first one."""

    shards: int
    disturbed: str
    """How often members were killed, stopped for a while, or ended."""


def answer(record: Record) -> Result:
    """The result of a record, the same one each time."""
    try:
        told = json.loads(record.value or b"")
    except ValueError:
        return Result(REFUSED, record, json.dumps({"source": record.id}).encode(), {})
    return Result(PREDICTIONS, record, json.dumps(told | {"source": record.id}).encode(), {})


def consume(environment: dict[str, str]) -> None:
    """Be a member until SIGTERM, or worse."""
    os.environ.update(environment)
    stops: list[int] = []
    signal.signal(signal.SIGTERM, lambda *_: stops.append(1))
    settings = StreamSettings(stream_url=f"kinesis://{REGION}", store_url=STORE, tracking="off")
    source = KinesisSource(settings, open_store(STORE), lease_seconds=LEASE, checkpoint_seconds=CHECKPOINT)
    while not stops:
        batch = source.poll(100, 0.2)
        while batch:
            owned = [record for record in batch if source.owns(record)]
            try:
                source.publish([answer(record) for record in owned])
            except SourceUnavailable:
                continue
            source.commit(owned)
            batch = []
    source.close()


class Rounds:
    """A stream, the members that read it, and what disturbs them, all by the seed."""

    def __init__(self, server: KinesisServer, seed: int) -> None:
        self._server, self._chance = server, random.Random(seed)  # noqa: S311
        self._luck = random.Random(seed + 1)  # noqa: S311
        self._processes = multiprocessing.get_context("forkserver")
        self._members: list[BaseProcess] = []
        self._turns: dict[str, int] = defaultdict(int)
        self._disturbed: Counter[str] = Counter()
        self._client = boto3.client("kinesis", REGION)
        for name in (CUSTOMERS, PREDICTIONS, REFUSED):
            self._client.create_stream(StreamName=name, ShardCount=2)
        open_store(STORE).ensure_bucket()
        server.loses = lambda method: method == "PUT" and self._luck.random() < LOST
        server.refuses = lambda key: key.startswith("shardId-") and self._luck.random() < NOT_TAKEN

    @contextmanager
    def running(self) -> Iterator[None]:
        """Have members while the block runs."""
        try:
            for _ in range(MEMBERS):
                self._start()
            yield
        finally:
            for member in self._members:
                os.kill(member.pid or 0, signal.SIGCONT)
                member.terminate()
                member.join()

    def round(self) -> Tally:
        """Put records, disturb, wait until all have results, and check these; exits at what is wrong."""
        with ThreadPoolExecutor() as pool:
            putting = pool.submit(self._put_all)
            self._disturb()
            putting.result()
            deadline = time.monotonic() + PATIENCE
            while (tally := self._check(is_last=time.monotonic() >= deadline)) is None:
                time.sleep(0.2)
        return tally

    def _start(self) -> None:
        member = self._processes.Process(target=consume, args=(self._server.environment,), daemon=True)
        member.start()
        self._members.append(member)

    def _disturb(self) -> None:
        time.sleep(self._chance.uniform(0, 0.5))
        member = self._chance.choice(self._members)
        how = self._chance.choice(["killed", "killed", "stopped", "ended"])
        self._disturbed[how] += 1
        pid = member.pid or 0
        if how == "stopped":
            os.kill(pid, signal.SIGSTOP)
            time.sleep(LEASE * self._chance.uniform(0.2, 1.5))
            os.kill(pid, signal.SIGCONT)
            return
        os.kill(pid, signal.SIGKILL if how == "killed" else signal.SIGTERM)
        self._members.remove(member)
        member.join()
        self._start()

    def _put_all(self) -> None:
        chance = random.Random(self._chance.random())  # noqa: S311
        self._put(chance)
        self._reshard(chance)
        self._put(chance)

    def _put(self, chance: random.Random) -> None:
        for _ in range(5):
            records = [self._record(chance) for _ in range(ROWS // 10)]
            self._client.put_records(StreamName=CUSTOMERS, Records=records)
            time.sleep(chance.uniform(0, 0.1))

    def _record(self, chance: random.Random) -> "PutRecordsRequestEntryTypeDef":
        name = f"customer-{chance.randrange(PEOPLE)}"
        self._turns[name] += 1
        told = {"customer": name, "turn": self._turns[name]}
        data = b"{unreadable" if chance.randrange(UNREADABLE) == 0 else json.dumps(told).encode()
        return {"PartitionKey": name, "Data": data}

    def _reshard(self, chance: random.Random) -> None:
        shards = sorted(
            (shard for shard in self._stream(CUSTOMERS).shards.values() if shard.is_open),
            key=lambda shard: shard.starting_hash,
        )
        place = chance.randrange(len(shards))
        shard = shards[place]
        if len(shards) <= FEWEST or (len(shards) < MOST and chance.random() < 0.5):
            middle = (shard.starting_hash + shard.ending_hash) // 2 + 1
            self._client.split_shard(StreamName=CUSTOMERS, ShardToSplit=shard.shard_id, NewStartingHashKey=str(middle))
        else:
            pair = shards[place - 1 : place + 1] if place else shards[:2]
            self._client.merge_shards(
                StreamName=CUSTOMERS, ShardToMerge=pair[0].shard_id, AdjacentShardToMerge=pair[1].shard_id
            )

    def _stream(self, name: str) -> KinesisStream:
        return self._server.stream(name, REGION)

    def _check(self, *, is_last: bool) -> Tally | None:
        """What happened so far, if every record has its result; exits if something is wrong."""
        wanted = {
            f"{shard.shard_id}-{number}": record.data
            for shard in self._stream(CUSTOMERS).shards.values()
            for number, record in list(shard.records.items())
        }
        predicted, refused = self._results(PREDICTIONS), self._results(REFUSED)
        if missing := wanted.keys() - predicted.keys() - refused.keys():
            if is_last:
                lease = open_store(STORE).get(f"streams/churn/{CUSTOMERS}/{min(missing).rpartition('-')[0]}.json").data
                raise SystemExit(
                    f"{len(missing)} of {len(wanted)} records have no result, such as {min(missing)}: {lease.decode()}"
                )
            return None
        faulty = {key for key, data in wanted.items() if b64decode(data) == b"{unreadable"}
        again = check_results(wanted.keys(), faulty, predicted, refused)
        if name := self._out_of_order():
            if is_last:
                raise SystemExit(f"The predictions of {name} are out of order.")
            return None
        disturbed = ", ".join(f"{count} {how}" for how, count in sorted(self._disturbed.items()))
        return Tally(len(wanted), len(refused), again, len(self._stream(CUSTOMERS).shards), disturbed)

    def _results(self, name: str) -> dict[str, list[str]]:
        results: dict[str, list[str]] = defaultdict(list)
        for shard in self._stream(name).shards.values():
            for record in list(shard.records.values()):
                results[record.partition_key].append(record.data)
        return results

    def _out_of_order(self) -> str | None:
        """A customer of whom one prediction is only before those of an earlier record; exits if some are in two shards.

        Any may come again later. One may also come too early, where Kinesis did not take the one before it at once;
        then it is put again behind that one, but it may be on its way when all records have a result.
        """
        homes: dict[str, str] = {}
        for shard in self._stream(PREDICTIONS).shards.values():
            told = [json.loads(b64decode(record.data)) for record in list(shard.records.values())]
            for given in told:
                if homes.setdefault(given["customer"], shard.shard_id) != shard.shard_id:
                    raise SystemExit(f"The predictions of {given['customer']} are in two shards.")
            if name := out_of_order((given["customer"], given["turn"]) for given in told):
                return name
        return None


def tallies(server: KinesisServer, rounds: int, seed: int) -> Iterator[Tally]:
    """What happened by the end of each round; exits at the first record that is lost, or out of order.

    The environment must lead to the server.
    """
    group = Rounds(server, seed)
    with group.running():
        for _ in range(rounds):
            yield group.round()


def main() -> int:
    """Run the rounds that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with KinesisServer() as server:
        os.environ.update(server.environment)
        for number, tally in enumerate(tallies(server, options.rounds, options.seed), 1):
            print(
                f"round {number}: {tally.records:,} records of {tally.shards} shards have one result each, "
                f"{tally.refused} of them refusals; {tally.again:,} results came again; members {tally.disturbed}",
                flush=True,
            )
    print(f"{options.rounds} rounds, seed {options.seed}: no record was lost")
    return 0


if __name__ == "__main__":
    sys.exit(main())
