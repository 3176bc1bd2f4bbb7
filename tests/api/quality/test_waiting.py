"""What is answered for predictions and outcomes in a real store, and waiting for whoever computes it."""

import io
from datetime import UTC, datetime, timedelta

import msgspec
import numpy as np
import polars as pl
import pytest

from churn.tracking import computed, layout, outcomes, predictions
from churn.tracking.quality import compute, quality
from churn_api.quality import waiting
from churn_api.quality.answers import QualityAnswer
from churn_api.quality.waiting import NotComputedYet, QualityService

NOW = datetime.now(UTC)


class Worker:
    """A queue whose one worker does the step at once, or never."""

    def __init__(self, store, *, takes=True, answers=True):
        self.store, self.takes, self.answers, self.sent = store, takes, answers, []

    def send_tracking(self, step, days):
        self.sent.append((step, days))
        if self.takes and self.answers:
            compute(self.store, datetime.now(UTC), days)
        return self.answers


def served(store, **worker):
    queue = Worker(store, **worker)
    return QualityService(store, queue, tracked=True, pause=lambda _: None), queue


def answer(store, days=400):
    found = served(store)[0].answer(days)
    msgspec.convert(found, QualityAnswer)  # the shape that is declared
    return found


def put(store, key, table):
    target = io.BytesIO()
    table.write_parquet(target)
    store.put(key, target.getvalue(), content_type="application/octet-stream")


def predicted(store, version, model, days_ago, size=400, seed=1):
    """Predictions of made-up customers by the model's own declaration, and who would leave."""
    rng = np.random.default_rng(seed)
    probability = rng.beta(1, 3, size)
    moment = NOW - timedelta(days=days_ago)
    customers = [model.customers[number % len(model.customers)] for number in range(size)]
    schema = model.predictor.schema
    table = predictions.frame(
        schema,
        version,
        "job",
        pl.Series([f"C{number}" for number in range(size)]),
        pl.Series([moment] * size),
        probability,
        np.zeros(size, np.uint8),
        [pl.Series([customer[place] for customer in customers]) for place in range(len(schema.fields))],
    )
    put(store, f"{layout.PREDICTIONS}{layout.month_of(moment)}{days_ago}-{size}.parquet", table)
    return moment.date(), rng.random(size) < probability


def reported(store, day, left, *, stays=range(10_000)):
    """Who left on the day, and of the customers with the numbers `stays` who stayed."""
    rows = [
        (f"C{number}", day if gone else None, None if gone else NOW.date(), None, None, None, None, NOW, number)
        for number, gone in enumerate(left)
        if gone or number in stays
    ]
    put(store, f"{layout.OUTCOMES}month=2026-11/a.parquet", pl.DataFrame(rows, outcomes.COLUMNS, orient="row"))


def test_an_empty_store_says_what_to_do_first(store):
    found = answer(store)
    assert (found["releases"], found["data"], found["next_ripe"]) == ([], [], None)
    assert [words.split(".")[0] for words in found["words"]] == [
        "Nothing has been predicted yet for customers with an id, the last minutes apart",
        "No outcomes have come in yet",
    ]


def test_predictions_that_are_too_young_say_when_they_can_be_judged(store, publish, model):
    version = publish(store)
    day, _ = predicted(store, version, model, 3)
    found = answer(store)
    release = found["releases"][0]
    assert (release["version"], release["in_service"], release["predictions"]) == (version, True, 400)
    assert (release["matured"], release["roc_auc"], release["verdict"]["state"]) == (0, None, "none")
    assert release["missing"] == "0 outcomes are known of ripe predictions; figures want 30."
    assert 0.6 < release["expected"]["roc_auc"]["value"] < 0.9
    assert found["next_ripe"]["predictions"] == 400
    assert found["next_ripe"]["date"] > day.isoformat()
    assert any("none of them is old enough to be judged" in words for words in found["words"])


def test_ripe_predictions_have_figures_reliability_promises_and_drift(store, publish, model):
    version = publish(store)
    day, left = predicted(store, version, model, 130)
    predicted(store, version, model, 5)
    reported(store, day + timedelta(days=10), left)
    found = answer(store)
    release = found["releases"][0]
    assert (release["matured"], release["matched"], release["unmatched"]) == (400, 400, 0)
    assert release["churn_rate"]["value"] == pytest.approx(left.mean())
    assert release["roc_auc"]["low"] < release["roc_auc"]["value"] < release["roc_auc"]["high"]
    assert sum(tenth["count"] for tenth in release["reliability"]) == 400
    assert release["months"][0]["roc_auc"] == release["roc_auc"]
    assert release["drift"]["score"]["n"] == 400
    assert [field["field"] for field in release["drift"]["fields"]] == list(model.predictor.schema.fields)
    assert found["outcomes"]["rows"] == 400
    assert not found["retraining"]["due"]


def test_who_scores_once_a_month_is_told_of_a_drift_that_stays(store, publish, model):
    version = publish(store)
    loyal = model._replace(customers=[customer for customer in model.customers if customer.tenure > 60])
    for days_ago in (40, 70, 100):
        predicted(store, version, loyal, days_ago)
    drift = answer(store)["releases"][0]["drift"]
    assert {field["field"]: field["state"] for field in drift["fields"]}["tenure"] == "alarm"
    assert drift["fields"][0]["n"] == 400


@pytest.mark.parametrize("days_later", range(7))
def test_a_drift_is_told_on_each_day_of_the_week(store, publish, model, days_later):
    """A week that has just begun, with a single prediction in it, would hide what the last list was."""
    version = publish(store)
    loyal = model._replace(customers=[customer for customer in model.customers if customer.tenure > 60])
    for weeks_ago in range(3):
        predicted(store, version, loyal, 7 * weeks_ago)
    predicted(store, version, model, -days_later, size=1)
    drift = quality(store, NOW + timedelta(days=days_later), 400)["releases"][0]["drift"]
    assert {field["field"]: field["state"] for field in drift["fields"]}["tenure"] == "alarm"


def test_without_anybody_who_stayed_there_is_no_figure_and_no_alarm(store, publish, model):
    version = publish(store)
    day, left = predicted(store, version, model, 130)
    reported(store, day + timedelta(days=10), left, stays=())
    found = answer(store)
    release = found["releases"][0]
    assert (release["matched"], release["churn_rate"], release["verdict"]["state"]) == (left.sum(), None, "none")
    assert "send stayed_until" in release["missing"]
    assert any("Nobody is known to have stayed" in words for words in found["words"])


def test_a_world_that_has_changed_raises_an_alarm_and_a_retraining_is_due(store, publish, model):
    version = publish(store)
    day, left = predicted(store, version, model, 160, size=1500)
    reported(store, day + timedelta(days=10), ~left)
    found = answer(store)
    assert found["releases"][0]["verdict"]["state"] == "alarm"
    assert found["retraining"]["reasons"] == [found["releases"][0]["verdict"]["words"]]
    assert (found["retraining"]["due"], found["retraining"]["next"]) == (False, found["retraining"]["next"])


def test_who_tells_of_those_who_left_and_hardly_of_others_gets_no_alarm(store, publish, model):
    """As who sent everybody's outcome once, and from then on only who left: nearly all would seem to leave."""
    version = publish(store)
    day, left = predicted(store, version, model, 160, size=1500)
    reported(store, day + timedelta(days=10), left, stays=range(40))
    found = answer(store)
    release = found["releases"][0]
    assert release["churn_rate"]["value"] > 0.8
    assert (release["verdict"]["state"], found["retraining"]["reasons"]) == ("none", [])
    assert "of half of its customers" in release["verdict"]["words"]
    assert any("the others may be unlike them" in words for words in found["words"])


def test_predictions_of_a_release_that_is_gone_are_judged_all_the_same(store, model):
    day, left = predicted(store, "20200101_000000", model, 130)
    reported(store, day + timedelta(days=10), left)
    release = answer(store)["releases"][0]
    assert (release["model_name"], release["in_service"], release["label_window_months"]) == ("unknown", False, 1)
    assert release["matched"] == 400
    assert any("does not say within how many months" in words for words in answer(store)["words"])


def test_refused_rows_are_counted_by_month(store, publish):
    publish(store)
    month = f"{layout.REFUSED}{layout.month_of(NOW)}"
    store.put(f"{month}live.json", b'{"rows": 10, "refused": 2, "faults": {"tenure:missing": 2}}', content_type="x/y")
    store.put(f"{month}job_1.json", b'{"rows": 5, "refused": 1, "faults": {"a:b:unknown": 1}}', content_type="x/y")
    assert answer(store)["data"] == [
        {
            "month": f"{NOW:%Y-%m}",
            "rows": 15,
            "refused": 3,
            "faults": [
                {"field": "tenure", "code": "missing", "rows": 2},
                {"field": "a:b", "code": "unknown", "rows": 1},
            ],
            "absent": None,
        }
    ]


def test_an_answer_that_holds_is_not_computed_again(store):
    service, queue = served(store)
    first = service.answer(30)
    assert service.answer(30) == first
    assert queue.sent == [("quality", 30)]


def test_whoever_waits_in_vain_is_told_to_come_again(store, monkeypatch):
    monkeypatch.setattr(waiting, "PATIENCE_SECONDS", 0.05)
    with pytest.raises(NotComputedYet, match="the workers are busy"):
        served(store, takes=False)[0].answer(30)


def test_without_a_queue_the_last_answer_is_better_than_none(store):
    with pytest.raises(NotComputedYet, match="the queue is away"):
        served(store, answers=False)[0].answer(30)
    old = served(store)[0].answer(30) | {"computed_at": (NOW - timedelta(hours=1)).isoformat()}
    computed.save(store, 30, computed.Computed(old, "old"))
    assert served(store, answers=False)[0].answer(30) == old


def test_only_a_few_wait_at_a_time(store):
    service, _ = served(store)
    for _ in range(4):
        service._waiting._turns.acquire()
    with pytest.raises(NotComputedYet, match="others wait"):
        service.answer(30)


def test_with_tracking_off_the_answer_says_so(store):
    found = QualityService(store, Worker(store), tracked=False).answer(30)
    msgspec.convert(found, QualityAnswer)
    assert (found["tracking"], found["days"]) == ("off", 30)
    assert "CHURN_TRACKING=on" in found["words"][0]
