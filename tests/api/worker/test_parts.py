"""What the worker's own process does beside the jobs."""

import pytest

from churn.experiments import evaluation
from churn.store.opening import open_store
from churn.tracking import quality
from churn.tracking.computed import DEFAULT_DAYS
from churn.training import requests
from churn_api.alerts.evaluation import Evaluation, Pass
from churn_api.celery_queue import CeleryQueue, create_celery
from churn_api.settings import ApiSettings
from churn_api.worker.parts import Parts

WORDS = "More customers left than predicted: 31.0% of those scored in 2026-07, where 26.5% were to be expected."


@pytest.fixture
def settings(tmp_path):
    return ApiSettings(store_url=f"file://{tmp_path}/store", queue_url="redis://127.0.0.1:1/0")


@pytest.mark.parametrize(
    ("due", "days", "asked"), [(True, DEFAULT_DAYS, True), (False, DEFAULT_DAYS, False), (True, 400, False)]
)
def test_a_training_that_is_due_is_asked_for(settings, monkeypatch, due, days, asked):
    store = open_store(settings.store_url)
    store.ensure_bucket()
    told = {"retraining": {"due": due, "reasons": [WORDS], "next": None}}
    monkeypatch.setattr(quality, "compute", lambda *_: told)
    parts = Parts(settings, create_celery(settings.queue_url), lambda: False)
    parts.compute_quality(days)
    parts.compute_quality(days)
    assert [request.reasons for request in requests.listed(store)] == ([(WORDS,)] if asked else [])


@pytest.mark.parametrize("again", [True, False])
def test_a_challenger_that_could_not_be_scored_with_is_tried_again_behind_other_steps(settings, monkeypatch, again):
    sent = []
    monkeypatch.setattr(evaluation, "evaluate", lambda *given: given[2] == "by_hand" and again)
    monkeypatch.setattr(CeleryQueue, "send_tracking", lambda _, step, seconds: sent.append((step, seconds)))
    Parts(settings, create_celery(settings.queue_url), lambda: False).look_at_experiments()
    assert sent == [("experiments", 3600)] * again


@pytest.mark.parametrize("more", [True, False])
def test_digests_are_delivered_and_what_a_look_has_left_is_a_step_of_its_own(settings, monkeypatch, more):
    sent = []
    monkeypatch.setattr(Evaluation, "evaluate", lambda _: Pass(["alr_1", "alr_2"], more))
    monkeypatch.setattr(CeleryQueue, "send", lambda _, *step: sent.append(step))
    monkeypatch.setattr(CeleryQueue, "send_tracking", lambda _, *step: sent.append(step))
    Parts(settings, create_celery(settings.queue_url), lambda: False).alert()
    assert sent == [("notify", "alr_1"), ("notify", "alr_2"), *[("alerts",)] * more]
