"""Jobs that have been scored, week by week, and what looks at their customers."""

import io
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest
from tests.api.jobs.conftest import Bench, many_customers

from churn.alerts import layout
from churn.store.compare_and_swap import JSON
from churn.store.directory import DirectoryStore
from churn.store.interface import ObjectStore
from churn.tracking.layout import PREDICTIONS, month_of
from churn_api.alerts import record as records
from churn_api.alerts.evaluation import Evaluation
from churn_api.alerts.record import CustomerAtRisk, Digest, Record
from churn_api.jobs import ids
from churn_api.jobs.release_cache import ReleaseCache
from churn_api.jobs.repository import JobRepository
from churn_api.tracking.turn import turn

__all__ = ["many_customers"]

MONDAY = datetime(2026, 11, 2, 9, tzinfo=UTC)
BILL = 50.0

UNREADABLE = b"{", b'{"generation":"\xff"}'
"""Records that nobody can read: half a one, and one that is no UTF-8."""


class Alerts:
    """A store in which jobs leave their customers, and the search for those to be alerted on."""

    def __init__(self, bench: Bench) -> None:
        self.bench, self.store, self.clock = bench, bench.store, bench.clock
        self.clock.now = MONDAY
        self.counted: Counter[str] = Counter()
        self.channels: tuple[str, ...] = ("webhook", "email")
        self.evaluation = self.over(self.store)

    def over(self, store: ObjectStore) -> Evaluation:
        """The same over another view of the store."""
        repository = JobRepository(store, self.clock)
        return Evaluation(
            repository, ReleaseCache(store), lambda: turn(store, self.clock), self.channels, self.counted.update
        )

    def score(self, probabilities: Mapping[str, float], bills: Mapping[str, float | None] | None = None) -> str:
        """Leave what a job does that has scored these customers now; returns its id."""
        job_id, moment = ids.new_id(self.clock.now), self.clock.now
        prefix = f"{PREDICTIONS}{month_of(moment)}{job_id}-"
        names = list(probabilities)
        for number, some in enumerate((names[::2], names[1::2])):
            table = pl.DataFrame(
                {
                    "customer_id": some,
                    "scored_at": pl.Series([moment] * len(some), dtype=pl.Datetime("us", "UTC")),
                    "probability": [probabilities[name] for name in some],
                    "field.MonthlyCharges": [(bills or {}).get(name, BILL) for name in some],
                },
                schema_overrides={
                    "customer_id": pl.String,
                    "probability": pl.Float64,
                    "field.MonthlyCharges": pl.Float64,
                },
            )
            target = io.BytesIO()
            table.write_parquet(target)
            self.store.put(f"{prefix}{number:06d}.parquet", target.getvalue(), content_type="application/octet-stream")
        told = {"moment": moment.isoformat(), "filename": "week.csv", "model_version": self.bench.version}
        data = records.msgspec.json.encode(told | {"prefix": prefix})
        self.store.put(layout.due(job_id), data, content_type=JSON)
        return job_id

    def week(self, probabilities: Mapping[str, float], **others: Any) -> list[str]:
        """Score these customers, look at them, and let a week pass; returns the ids of digests."""
        self.score(probabilities, **others)
        made = self.evaluation.evaluate().digests
        self.clock.pass_by(days=7)
        return made

    @property
    def record(self) -> Record:
        return records.load(self.store)

    @property
    def digests(self) -> tuple[Digest, ...]:
        return self.record.digests

    def customers(self, digest_id: str) -> list[CustomerAtRisk]:
        return records.customers(self.store, digest_id)

    def held(self) -> list[str]:
        return [entry.key for entry in self.store.list(layout.ROOT)]

    def state(self) -> pl.DataFrame:
        """What is remembered of customers, by their ids."""
        files = [self.store.get(key).data for key in self.record.state]
        return pl.concat(pl.read_parquet(io.BytesIO(data)) for data in files).sort("customer_id")


@pytest.fixture
def alerts(store: DirectoryStore, publish: Callable[..., str]) -> Alerts:
    return Alerts(Bench(store, publish(store)))
