"""Kill members of the stream, its broker, the store and the queue at random while records come by topics.

    make chaos STREAM=1 ROUNDS=30 SEED=7

In each round customers and outcomes are written into the topics of a stack of its own, some of them faulty, and
tombstones, while one to three of its parts are killed and started again, all determined by the seed; one in ten of the
store's answers to writes is lost. Then each customer's record must have exactly one result under its key, a prediction
or a refusal, each time the same one, and the results of each customer must be in the order of his records, as they came
and as compaction leaves them. Where members and the broker were left alone, results must have come while the store or
the queue was away. In the end each outcome must be in the store once, or refused.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from confluent_kafka import Message

from churn.store.interface import ObjectStore
from churn.tracking import outcomes
from churn.tracking.layout import OUTCOMES as OUTCOME_FILES
from scripts.broker import (
    CUSTOMERS,
    OUTCOMES,
    PREDICTIONS,
    PROFILE,
    REFUSED,
    Writer,
    published,
    reading,
    scale,
)
from scripts.disturbed_stack import Target, own_stack
from scripts.processes import free_port
from scripts.stack import started
from scripts.stream_accounts import check_order, check_results
from scripts.tracked_rows import differences, held, settle

MEMBERS = 2

# Seconds in which records come and parts are killed in a round; for which a part is away; until all have results.
FED, AWAY, PATIENCE = 10.0, (0.5, 5.0), 300.0

# A round's records: customers, of so many people, and outcomes. One of so many is a tombstone, or else faulty.
ROWS, PEOPLE, OUTCOME_ROWS = 5_000, 200, 200
TOMBSTONES, FAULTY = 40, 20

CUSTOMER = {"gender": "Female", "SeniorCitizen": 0, "tenure": 24, "Contract": "One year", "MonthlyCharges": 65.5}
FAULTS = (
    b"{unreadable",
    b"[1, 2]",
    b'{"event": "page_view"}',
    json.dumps(CUSTOMER | {"tenure": "long"}).encode(),
    b'"' + b"x" * 100_000 + b'"',
)


class Kill(NamedTuple):
    """A part that is killed so many seconds after a round's beginning, and started again so many later."""

    part: str
    after: float
    away: float


class Span(NamedTuple):
    """From when to when a part was away, in seconds since 1970."""

    start: float
    end: float


@dataclass
class Sent:
    """The keys of records that the broker has, and whose outcomes have to be in the store."""

    customers: set[str] = field(default_factory=set)
    faulty: set[str] = field(default_factory=set)
    faulty_outcomes: set[str] = field(default_factory=set)
    told: list[str] = field(default_factory=list)
    tombstones: int = 0


@dataclass
class Results:
    """What is in the topics of results, in its order: by the key, and of each partition."""

    predicted: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    refused: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    refused_outcomes: set[str] = field(default_factory=set)
    order: dict[int, list[tuple[str, int]]] = field(default_factory=lambda: defaultdict(list))
    moments: list[float] = field(default_factory=list)

    def take(self, messages: Iterable[Message]) -> None:
        """Note what has come."""
        for message in messages:
            key, answer = (message.key() or b"").decode(), json.loads(message.value() or b"")
            source = answer["source"]
            if message.topic() == PREDICTIONS:
                self.predicted[key].append(f"{answer['customerID']} {answer['churn_probability']}")
                self.order[message.partition() or 0].append((answer["customerID"], source["offset"]))
                self.moments.append(message.timestamp()[1] / 1000)
            elif source["topic"] == CUSTOMERS:
                self.refused[key].append(answer["error"])
            else:
                self.refused_outcomes.add(key)

    def check(self, sent: Sent) -> int:
        """How many results came again; exits at a record without exactly one, or out of order."""
        again = check_results(sent.customers, sent.faulty, self.predicted, self.refused)
        for results in self.order.values():
            check_order(dict.fromkeys(results))
            check_order(reversed(dict.fromkeys(reversed(results))))
        return again


class Rounds:
    """The stack, what was sent to it and what came of that, and what disturbs it by the seed."""

    def __init__(self, stack: Target, port: int, seed: int) -> None:
        """`port` is that of the broker."""
        self._stack, self._rng = stack, random.Random(seed)  # noqa: S311
        self._address = f"localhost:{port}"
        members = {f"member {number}": each for number, each in enumerate(scale(stack, MEMBERS), 1)}
        services = {"broker": "kafka", "store": "minio", "queue": "queue"}
        self._containers = members | {name: stack.container(service) for name, service in services.items()}
        self._writer = Writer(self._address)
        self._sent, self._results = Sent(), Results()

    def run(self, rounds: int) -> None:
        """Run the rounds; exits at the first record that is lost, or out of order."""
        with reading(self._address, PREDICTIONS, REFUSED) as read:
            for number in range(1, rounds + 1):
                parts = self._rng.sample(sorted(self._containers), self._rng.randint(1, 3))
                kills = [Kill(part, self._rng.uniform(0, FED), self._rng.uniform(*AWAY)) for part in parts]
                with ThreadPoolExecutor() as pool:
                    feeding = pool.submit(self._feed, number)
                    spans = list(pool.map(self._kill, kills))
                    feeding.result()
                start = time.monotonic()
                while not self._complete(is_last=time.monotonic() - start > PATIENCE):
                    self._results.take(read(0.5))
                seconds = time.monotonic() - start
                again = self._results.check(self._sent)
                print(
                    f"round {number}: killed {', '.join(parts)}{self._came(parts, spans)}; "
                    f"{len(self._sent.customers):,} records have one result each after {seconds:.0f} s more, "
                    f"{len(self._sent.faulty)} of them refusals; {again:,} came again",
                    flush=True,
                )
            settle(lambda: self._outcome_faults(self._stack.store()))
            start = time.monotonic()
            while self._results.refused_outcomes != self._sent.faulty_outcomes:
                if time.monotonic() - start > PATIENCE:
                    raise SystemExit("Other outcomes were refused than those that are faulty.")
                self._results.take(read(0.5))
        print(
            f"{len(self._sent.told):,} outcomes are in the store once each, {len(self._sent.faulty_outcomes)} were "
            f"refused; {self._sent.tombstones} tombstones have no result"
        )

    def _kill(self, kill: Kill) -> Span:
        time.sleep(kill.after)
        container, start = self._containers[kill.part], time.time()
        self._stack.run("docker", "kill", container, check=False)
        time.sleep(kill.away)
        span = Span(start, time.time())
        self._stack.run("docker", "start", container)
        return span

    def _feed(self, number: int) -> None:
        """Write a round's records, evenly over its time."""
        rng, start = random.Random(self._rng.random()), time.monotonic()  # noqa: S311
        for place in range(ROWS):
            time.sleep(max(start + FED * place / ROWS - time.monotonic(), 0))
            self._customer(rng, f"customer-{rng.randrange(PEOPLE)}", place)
            if place % (ROWS // OUTCOME_ROWS) == 0:
                self._outcome(rng, f"{self._stack.sent.run}-{number}-{place}")
        self._writer.flush()

    def _customer(self, rng: random.Random, name: str, place: int) -> None:
        sent = self._sent
        if rng.randrange(TOMBSTONES) == 0:
            sent.tombstones += 1
            self._writer.write(CUSTOMERS, name, None)
        elif rng.randrange(FAULTY) == 0:

            def note(key: str) -> None:
                sent.customers.add(key)
                sent.faulty.add(key)

            self._writer.write(CUSTOMERS, name, rng.choice(FAULTS), note)
        else:
            value = CUSTOMER | {"customerID": name, "tenure": place % 72}
            self._writer.write(CUSTOMERS, name, json.dumps(value).encode(), sent.customers.add)

    def _outcome(self, rng: random.Random, name: str) -> None:
        is_faulty = rng.randrange(FAULTY) == 0
        yesterday = datetime.now(UTC).date() - timedelta(days=1)
        value = json.dumps({"customerID": name, "left_at": "soon" if is_faulty else str(yesterday)}).encode()
        if is_faulty:
            self._writer.write(OUTCOMES, name, value, self._sent.faulty_outcomes.add)
        else:
            self._writer.write(OUTCOMES, name, value)
            self._sent.told.append(name)

    def _complete(self, *, is_last: bool) -> bool:
        missing = self._sent.customers - self._results.predicted.keys() - self._results.refused.keys()
        if missing and is_last:
            logs = self._stack.compose("logs", "--tail", "20", "stream")
            raise SystemExit(f"{len(missing)} records have no result, such as {min(missing)}.\n{logs}")
        return not missing

    def _came(self, parts: list[str], spans: list[Span]) -> str:
        """How many results came while parts were away without which members have to go on; exits if none did."""
        if not {"store", "queue"}.issuperset(parts):
            return ""
        came = sum(any(span.start < moment < span.end for span in spans) for moment in self._results.moments)
        if not came:
            raise SystemExit(f"Nothing was predicted while {' and '.join(parts)} were away.")
        return f", {came:,} predictions meanwhile"

    def _outcome_faults(self, store: ObjectStore) -> list[str]:
        rows = held(store, OUTCOME_FILES, self._stack.sent.run, outcomes.COLUMNS)
        return differences(OUTCOME_FILES, self._sent.told, outcomes.fold(rows).days)


def main() -> int:
    """Run the rounds that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        stack = own_stack(Path(folder), options.seed, published(port), **PROFILE)
        with started(stack):
            Rounds(stack, port, options.seed).run(options.rounds)
    print(f"{options.rounds} rounds, seed {options.seed}: no record was lost")
    return 0


if __name__ == "__main__":
    sys.exit(main())
