"""Customers and CSV files made up by hypothesis and sent to a running stack. `make fuzz` calls this."""

import csv
import io
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import requests
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from churn.customer.fields import Number
from churn.schema import built_in

TELCO = built_in("telco")

Customer = dict[str, Any]

# Seconds within which a small job has to be finished.
PATIENCE = 60.0
CODES = frozenset({"missing", "unknown", "wrong_type", "out_of_range", "not_allowed", "contradiction"})

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
ANYTHING = SCALARS | st.text(max_size=30) | st.lists(SCALARS, max_size=2) | st.integers().map(str)
SENSIBLE: dict[str, st.SearchStrategy[Any]] = {
    name: st.integers(int(field.low), int(field.high)) if isinstance(field, Number) else st.sampled_from(field.names)
    for name, field in TELCO.fields.items()
}
# Control characters after a sensible value, because exports of older systems leave separators there.
CONTROLS = st.text(st.characters(max_codepoint=0x1F) | st.sampled_from("\x7f\x85\xa0\u2028\u202e\ufeff"), max_size=2)
CELLS = {
    name: st.builds(str.__add__, values.map(str), CONTROLS) | st.text(max_size=8) for name, values in SENSIBLE.items()
}


# How many unknown fields a customer has: usually none, sometimes more than are allowed.
MANY = st.sampled_from([0, 0, 0, 0, 0, 0, 0, 100])


@st.composite
def customers(draw: st.DrawFn) -> Customer:
    """A strategy for customers with sensible fields, some of them left out, and up to three with any value at all."""
    record = draw(st.fixed_dictionaries({}, optional=SENSIBLE | {TELCO.id: st.text(max_size=70)}))
    for name in draw(st.sets(st.sampled_from([*TELCO.fields, TELCO.id, TELCO.outcome, "x"]), max_size=3)):
        record[name] = draw(ANYTHING)
    for name in draw(st.sets(st.sampled_from(list(TELCO.fields)), max_size=1)):
        record[name] = draw(CELLS[name])
    return record | dict.fromkeys(draw(st.lists(st.text(max_size=8), max_size=draw(MANY))), 0)


@st.composite
def tables(draw: st.DrawFn) -> bytes:
    """A strategy for CSV files with the columns in any order, whose cells are sensible or any text."""
    columns = draw(st.permutations([*TELCO.fields, TELCO.id]))
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    for _ in range(draw(st.integers(0, 5))):
        writer.writerow([draw(CELLS.get(name, st.text(max_size=8))) for name in columns])
    return text.getvalue().encode()


NOISE = st.binary(max_size=200).map(lambda end: ",".join(TELCO.fields).encode() + b"\n" + end) | st.binary(max_size=200)


class Surprise(Exception):
    """An answer that the API's description does not allow."""


def expect(holds: bool, answer: object) -> None:
    """Raises Surprise with the answer unless the condition holds."""
    if not holds:
        raise Surprise(answer)


def ask(url: str, cases: int, first_seed: int) -> None:
    """Send that many lists of customers, and a tenth as many files of each kind.

    Raises Surprise, together with what was sent, for an answer that is not allowed.
    """
    with requests.Session() as session:
        _check(st.lists(customers(), min_size=1, max_size=4), partial(judge_customers, session, url), cases, first_seed)
        _check(tables(), partial(judge_file, session, url, {"completed"}), cases // 10, first_seed)
        _check(NOISE, partial(judge_file, session, url, {"completed", "failed"}), cases // 10, first_seed)


def _check(made_up: st.SearchStrategy[Any], judge: Callable[[Any], None], cases: int, first_seed: int) -> None:
    @seed(first_seed)
    @settings(max_examples=cases, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(made_up)
    def hold(sent: Any) -> None:
        judge(sent)

    hold()


def judge_customers(session: requests.Session, url: str, sent: list[Customer]) -> None:
    """Check that each customer is predicted or refused with reasons, and in a batch in the same way as alone."""
    batch = session.post(f"{url}/batch_predict", json=sent, timeout=30)
    expect(batch.status_code == 200, batch.text)
    answers = batch.json()["predictions"]
    expect([row["index"] for row in answers] == list(range(len(sent))), batch.text)
    for record, row in zip(sent, answers, strict=True):
        alone = session.post(f"{url}/predict", json=record, timeout=30)
        expect(alone.status_code == (200 if row["success"] else 422), alone.text)
        body = alone.json()
        if row["success"]:
            expect(0 <= body["churn_probability"] == row["churn_probability"] <= 1, row)
        else:
            expect(body["errors"] == row["errors"] and {fault["code"] for fault in body["errors"]} <= CODES, row)


def judge_file(session: requests.Session, url: str, ends: set[str], sent: bytes) -> None:
    """Check that a file is refused at once, or that its job ends in one of `ends` with each row in one result file."""
    accepted = session.post(f"{url}/jobs", data=sent, headers={"Content-Type": "text/csv"}, timeout=30)
    expect(accepted.status_code in (202, 422), accepted.text)
    if accepted.status_code == 422:
        return
    job, deadline = accepted.json(), time.monotonic() + PATIENCE
    own = url + job["links"]["self"]
    while job["finished_at"] is None:
        expect(time.monotonic() < deadline, job)
        time.sleep(0.02)
        job = session.get(own, timeout=30).json()
    expect(job["status"] in ends, job)
    if job["status"] == "completed":
        _judge_results(job, *(rows(session, url + job["links"][name]) for name in ("results", "errors")))
    expect(session.delete(own, timeout=30).status_code == 204, job)


def _judge_results(job: dict[str, Any], scored: Counter[int], refused: Counter[int]) -> None:
    counts = job["request_counts"]
    expect((len(scored), len(refused)) == (counts["completed"], counts["failed"]), job)
    expect(sorted([*scored, *refused]) == list(range(1, counts["total"] + 1)), job)
    expect(set(scored.values()) <= {1}, job)


def rows(session: requests.Session, url: str) -> Counter[int]:
    """The number of lines about each input row in a result file."""
    text = session.get(url, timeout=30).content.decode()
    return Counter(int(line["row"]) for line in csv.DictReader(io.StringIO(text, newline="")))
