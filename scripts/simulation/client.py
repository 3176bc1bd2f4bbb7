"""The simulated operator's side of the HTTP API: files of customers and of outcomes go in, figures come out."""

import csv
import io
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import requests

from churn.schema import built_in
from scripts.simulation.world import to_csv

TELCO = built_in("telco")

# Seconds in which a job, or a figure that is being computed, has to be there; seconds between two looks at a job.
PATIENCE, PAUSE = 120.0, 0.2
# Customers in one /batch_predict, which is its default limit.
BATCH = 1_000
# Results are written with six decimals.
_AS_WRITTEN = 1e-6
_ENDED = {"completed", "failed", "cancelled", "expired"}


class Refused(Exception):
    """An answer that an operator cannot go on with."""


class Client:
    """One operator's connection to the product at `url`; an empty key sends none."""

    def __init__(self, url: str, key: str = "") -> None:
        self._url = url.rstrip("/")
        self._session = requests.Session()
        self._changed = datetime.min.replace(tzinfo=UTC)
        if key:
            self._session.headers["X-API-Key"] = key

    def window_months(self) -> int:
        """The label window of the release in service; 1 where it declares none, as GET /quality has it."""
        return int(self._ask("GET", "/schema").json()["label_window_months"] or 1)

    def score(self, records: Sequence[Mapping[str, str]], day: date) -> tuple[str, dict[str, float]]:
        """Have a job score the customers as they were on a day; returns the release and the probability of each."""
        started = self._ask(
            "POST", f"/jobs?as_of={day}&reasons=0", data=to_csv(records), headers={"Content-Type": "text/csv"}
        ).json()
        job = self._finished(started)
        if job["request_counts"]["completed"] != len(records):
            raise Refused(f"The job of {day} scored {job['request_counts']} of {len(records)} customers.")
        text = self._ask("GET", job["links"]["results"]).content.decode()
        written = {row["customerID"]: float(row["churn_probability"]) for row in csv.DictReader(io.StringIO(text))}
        exact = self._probabilities(records)
        for name, probability in exact.items():
            if abs(written[name] - probability) > _AS_WRITTEN:
                raise Refused(f"{name} has {written[name]} by the job of {day} and {probability} by /batch_predict.")
        return job["model_version"], exact

    def report(self, rows: bytes) -> dict[str, Any]:
        """Send a CSV file of outcomes; returns how many rows were taken in."""
        started = self._ask("POST", "/outcomes", data=rows, headers={"Content-Type": "text/csv"}).json()
        counts: dict[str, Any] = self._finished(started)["request_counts"]
        if counts["failed"]:
            raise Refused(f"Of the outcomes {counts['failed']} were refused: {started['links']['self']}/errors")
        self._changed = datetime.now(UTC).replace(microsecond=0)
        return counts

    def quality(self, days: int) -> dict[str, Any]:
        """The answer of GET /quality, computed after the last outcomes came in: one holds for some seconds regardless.

        It says when it was computed in whole seconds, of this machine's clock or one that goes with it.
        """
        deadline = time.monotonic() + PATIENCE
        while datetime.now(UTC) < self._changed + timedelta(seconds=1):
            time.sleep(PAUSE)
        while True:
            answer: dict[str, Any] = self._ask("GET", f"/quality?days={days}").json()
            if datetime.fromisoformat(answer["computed_at"]) > self._changed:
                return answer
            if time.monotonic() > deadline:
                raise Refused(f"GET /quality still answers what was computed at {answer['computed_at']}.")
            time.sleep(PAUSE)

    def _probabilities(self, records: Sequence[Mapping[str, str]]) -> dict[str, float]:
        """Each customer's probability with all its digits, which no file has; without ids, so that none is tracked."""
        exact: dict[str, float] = {}
        for first in range(0, len(records), BATCH):
            part = records[first : first + BATCH]
            customers = [{name: _value(name, record[name]) for name in TELCO.fields} for record in part]
            answers = self._ask("POST", "/batch_predict", json={"customers": customers}).json()["predictions"]
            for record, answer in zip(part, answers, strict=True):
                exact[record[TELCO.id]] = answer["churn_probability"]
        return exact

    def _finished(self, job: dict[str, Any]) -> dict[str, Any]:
        deadline = time.monotonic() + PATIENCE
        while job["status"] not in _ENDED:
            if time.monotonic() > deadline:
                raise Refused(f"{job['id']} has not ended within {PATIENCE:.0f} s.")
            time.sleep(PAUSE)
            job = self._ask("GET", job["links"]["self"]).json()
        if job["status"] != "completed":
            raise Refused(f"{job['id']} ended as {job['status']}: {job['error']}")
        return job

    def _ask(self, method: str, path: str, **options: Any) -> requests.Response:
        """The answer; one that says when to come again is waited for."""
        deadline = time.monotonic() + PATIENCE
        while True:
            answer = self._session.request(method, self._url + path, timeout=PATIENCE, **options)
            if answer.status_code not in (429, 503) or time.monotonic() > deadline:
                break
            time.sleep(float(answer.headers.get("Retry-After", 1)))
        if not answer.ok:
            raise Refused(f"{method} {path} answered {answer.status_code}: {answer.text[:500]}")
        return answer


def _value(name: str, text: str) -> float | str:
    return text if name in TELCO.categories else float(text)
