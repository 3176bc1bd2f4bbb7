"""Metrics of one name from several sources are one family, and what both count is added up."""

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from churn_api.metrics.merge import Merged


def source(counts: dict[str, int], seen: list[float]) -> CollectorRegistry:
    registry = CollectorRegistry()
    counter = Counter("churn_predictions", "Predictions.", ["source"], registry=registry)
    histogram = Histogram("churn_prediction_probability", "Theirs.", buckets=(0.5, 1), registry=registry)
    for name, count in counts.items():
        counter.labels(name).inc(count)
    for value in seen:
        histogram.observe(value)
    return registry


def test_what_several_sources_count_is_added_up() -> None:
    registry = CollectorRegistry()
    sources = [source({"single": 3, "batch": 5}, [0.1]), source({"job": 7, "batch": 11}, [0.2, 0.9]), source({}, [])]
    registry.register(Merged(sources))  # type: ignore[arg-type]  # a registry collects like any collector
    families = list(text_string_to_metric_families(generate_latest(registry).decode()))
    values = {
        (sample.name, *sample.labels.values()): sample.value
        for family in families
        for sample in family.samples
        if not sample.name.endswith("_created")
    }
    assert {name: value for name, value in values.items() if name[0] == "churn_predictions_total"} == {
        ("churn_predictions_total", "single"): 3,
        ("churn_predictions_total", "batch"): 16,
        ("churn_predictions_total", "job"): 7,
    }
    assert values["churn_prediction_probability_count",] == 3
    assert values["churn_prediction_probability_bucket", "0.5"] == 2
    assert sum(family.name == "churn_predictions" for family in families) == 1
