"""What fields held, counted by all processes for the release that answered."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families
from tests.telco import FIELDS

from churn.store.interface import ObjectStore
from churn.tracking.reference import SCORE, Reference
from churn_api.metrics.field_values import FieldValuesCollector, add_counts
from churn_api.redis_client import redis_client
from churn_api.settings import ApiSettings

Samples = dict[tuple[str, ...], float]


@pytest.fixture
def asked(settings: ApiSettings, empty_redis: str, make_app: Callable[[ApiSettings], Flask]) -> Flask:
    """The API with Redis, of whom nobody has asked anything, and whose predictions are not tracked."""
    return make_app(settings.model_copy(update={"queue_url": empty_redis, "tracking": "off"}))


def scraped(app: Flask, name: str) -> Samples:
    """The samples of a family by their labels, without the version."""
    text = app.test_client().get("/metrics").text
    families = {family.name: family for family in text_string_to_metric_families(text)}
    samples = families[name].samples if name in families else []
    return {(sample.labels["field"], sample.labels.get("bin", "")): sample.value for sample in samples}


def answer(app: Flask, *records: dict[str, Any]) -> None:
    """Ask for each record alone, then for all of them at once, and let the counts be written."""
    service = app.extensions["churn"]
    service.watch()
    client = app.test_client()
    for record in records:
        assert client.post("/predict", json=record).status_code == 200
    assert client.post("/batch_predict", json=list(records)).status_code == 200
    service.end()


def test_every_bin_is_there_before_anybody_asks(asked: Flask, reference: Reference) -> None:
    bins = {(name, each) for name, field in reference.fields.items() for each in field.bins}
    assert scraped(asked, "churn_field_values") == dict.fromkeys(bins, 0)
    assert set(scraped(asked, "churn_field_reference_share")) == bins


def test_the_reference_is_that_of_the_release_in_service(asked: Flask, reference: Reference) -> None:
    shares = scraped(asked, "churn_field_reference_share")
    field = reference.fields["Contract"]
    assert [shares["Contract", each] * field.rows for each in field.bins] == pytest.approx(field.counts)
    assert scraped(asked, "churn_field_reference_rows")["tenure", ""] == reference.fields["tenure"].rows
    assert scraped(asked, "churn_field_psi_quantile")["tenure", ""] == reference.fields["tenure"].quantile


def test_every_answer_is_counted_whether_it_is_tracked_or_not(asked: Flask, whole: Any, partial: Any) -> None:
    without_id = {name: value for name, value in whole.items() if name != "customerID"}
    answer(asked, whole, without_id, partial)
    values = scraped(asked, "churn_field_values")
    totals = {name: sum(value for (field, _), value in values.items() if field == name) for name in [*FIELDS, SCORE]}
    assert totals == dict.fromkeys([*FIELDS, SCORE], 6)
    assert values["OnlineBackup", "absent"] == 2
    assert values["Contract", whole["Contract"]] >= 4


def test_counts_of_jobs_and_other_processes_add_up(asked: Flask, empty_redis: str, whole: Any) -> None:
    answer(asked, whole)
    before = scraped(asked, "churn_field_values")
    version = asked.extensions["churn"].releases.version
    with redis_client(empty_redis, 2).pipeline() as pipe:
        add_counts(pipe, version, {"Contract": np.array([5, 0, 7, 0])})
        pipe.execute()
    after = scraped(asked, "churn_field_values")
    assert {key: value - before[key] for key, value in after.items() if value != before[key]} == {
        ("Contract", "Month-to-month"): 5,
        ("Contract", "Two year"): 7,
    }


def test_what_another_release_was_asked_is_not_counted_as_this_one_s(
    asked: Flask, whole: Any, store: ObjectStore, publish: Callable[..., str]
) -> None:
    answer(asked, whole)
    publish(store, shift=0.1)
    asked.extensions["churn"].refresh()
    assert set(scraped(asked, "churn_field_values").values()) == {0}


def test_a_failing_redis_costs_counts_and_no_answer(
    settings: ApiSettings, make_app: Callable[[ApiSettings], Flask], whole: Any, free_port: Callable[[], int]
) -> None:
    app = make_app(settings.model_copy(update={"queue_url": f"redis://127.0.0.1:{free_port()}/0"}))
    answer(app, whole)
    assert scraped(app, "churn_field_values") == {}
    assert scraped(app, "churn_field_reference_rows")


def test_a_release_without_a_reference_is_neither_counted_nor_shown(
    empty_redis: str, asked: Flask, whole: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = asked.extensions["churn"]
    monkeypatch.setattr(service.releases.serving.release.__class__, "reference", None)
    answer(asked, whole)
    assert list(FieldValuesCollector(empty_redis, service.releases).collect()) == []
    assert not redis_client(empty_redis, 2).keys("churn-field-values:*")
