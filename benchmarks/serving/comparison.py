"""The product beside the floor and beside the usual alternative: interleaved, with ratios within each round."""

from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import requests

from benchmarks.serving.load import Run, load
from benchmarks.serving.servers import Server, alternative, floor, product
from benchmarks.serving.stage import Stage

PLAIN, REASONED = "/predict?reasons=none", "/predict"
CONNECTIONS = (1, 16)


class Case(NamedTuple):
    """A case: a server, the requests' bodies, and the path that they are sent to."""

    name: str
    server: Server
    bodies: Path
    path: str


# (the ratio's name, whose rate, to whose, on so many connections, the least that is wanted)
RATIOS = (
    ("reasons=none : floor", "product, no reasons", "floor", 16, 0.90),
    ("default : floor", "product", "floor", 16, 0.80),
    # Customers who come again are answered from memory: what a load test that repeats a few of them sees.
    ("repeated, default : floor", "product, repeated", "floor", 16, 0.80),
    ("reasons=none : alternative", "product, no reasons", "alternative", 16, 18),
    ("default : alternative", "product", "alternative", 16, 12),
    ("repeated : distinct, no reasons", "product, no reasons, repeated", "product, no reasons", 16, 1.0),
    ("repeated : distinct, default", "product, repeated", "product", 16, 1.0),
    ("reasons=none : floor, 1 connection", "product, no reasons", "floor", 1, None),
    ("default : alternative, 1 connection", "product", "alternative", 1, None),
    ("batch of 1,000 : alternative", "product, batch", "alternative, batch", 1, 3),
)


def compare(stage: Stage, folder: Path, python: Path, rounds: int, seconds: int, redis: str) -> dict[str, Any]:
    """Measure each case for `seconds` in each round; returns all runs, and the ratios with what is wanted.

    `python` is the alternative's interpreter, `redis` the URL of the product's cache.
    """
    with ExitStack() as stack:
        ours = stack.enter_context(product(folder, stage.scorecard, CHURN_CACHE_URL=redis))
        bare = stack.enter_context(floor(folder))
        usual = stack.enter_context(alternative(folder, python, stage.pipeline))
        agree(ours, usual, stage)
        runs: dict[tuple[str, int], list[Run]] = {}
        for number in range(rounds):
            print(f"round {number + 1} of {rounds}", flush=True)
            for case, connections in turn(cases(stage, ours, bare, usual), number):
                run = load(case.server, case.bodies, case.path, connections=connections, seconds=seconds)
                runs.setdefault((case.name, connections), []).append(run)
    return {
        "runs": {
            f"{name}, connections: {count}": [run._asdict() for run in taken] for (name, count), taken in runs.items()
        },
        "ratios": ratios(runs),
    }


def cases(stage: Stage, ours: Server, bare: Server, usual: Server) -> list[tuple[Case, int]]:
    """Every case with the number of connections that it is measured with."""
    singles = [
        Case("floor", bare, stage.distinct, "/predict"),
        Case("product, no reasons", ours, stage.distinct, PLAIN),
        Case("product", ours, stage.distinct, REASONED),
        Case("product, no reasons, repeated", ours, stage.repeated, PLAIN),
        Case("product, repeated", ours, stage.repeated, REASONED),
        Case("alternative", usual, stage.distinct, "/predict"),
    ]
    batches = [
        Case("product, batch", ours, stage.batch, "/batch_predict"),
        Case("alternative, batch", usual, stage.batch, "/batch_predict"),
    ]
    return [(case, count) for case in singles for count in CONNECTIONS] + [(case, 1) for case in batches]


def turn(every: list[tuple[Case, int]], number: int) -> list[tuple[Case, int]]:
    """The cases in a different order for each round, so that none always follows the same one."""
    start = 3 * number % len(every)
    return every[start:] + every[:start]


def agree(ours: Server, usual: Server, stage: Stage) -> None:
    """Exits unless both servers give the first hundred customers the same probability, to nine digits."""
    for body in stage.distinct.read_text().splitlines()[:100]:
        headers = {"Content-Type": "application/json"}
        own, other = (
            requests.post(f"{server.url}/predict", data=body, headers=headers, timeout=30).json()["churn_probability"]
            for server in (ours, usual)
        )
        if abs(own - other) > 1e-9:
            raise SystemExit(f"The answers differ, {own} and {other}, for {body}")


def ratios(runs: dict[tuple[str, int], list[Run]]) -> dict[str, Any]:
    """The median and the range of each ratio over the rounds, with what is wanted."""
    claims = {}
    for name, upper, lower, connections, wanted in RATIOS:
        pairs = zip(runs[upper, connections], runs[lower, connections], strict=True)
        values = sorted(own.rate / other.rate for own, other in pairs)
        claims[name] = {"median": median(values), "least": values[0], "most": values[-1], "wanted": wanted}
        print(f"{name:38} x {median(values):7.2f}  ({values[0]:.2f} to {values[-1]:.2f})  wanted: {wanted or '-'}")
    tails = [run.p99_ms / run.p50_ms for run in runs["product, no reasons", 16] + runs["product", 16]]
    shares = [
        run.least_share for (name, count), taken in runs.items() if count == 16 and "product" in name for run in taken
    ]
    claims["p99 : p50, 16 connections"] = {"median": median(tails), "most": max(tails), "wanted": 5}
    claims["work of the idler process, 16 connections"] = {"least": min(shares), "median": median(shares)}
    print(f"{'p99 : p50, 16 connections':38} x {median(tails):7.2f}  (to {max(tails):.2f})  wanted: at most 5")
    print(f"The idler of two processes did {median(shares):.0%} of the work (never less than {min(shares):.0%}).")
    print(f"Failed requests: {sum(run.failed for taken in runs.values() for run in taken)}")
    return claims
