"""The simulated operator's side of the HTTP API: files of customers and of outcomes go in, figures come out."""

import csv
import io
import time
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

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

# States of a campaign that somebody waits for.
_PLANNED = {"planned", "failed"}


class Refused(Exception):
    """An answer that an operator cannot go on with."""


class Scored(NamedTuple):
    """What a job made of customers: the probability of each, by id."""

    job_id: str
    release: str
    probabilities: dict[str, float]


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

    def score(self, records: Sequence[Mapping[str, str]], day: date) -> Scored:
        """Have a job score the customers as they were on a day."""
        started = self._ask(
            "POST", f"/jobs?as_of={day}&reasons=0", data=to_csv(records), headers={"Content-Type": "text/csv"}
        ).json()
        job = self._finished(started)
        if job["request_counts"]["completed"] != len(records):
            raise Refused(f"The job of {day} scored {job['request_counts']} of {len(records)} customers.")
        rows = self._rows(job["links"]["results"])
        written = {row["customerID"]: float(row["churn_probability"]) for row in rows}
        exact = self._probabilities(records)
        for name, probability in exact.items():
            if abs(written[name] - probability) > _AS_WRITTEN:
                raise Refused(f"{name} has {written[name]} by the job of {day} and {probability} by /batch_predict.")
        return Scored(job["id"], job["model_version"], exact)

    def report(self, rows: bytes) -> dict[str, Any]:
        """Send a CSV file of outcomes; returns how many rows were taken in."""
        started = self._ask("POST", "/outcomes", data=rows, headers={"Content-Type": "text/csv"}).json()
        counts: dict[str, Any] = self._finished(started)["request_counts"]
        if counts["failed"]:
            raise Refused(f"Of the outcomes {counts['failed']} were refused: {started['links']['self']}/errors")
        self._changed = datetime.now(UTC).replace(microsecond=0)
        return counts

    def quality(self, days: int) -> dict[str, Any]:
        """The answer of GET /quality, computed after the last outcomes came in."""
        return self._newer(f"/quality?days={days}")

    def plan(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Have a campaign planned; returns it with its figures."""
        found = self._ended(self._ask("POST", "/campaigns", json=body).json(), _PLANNED)
        if found["status"] != "planned":
            raise Refused(f"{found['id']} could not be planned: {found['error']}")
        return found

    def list_of(self, campaign_id: str) -> list[dict[str, str]]:
        """The rows of a campaign's list."""
        return self._rows(f"/campaigns/{campaign_id}/list")

    def start(self, campaign_id: str) -> None:
        """Say that the customers on the list are being contacted."""
        self._ask("POST", f"/campaigns/{campaign_id}/start")

    def close(self, campaign_id: str) -> None:
        """Say that nobody else will be contacted."""
        self._ask("POST", f"/campaigns/{campaign_id}/close")

    def result(self, campaign_id: str) -> dict[str, Any]:
        """What came of a campaign, computed after the last outcomes came in."""
        return self._newer(f"/campaigns/{campaign_id}/result")

    def _newer(self, path: str) -> dict[str, Any]:
        """An answer that was computed after the last outcomes came in: one holds for some seconds regardless.

        It says when it was computed in whole seconds, of this machine's clock or one that goes with it.
        """
        deadline = time.monotonic() + PATIENCE
        while datetime.now(UTC) < self._changed + timedelta(seconds=1):
            time.sleep(PAUSE)
        while True:
            answer: dict[str, Any] = self._ask("GET", path).json()
            if datetime.fromisoformat(answer["computed_at"]) > self._changed:
                return answer
            if time.monotonic() > deadline:
                raise Refused(f"GET {path} still answers what was computed at {answer['computed_at']}.")
            time.sleep(PAUSE)

    def _rows(self, path: str) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO(self._ask("GET", path).content.decode(), newline="")))

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
        job = self._ended(job, _ENDED)
        if job["status"] != "completed":
            raise Refused(f"{job['id']} ended as {job['status']}: {job['error']}")
        return job

    def _ended(self, found: dict[str, Any], states: Collection[str]) -> dict[str, Any]:
        """A job or a campaign once it is in one of these states."""
        deadline = time.monotonic() + PATIENCE
        while found["status"] not in states:
            if time.monotonic() > deadline:
                raise Refused(f"{found['id']} has not ended within {PATIENCE:.0f} s.")
            time.sleep(PAUSE)
            found = self._ask("GET", found["links"]["self"]).json()
        return found

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
