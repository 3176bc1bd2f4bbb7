"""GET /quality over HTTP."""

import json
from datetime import UTC, datetime

import pytest
from tests import quality_answer

from churn.tracking import computed
from churn_api.metrics.realised import RealisedCollector


def computed_now(store, days):
    answer = quality_answer.two_years() | {"computed_at": datetime.now(UTC).isoformat(), "days": days}
    computed.save(store, days, computed.Computed(answer, computed.state_of(store)))
    return answer


def test_what_was_computed_is_answered(client, service):
    answer = computed_now(service.store, 90)
    got = client.get("/quality")
    assert (got.status_code, got.get_json()) == (200, json.loads(json.dumps(answer)))
    assert client.get("/quality?days=90").get_json() == got.get_json()


@pytest.mark.parametrize("days", ["0", "401", "-1", "1.5", "ten", "", "²", "9" * 5000])
def test_days_are_a_whole_number_up_to_those_that_are_kept(client, days):
    got = client.get("/quality", query_string={"days": days})
    assert got.status_code == 422
    fault = got.get_json()["errors"][0]
    assert (fault["field"], fault["code"]) == ("days", "out_of_range")
    assert fault["message"].startswith("days must be a whole number from 1 to 400 (CHURN_TRACKING_DAYS); got ")


def test_the_figures_of_the_release_in_service_are_metrics(client, service):
    computed_now(service.store, 90)
    for collector in service.stored:
        collector._due = 0
        collector.refresh()
    lines = client.get("/metrics").get_data(as_text=True).splitlines()
    figures = [line for line in lines if line.startswith("churn_realised{")]
    assert len(figures) == 6
    serving = quality_answer.two_years()["releases"][0]
    assert f'churn_realised{{figure="roc_auc"}} {serving["roc_auc"]["value"]}' in figures
    assert "churn_retraining_due 1.0" in lines
    assert "churn_training_failed 0.0" in lines


def test_a_training_that_failed_is_a_metric(store):
    retraining = quality_answer.two_years()["retraining"]
    for told, value in ((retraining, 0.0), (retraining | {"failed": "It ended by MemoryError."}, 1.0)):
        answer = quality_answer.two_years() | {"retraining": told}
        computed.save(store, computed.DEFAULT_DAYS, computed.Computed(answer, "of today"))
        collector = RealisedCollector(store)
        collector.refresh()
        found = {family.name: family.samples for family in collector.collect()}
        assert [sample.value for sample in found["churn_training_failed"]] == [value]
