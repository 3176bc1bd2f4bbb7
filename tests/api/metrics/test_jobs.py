"""What workers count of jobs, as a scrape shows it."""

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
