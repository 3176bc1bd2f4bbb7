"""Kill the parts of a real stack at random while jobs and outcomes are in flight, and check that none of them is lost.

    make chaos ROUNDS=30 SEED=7

Each round submits jobs and outcomes, kills and restarts containers and wipes the queue, all determined by the seed,
while one in ten of the store's answers to writes is lost, and customers are predicted one by one and in batches. Then
every accepted job must complete, its files must be the same bytes as those of an undisturbed job with the same input
but for the ids, and every input row must be in exactly one of them. In the end the tables of tracked predictions and
outcomes must hold each accepted row exactly once, and each prediction that was answered, but for those that a process
of the API had answered in the minute before it was killed. With --running, the stack of COMPOSE_PROJECT_NAME is used as
it is, and no answer is lost.
"""

import argparse
import csv
import hashlib
import io
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any, NamedTuple

import requests

from churn_trainer.data import sample
from scripts.disturbed_stack import Target, own_stack, running_stack
from scripts.stack import started
from scripts.tracked_rows import lost

VICTIMS = ("worker", "api", "queue", "cache", "minio")
ROWS = (1_000, 20_000, 60_000)
JOBS_A_ROUND = 4

# Customers of each job of whom outcomes are told.
OUTCOMES_A_JOB = 1_000

CUSTOMER = {"gender": "Female", "SeniorCitizen": 0, "tenure": 24, "Contract": "One year", "MonthlyCharges": 65.5}
# Seconds between two requests for predictions and for an answer to one; which of them are batches, of how many rows.
PREDICT_PAUSE, PREDICT_TIMEOUT = 0.1, 10.0
BATCH_EVERY, BATCH_ROWS = 20, 50

# Seconds of disturbance in a round.
DISTURBED = 15.0


class Files(NamedTuple):
    """The SHA-256 of a job's results and of its errors."""

    results: str
    errors: str


def customers(count: int, tag: str) -> bytes:
    """A CSV file of `count` customers, some with faults or absent fields.

    The same bytes for the same count, but for the `tag` of the ids.
    """
    head, *rows = sample.csv_bytes().splitlines()
    lines = [head]
    for number in range(count):
        row = customer_id(number, tag).encode() + b"," + rows[number % len(rows)].partition(b",")[2]
        if number % 97 == 0:
            row += b",one cell too many"
        elif number % 89 == 0:
            row = row.replace(b"Yes", b"Perhaps", 1)
        elif number % 991 == 0:
            row = row.replace(b",Yes,", b",,", 1)
        lines.append(row)
    return b"\n".join(lines) + b"\n"


def customer_id(number: int, tag: str) -> str:
    """The id of a customer of a file."""
    return f"{number:07d}-{tag}"


def files_of(stack: Target, job: dict[str, Any], rows: int, tag: str) -> Files:
    """The checksums of a completed job's files, without the ids' tag; notes the ids of the rows that were accepted.

    Exits unless every row is in exactly one of the files.
    """
    texts = [stack.ask("GET", job["links"][kind]).content for kind in ("results", "errors")]
    found = [list(csv.DictReader(io.StringIO(text.decode()))) for text in texts]
    accepted, refused = ([int(row["row"]) for row in part] for part in found)
    if sorted(accepted + list(set(refused))) != list(range(1, rows + 1)):
        raise SystemExit(f"Rows of {job['id']} are lost or there twice.")
    counts = job["request_counts"]
    if (counts["total"], counts["completed"], counts["failed"]) != (rows, len(accepted), len(set(refused))):
        raise SystemExit(f"The counts of {job['id']} are not those of its files: {counts}")
    stack.sent.scored += [row["customerID"] for row in found[0]]
    return Files(*(hashlib.sha256(text.replace(tag.encode(), b"")).hexdigest() for text in texts))


def tell_outcomes(stack: Target, tags: list[str]) -> str:
    """Send outcomes of customers of the jobs with these tags, some with faults; returns their path."""
    day = datetime.now(UTC).date() - timedelta(days=1)
    lines = ["customerID,left_at,stayed_until"]
    for tag in tags:
        for number in range(OUTCOMES_A_JOB):
            dates = f"{day},{day}" if number % 97 == 0 else f"{day}," if number % 3 == 0 else f",{day}"
            lines.append(f"{customer_id(number, tag)},{dates}")
    return stack.submit("\n".join([*lines, ""]).encode(), f"{tags[0]}-outcomes", "/outcomes")


def note_outcomes(stack: Target, path: str, tags: list[str]) -> None:
    """Note the ids of the outcomes that were accepted."""
    job = stack.completed(path)
    errors = csv.DictReader(io.StringIO(stack.ask("GET", job["links"]["errors"]).content.decode()))
    refused = {row["customerID"] for row in errors}
    ids = [customer_id(number, tag) for tag in tags for number in range(OUTCOMES_A_JOB)]
    accepted = [name for name in ids if name not in refused]
    if job["request_counts"]["completed"] != len(accepted):
        raise SystemExit(f"The counts of {job['id']} are not those of its errors: {job['request_counts']}")
    stack.sent.told += accepted


def keep_predicting(stack: Target, tag: str, over: Event) -> None:
    """Predict customers, each once, until `over` is set, and note when an answer came; exits if one is refused."""
    turn = 0
    while not over.wait(PREDICT_PAUSE):
        turn += 1
        is_batch = turn % BATCH_EVERY == 0
        ids = [f"{tag}-{turn}-{place}" for place in range(BATCH_ROWS if is_batch else 1)]
        records = [CUSTOMER | {"customerID": name, "tenure": turn % 72} for name in ids]
        path, body = ("/batch_predict", {"customers": records}) if is_batch else ("/predict", records[0])
        try:
            answer = requests.post(stack.api + path, json=body, timeout=PREDICT_TIMEOUT)
        except requests.RequestException:
            continue
        if answer.ok:
            stack.sent.answered |= dict.fromkeys(ids, time.monotonic())
        elif answer.status_code < 500:
            raise SystemExit(f"A prediction was refused: {answer.status_code} {answer.text}")


@contextmanager
def predicting(stack: Target, tag: str) -> Iterator[ThreadPoolExecutor]:
    """Predict customers as long as the block runs, in a thread of the pool that it is given."""
    over = Event()
    with ThreadPoolExecutor() as pool:
        asking = pool.submit(keep_predicting, stack, tag, over)
        try:
            yield pool
        finally:
            over.set()
        asking.result()


def disturb(stack: Target, chance: random.Random, wipe: bool) -> None:
    """Kill services at random for DISTURBED seconds, and wipe the queue once if `wipe` is set."""
    end = time.monotonic() + DISTURBED
    wipe_at = time.monotonic() + chance.uniform(0, DISTURBED / 2)
    while time.monotonic() < end:
        time.sleep(chance.uniform(0, 1.5))
        if wipe and time.monotonic() >= wipe_at:
            stack.wipe_queue()
            wipe = False
        stack.kill(chance.choice(VICTIMS), chance.uniform(0, 1.5))
    if wipe:
        stack.wipe_queue()


def one_round(stack: Target, number: int, chance: random.Random, wanted: dict[int, Files]) -> None:
    """Submit jobs, disturb the stack, and compare the jobs' files with the `wanted` ones by number of rows."""
    stack.killed.clear()
    start = time.monotonic()
    jobs: list[tuple[str, int, str]] = []
    with predicting(stack, f"{stack.sent.run}-{number}-live") as pool:
        for place in range(JOBS_A_ROUND):
            rows, tag = chance.choice(ROWS), f"{stack.sent.run}-{number}-{place}"
            if place == JOBS_A_ROUND // 2:
                stack.kill(chance.choice(VICTIMS), chance.uniform(0, 0.5))
            jobs.append((stack.submit(customers(rows, tag), tag), rows, tag))
        tags = [tag for _, _, tag in jobs]
        telling = pool.submit(tell_outcomes, stack, tags)
        disturb(stack, chance, wipe=number % 3 == 1)
        for path, rows, tag in jobs:
            if files_of(stack, stack.completed(path), rows, tag) != wanted[rows]:
                raise SystemExit(f"The files of {path} differ from those of an undisturbed job.")
        note_outcomes(stack, telling.result(), tags)
    for path in (*(path for path, _, _ in jobs), telling.result()):
        stack.ask("DELETE", path)
    print(
        f"round {number}: killed {', '.join(stack.killed)}; {len(jobs)} jobs of "
        f"{sum(rows for _, rows, _ in jobs):,} rows completed, the same bytes as undisturbed, every row in exactly one "
        f"file; {time.monotonic() - start:.0f} s",
        flush=True,
    )


def run(stack: Target, rounds: int, seed: int) -> None:
    """Run undisturbed jobs for comparison, then the rounds; exits at the first job or row that is lost."""
    chance, sent = random.Random(seed), stack.sent  # noqa: S311
    wanted = {}
    for rows in ROWS:
        tag = f"{sent.run}-undisturbed-{rows}"
        wanted[rows] = files_of(stack, stack.completed(stack.submit(customers(rows, tag), tag)), rows, tag)
    print(f"seed {seed}: {len(ROWS)} jobs undisturbed", flush=True)
    for number in range(1, rounds + 1):
        one_round(stack, number, chance, wanted)
    gone = lost(stack.store(), sent)
    print(
        f"tracked exactly once: {len(sent.scored):,} predictions of jobs, {len(sent.told):,} outcomes; of "
        f"{len(sent.answered):,} single and batch predictions {gone:,} were lost, all of the last minute before a kill"
    )
    print(f"{rounds} rounds: no job and no row was lost")


def main() -> int:
    """Run the rounds on a stack of this program's own, or on the running one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--running", action="store_true", help="use the stack that runs")
    options = parser.parse_args()
    if options.running:
        run(running_stack(), options.rounds, options.seed)
    else:
        with tempfile.TemporaryDirectory() as folder, started(own_stack(Path(folder), options.seed)) as stack:
            run(stack, options.rounds, options.seed)
            print(f"of the store's answers to writes {stack.compose('logs', 'lossy').count('lost')} were lost")
    return 0


if __name__ == "__main__":
    sys.exit(main())
