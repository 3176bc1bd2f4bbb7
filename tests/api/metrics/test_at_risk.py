"""The customers at risk as metrics."""

from typing import Any

import pytest
from tests.api.overview.test_scoring_runs import run

from churn.errors import StoreUnavailable
from churn.store.directory import DirectoryStore
from churn.tracking import daily
from churn_api.metrics.at_risk import AtRiskCollector


def told(collector: AtRiskCollector) -> dict[str, float]:
    [family] = collector.collect()
    return {sample.labels["band"]: sample.value for sample in family.samples}


def test_bands_of_the_last_run_are_gauges_that_are_read_now_and_then(
    store: DirectoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    collector = AtRiskCollector(store, lambda: now[0])
    collector.refresh()
    assert told(collector) == {}
    daily.keep(store, run("2026-11-20"))
    collector.refresh()
    assert told(collector) == {}
    now[0] = 300.0
    collector.refresh()
    assert told(collector) == {"low": 250, "medium": 250, "high": 500}

    def away(*_: Any, **__: Any) -> None:
        raise StoreUnavailable("here", "a test")

    monkeypatch.setattr(store, "list", away)
    now[0] = 600.0
    collector.refresh()
    assert told(collector) == {"low": 250, "medium": 250, "high": 500}
