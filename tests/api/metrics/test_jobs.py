"""What workers count of jobs, as a scrape shows it."""

import numpy as np
import redis

from churn_api.jobs.job import Progress
from churn_api.jobs.job_metrics import ChunkStats
from churn_api.metrics.jobs import JobCollector, RedisJobMetrics


def test_faults_are_counted_by_the_declared_names_whatever_signs_these_have(empty_redis: str) -> None:
    tally = ChunkStats(frozenset({"Plan: kind", "Balance"}))
    tally.faults.update({("Plan: kind", "not_allowed"): 3, ("Balance", "missing"): 2, ("tenure", "unknown"): 1})
    RedisJobMetrics(empty_redis).count_chunk(Progress(10, 6), tally)
    [family] = [each for each in JobCollector(empty_redis).collect() if each.name == "churn_validation_errors"]
    assert {tuple(sample.labels.values()): sample.value for sample in family.samples} == {
        ("Plan: kind", "not_allowed"): 3,
        ("Balance", "missing"): 2,
        ("other", "unknown"): 1,
    }


def test_what_fields_held_is_counted_for_the_release_that_scored(empty_redis: str) -> None:
    values = {"Plan: kind": np.array([2, 0, 1]), "churn_probability": np.array([3, 0])}
    metrics = RedisJobMetrics(empty_redis)
    for _ in range(2):
        metrics.count_chunk(Progress(3, 0), ChunkStats(release="20261123_140301", values=values))
    metrics.count_chunk(Progress(3, 0), ChunkStats(release="20261123_140302"))
    with redis.Redis.from_url(empty_redis) as client:
        assert client.keys("churn-field-values:*") == [b"churn-field-values:20261123_140301"]
        held = client.hgetall("churn-field-values:20261123_140301")
        assert client.ttl("churn-field-values:20261123_140301") > 28 * 24 * 3600
    assert held == {b"Plan: kind:0": b"4", b"Plan: kind:2": b"2", b"churn_probability:0": b"6"}


def test_rows_of_outcomes_are_counted_by_what_became_of_them(empty_redis: str) -> None:
    RedisJobMetrics(empty_redis).count_outcomes(Progress(10, 6))
    RedisJobMetrics(empty_redis).count_outcomes(Progress(1, 0))
    [family] = [each for each in JobCollector(empty_redis).collect() if each.name == "churn_outcomes"]
    assert {sample.labels["result"]: sample.value for sample in family.samples} == {"completed": 11, "failed": 6}


def test_customers_are_counted_by_what_became_of_the_alerts_on_them(empty_redis: str) -> None:
    for counts in ({"listed": 20, "budget": 3, "held_out": 0}, {"sent": 20, "budget": 1}):
        RedisJobMetrics(empty_redis).count_alerts(counts)
    [family] = [each for each in JobCollector(empty_redis).collect() if each.name == "churn_alerts"]
    counted = {sample.labels["result"]: sample.value for sample in family.samples if sample.value}
    assert counted == {"listed": 20, "budget": 4, "sent": 20}
