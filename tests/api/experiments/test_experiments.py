"""The addresses under /experiments: who may call them, what they answer, and what they refuse."""

import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from churn import release
from churn.experiments import computed, layout
from churn.experiments.computed import Computed
from churn.experiments.experiment import Experiment
from churn.experiments.repository import ExperimentRepository
from churn.store.interface import ObjectStore
from churn.tracking import computed as quality
from churn.training import requests
from churn_api.app import create_app
from churn_api.metrics.experiments import ShadowCollector
from churn_api.settings import ApiSettings

FIGURE = {"value": 0.01, "low": 0.005, "high": 0.015}
VERDICT = {
    "state": "better",
    "words": "The challenger is better: so much.",
    "outcomes": 4000,
    "more": None,
    "promotable": True,
    "differences": {"log_loss": FIGURE, "brier": FIGURE, "roc_auc": None},
}
COST = {"single_p50_ms": 0.1, "single_p99_ms": 0.2, "batch_us": 1.5, "memory_mib": 8.0}
FIGURES = {
    "computed_at": "2026-11-30T12:00:00+00:00",
    "disagreement": {"customers": 400, "sides": 0.05, "call_list": 0.1, "mean_difference": 0.02},
    "verdict": VERDICT,
    "costs": {"champion": None, "challenger": COST},
}


@pytest.fixture
def client(settings: ApiSettings, store: ObjectStore, publish: Any) -> FlaskClient:
    """A client of a service of its own, with a release in service."""
    publish(store)
    return create_app(settings).test_client()


@pytest.fixture
def challenger(store: ObjectStore, client: FlaskClient, publish: Any) -> str:
    """The version of a release that is not in service."""
    assert client
    return str(publish(store, promoted=False))


def start(client: FlaskClient, challenger: str) -> dict[str, Any]:
    got = client.post("/experiments", json={"challenger": challenger})
    assert got.status_code == 201, got.get_json()
    return dict(got.get_json()["experiment"])


def test_before_the_first_experiment_it_says_what_to_do(client: FlaskClient) -> None:
    got = client.get("/experiments")
    assert got.status_code == 200
    answer = got.get_json()
    assert (answer["promote"], answer["running"], answer["experiments"]) == ("by_hand", None, [])
    assert answer["words"][0].startswith("No release is in shadow. One that is scores what is tracked")
    assert answer["retraining"] == {"due": False, "reasons": [], "next": None, "requests": []}


def test_an_experiment_is_started_shown_and_ended(client: FlaskClient, challenger: str) -> None:
    begun = start(client, challenger)
    assert (begun["challenger"], begun["status"], begun["origin"]) == (challenger, "running", "person")
    assert begun["words"] == ["A worker is about to score with it."]
    answer = client.get("/experiments").get_json()
    assert answer["running"] == begun == answer["experiments"][0]
    assert client.get(f"/experiments/{begun['id']}").get_json()["experiment"] == begun
    ended = client.delete(f"/experiments/{begun['id']}").get_json()["experiment"]
    assert (ended["status"], ended["reason"]) == ("ended", "A person ended it.")
    assert client.delete(f"/experiments/{begun['id']}").get_json()["experiment"] == ended
    assert client.get("/experiments").get_json()["running"] is None


def test_what_a_worker_found_out_is_shown(client: FlaskClient, store: ObjectStore, challenger: str) -> None:
    begun = start(client, challenger)
    computed.save(store, begun["id"], Computed(FIGURES))
    shown = client.get("/experiments").get_json()["running"]
    assert {name: shown[name] for name in FIGURES} == FIGURES
    assert shown["words"] == [VERDICT["words"], "It waits for somebody to promote it."]
    computed.save(store, begun["id"], Computed(None, 2, "it raises RuntimeError"))
    shown = client.get("/experiments").get_json()["running"]
    assert shown["words"] == ["It could not be scored with 2 times in a row: it raises RuntimeError."]


WRITTEN_OTHERWISE = {
    "no verdict": {name: part for name, part in FIGURES.items() if name != "verdict"},
    "a verdict without words": FIGURES | {"verdict": {"state": "better"}},
    "an unknown state": FIGURES | {"verdict": VERDICT | {"state": "unsure"}},
    "a share above one": FIGURES | {"disagreement": FIGURES["disagreement"] | {"sides": 5}},  # type: ignore[operator]
    "no moment": FIGURES | {"computed_at": 3},
    "a list": [],
}


@pytest.mark.parametrize("figures", WRITTEN_OTHERWISE.values(), ids=WRITTEN_OTHERWISE)
def test_figures_that_were_written_otherwise_are_none(
    client: FlaskClient, store: ObjectStore, challenger: str, figures: Any
) -> None:
    begun = start(client, challenger)
    computed.save(store, begun["id"], Computed(figures))
    assert client.get("/experiments").get_json()["running"] == begun
    collector = ShadowCollector(store, lambda: 0.0)
    collector.refresh()
    assert list(collector.collect()) == []


def test_figures_of_a_moment_to_come_do_not_hold() -> None:
    moment = datetime.fromisoformat(str(FIGURES["computed_at"]))
    assert Computed(FIGURES).holds(moment)
    assert not Computed(FIGURES).holds(moment - timedelta(days=365))


def test_what_is_said_of_retraining_in_another_shape_is_nothing(client: FlaskClient, store: ObjectStore) -> None:
    for told in ({}, {"retraining": None}, {"retraining": {"due": "yes"}}):
        quality.save(store, quality.DEFAULT_DAYS, quality.Computed(told, "state"))
        answer = client.get("/experiments").get_json()
        assert answer["retraining"] == {"due": False, "reasons": [], "next": None, "requests": []}


def test_the_release_in_shadow_is_promoted_and_the_former_one_watched(
    client: FlaskClient, store: ObjectStore, challenger: str
) -> None:
    begun = start(client, challenger)
    early = client.post(f"/experiments/{begun['id']}/promote")
    assert early.status_code == 409
    assert "No worker has scored with the challenger yet" in early.get_json()["error"]
    computed.save(store, begun["id"], Computed(FIGURES))
    promoted = client.post(f"/experiments/{begun['id']}/promote").get_json()["experiment"]
    assert (promoted["status"], promoted["reason"]) == ("promoted", f"A person promoted it. {VERDICT['words']}")
    store.delete([layout.figures(begun["id"])])
    assert client.post(f"/experiments/{begun['id']}/promote").get_json()["experiment"]["reason"] == promoted["reason"]
    pointer = release.current(store)
    assert pointer is not None
    assert pointer.version == challenger
    watch = client.get("/experiments").get_json()["running"]
    assert (watch["origin"], watch["challenger"]) == ("former", begun["champion"])
    computed.save(store, watch["id"], Computed(FIGURES))
    words = client.get("/experiments").get_json()["running"]["words"]
    assert words[1:] == ["It served before, and does better than what replaced it. Promote it to go back to it."]


def test_a_champion_that_was_replaced_meanwhile_is_a_conflict(
    client: FlaskClient, store: ObjectStore, challenger: str, publish: Any
) -> None:
    begun = start(client, challenger)
    computed.save(store, begun["id"], Computed(FIGURES))
    publish(store)
    got = client.post(f"/experiments/{begun['id']}/promote")
    assert got.status_code == 409
    assert "is no longer in service" in got.get_json()["error"]


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"challenger": "20200101_000000"}, 404, "There is no release '20200101_000000'"),
        ({"challenger": 7}, 422, "challenger"),
        ({}, 422, "challenger"),
        ({"challenger": "20200101_000000", "champion": "x"}, 422, "no member of the body; the members are challenger."),
        ({"Challenger": "20200101_000000"}, 422, "did you mean challenger?"),
        ([], 400, "must be a JSON object"),
    ],
)
def test_what_is_wrong_with_a_body_is_named(client: FlaskClient, body: Any, status: int, words: str) -> None:
    got = client.post("/experiments", json=body)
    assert got.status_code == status
    assert words in json.dumps(got.get_json())


def test_the_release_in_service_is_not_compared_with_itself(client: FlaskClient, store: ObjectStore) -> None:
    pointer = release.current(store)
    assert pointer is not None
    assert client.post("/experiments", json={"challenger": pointer.version}).status_code == 409


@pytest.mark.parametrize("method", ["get", "delete"])
def test_an_unknown_experiment_is_404(client: FlaskClient, method: str) -> None:
    got = getattr(client, method)("/experiments/exp_01ARZ3NDEKTSV4RRFFQ69G5FAV")
    assert got.status_code == 404
    assert got.get_json()["error_type"] == "UnknownExperiment"
    assert client.post("/experiments/exp_1/promote").status_code == 404


def test_trainings_that_were_asked_for_are_listed(client: FlaskClient, store: ObjectStore) -> None:
    store.put("training/requests/2026-11-20.json", b"{}", content_type="application/json")
    (asked,) = client.get("/experiments").get_json()["retraining"]["requests"]
    assert asked == {
        "day": "2026-11-20",
        "status": requests.OPEN,
        "reasons": [],
        "attempts": 0,
        "release": None,
        "words": None,
    }


def test_no_more_is_read_than_is_shown_and_several_at_once(
    client: FlaskClient, store: ObjectStore, challenger: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = start(client, challenger)
    record = Experiment.from_bytes(store.get(layout.record(begun["id"])).data, "")
    repository = ExperimentRepository(store)
    for number in range(60):
        experiment = record.having(id=repository.new_id(), status="ended", ended_at=record.started_at)
        repository.add(experiment)
        day = (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=number)).date()
        store.put(requests.key(day), b"{}", content_type="application/json")
    read, under_way, most = list[str](), list[str](), 0
    get = type(store).get

    def slowly(opened: ObjectStore, key: str) -> Any:
        nonlocal most
        if key.endswith("figures.json") or key.startswith(requests.ROOT):
            read.append(key)
            under_way.append(key)
            most = max(most, len(under_way))
            time.sleep(0.005)
            under_way.remove(key)
        return get(opened, key)

    monkeypatch.setattr(type(store), "get", slowly)
    answer = client.get("/experiments").get_json()
    assert len(answer["experiments"]) == len(answer["retraining"]["requests"]) == 50
    assert answer["retraining"]["requests"][0]["day"] == "2026-03-01"
    assert len(read) == 100
    assert most > 1


def test_the_share_who_change_sides_is_a_metric(store: ObjectStore, client: FlaskClient, challenger: str) -> None:
    collector = ShadowCollector(store, lambda: 0.0)
    collector.refresh()
    assert list(collector.collect()) == []
    begun = start(client, challenger)
    computed.save(store, begun["id"], Computed(FIGURES))
    collector = ShadowCollector(store, lambda: 0.0)
    collector.refresh()
    (family,) = collector.collect()
    assert (family.name, family.samples[0].value) == ("churn_shadow_disagreement", 0.05)
    store.put(layout.SHADOW, b"[]", content_type="application/json")
    collector = ShadowCollector(store, lambda: 0.0)
    collector.refresh()
    assert list(collector.collect()) == []


def test_the_api_loads_neither_polars_nor_what_scores_a_challenger() -> None:
    names = ("polars", "churn.experiments.evaluation")
    program = f"import sys, churn_api.app; sys.exit(bool(sys.modules.keys() & {set(names)}))"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run([sys.executable, "-c", program], check=False, env=environment).returncode == 0
