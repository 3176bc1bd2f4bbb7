"""What is found out of an experiment by real child processes, and what follows of it."""

import json
import random
from collections.abc import Callable
from contextlib import nullcontext
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from skl2onnx import to_onnx
from sklearn.ensemble import RandomForestClassifier
from tests.failing_store import FailingStore, Killed
from tests.made_up import made_up_predictor, published
from tests.shared.conftest import random_customer
from tests.shared.experiments.conftest import Versions
from tests.shared.experiments.world import LATER, SCORED, became, predicted
from tests.telco import TELCO, Customer, matrix

from churn import release
from churn.errors import ObjectNotFound, StoreUnavailable
from churn.experiments import computed, evaluation, layout, scoring
from churn.experiments.computed import Computed
from churn.experiments.evaluation import MOST_TRIES, evaluate
from churn.experiments.reconciliation import reconcile
from churn.experiments.repository import ExperimentRepository
from churn.experiments.starting import start
from churn.model.background import Background
from churn.model.onnx_model import OnnxModel
from churn.model.predictor import Predictor
from churn.split import SCHEME, TEST_SHARE, id_hash
from churn.store.interface import ObjectStore

PEOPLE = [random_customer(random.Random(number)) for number in range(3000)]


def later() -> datetime:
    return LATER


def truth(store: ObjectStore, version: str) -> Any:
    return release.load(store, version).predictor.scorer.probabilities(TELCO.table_of(PEOPLE))


def figures(store: ObjectStore, experiment_id: str) -> dict[str, Any]:
    found = computed.load(store, experiment_id).figures
    assert found is not None
    return found


def test_a_challenger_that_foretells_better_is_told_and_promoted_by_rule_alone(
    store: ObjectStore, versions: Versions, repository: ExperimentRepository
) -> None:
    predicted(store, versions.champion, PEOPLE)
    became(store, truth(store, versions.other))
    experiment = start(store, versions.other, "person", later)
    assert not evaluate(store, later, "by_hand")
    found = figures(store, experiment.id)
    assert found["verdict"]["state"] == "better", found["verdict"]
    assert found["verdict"]["outcomes"] == len(PEOPLE)
    assert found["disagreement"] is None  # nobody was scored in the last weeks
    assert repository.load(experiment.id).status == "running"

    store.delete([layout.figures(experiment.id)])
    evaluate(store, later, "when_better")
    assert repository.load(experiment.id).status == "promoted"
    pointer = release.current(store)
    assert pointer is not None
    assert pointer.version == versions.other
    assert found["verdict"]["words"] in pointer.reason
    watch = reconcile(repository)
    assert watch is not None
    assert watch.origin == "former"


def test_a_challenger_that_foretells_worse_is_ended(
    store: ObjectStore, versions: Versions, repository: ExperimentRepository
) -> None:
    predicted(store, versions.champion, PEOPLE)
    became(store, truth(store, versions.champion))
    experiment = start(store, versions.other, "person", later)
    evaluate(store, later, "when_better")
    ended = repository.load(experiment.id)
    assert ended.status == "ended"
    assert "is worse" in ended.reason


def test_a_promotion_is_taken_back_where_the_former_champion_is_better(
    store: ObjectStore, versions: Versions, repository: ExperimentRepository
) -> None:
    release.promote(store, versions.other, release.current(store))
    predicted(store, versions.other, PEOPLE)
    became(store, truth(store, versions.champion))
    watch = start(store, versions.champion, "former", later)
    evaluate(store, later, "by_hand")
    assert repository.load(watch.id).status == "running"
    store.delete([layout.figures(watch.id)])
    evaluate(store, later, "when_better")
    pointer = release.current(store)
    assert pointer is not None
    assert pointer.version == versions.champion
    assert reconcile(repository) is None


GAIN = {"value": -0.001, "low": -0.0229, "high": 0.0209}
SMALL = {"value": -0.001, "low": -0.0029, "high": 0.0009}


@pytest.mark.parametrize(
    ("origin", "state", "outcomes", "gain", "ends"),
    [
        pytest.param("former", "alike", 10_000, GAIN, True, id="many outcomes"),
        pytest.param("former", "alike", 9_999, GAIN, False, id="too few"),
        pytest.param("former", "alike", 600, SMALL, True, id="no gain that matters"),
        pytest.param("former", "alike", 40, None, False, id="nothing known"),
        pytest.param("former", "better", 10_000, GAIN, False, id="better"),
        pytest.param("person", "alike", 10_000, SMALL, False, id="a person's"),
    ],
)
def test_a_watch_over_a_promotion_ends_once_it_has_seen_enough(
    store: ObjectStore,
    versions: Versions,
    repository: ExperimentRepository,
    origin: Any,
    state: str,
    outcomes: int,
    gain: Any,
    *,
    ends: bool,
) -> None:
    watch = start(store, versions.other, origin, later)
    told = {"state": state, "words": "Alike so far.", "outcomes": outcomes, "promotable": False}
    evaluation._conclude(repository, watch, told | {"differences": {"log_loss": gain}}, "by_hand")
    found = repository.load(watch.id)
    assert (found.status, found.reason) == (
        ("ended", "The promotion stands. Alike so far.") if ends else ("running", "")
    )


@pytest.mark.parametrize(
    ("fault", "status"),
    [(None, "promoted"), ("was rolled back from", "running"), ("shut by a gate", "running")],
    ids=repr,
)
def test_what_was_rolled_back_from_or_shut_by_a_gate_is_not_promoted_by_rule(
    store: ObjectStore,
    versions: Versions,
    repository: ExperimentRepository,
    customers: list[Customer],
    monkeypatch: pytest.MonkeyPatch,
    fault: str | None,
    status: str,
) -> None:
    predictor = made_up_predictor(TELCO, customers[:60], 0.3)
    passed = {"gates_passed": fault != "shut by a gate"}
    moment = SCORED - timedelta(days=8)
    version = published(store, customers[:60], predictor, promoted=False, moment=moment, **passed)
    predicted(store, versions.champion, PEOPLE)
    became(store, truth(store, version))
    experiment = start(store, version, "person", later)
    if fault == "was rolled back from":
        monkeypatch.setattr(ExperimentRepository, "rolled_back", lambda _: {version})
    evaluate(store, later, "when_better")
    assert figures(store, experiment.id)["verdict"]["promotable"]
    assert repository.load(experiment.id).status == status


def test_who_is_seen_otherwise_is_told_before_any_outcome(store: ObjectStore, versions: Versions) -> None:
    champion = predicted(store, versions.champion, PEOPLE[:400], LATER)
    experiment = start(store, versions.other, "person", later)
    evaluate(store, later, "by_hand")
    found = figures(store, experiment.id)
    told = found["disagreement"]
    challenger = truth(store, versions.other)[:400]
    assert told["customers"] == 400
    assert told["sides"] == pytest.approx(((champion >= 0.5) != (challenger >= 0.5)).mean())
    assert told["mean_difference"] == pytest.approx(np.abs(champion - challenger).mean())
    lists = (set(np.argsort(-scores)[:40]) for scores in (champion, challenger))
    first, second = lists
    assert told["call_list"] == len(first - second) / 40
    assert found["verdict"]["state"] == "alike"
    for cost in found["costs"].values():
        assert 0 < cost["single_p50_ms"] <= cost["single_p99_ms"]
        assert cost["batch_us"] > 0
        assert cost["memory_mib"] > 0


def test_absent_fields_are_averaged_as_for_callers(store: ObjectStore, versions: Versions) -> None:
    absent = ("OnlineSecurity", "PaperlessBilling")
    champion = predicted(store, versions.champion, PEOPLE[:50], LATER, absent)
    other = predicted(store, versions.other, PEOPLE[:50], LATER, absent)
    experiment = start(store, versions.other, "person", later)
    evaluate(store, later, "by_hand")
    told = figures(store, experiment.id)["disagreement"]
    assert told["mean_difference"] == pytest.approx(np.abs(champion - other).mean())


def test_labels_that_the_challenger_may_have_seen_are_no_evidence(
    store: ObjectStore, versions: Versions, monkeypatch: pytest.MonkeyPatch
) -> None:
    predicted(store, versions.champion, PEOPLE[:200])
    became(store, np.full(200, 0.5))
    experiment = start(store, versions.other, "person", later)
    monkeypatch.setattr("churn.experiments.evaluation._seen_until", lambda _: LATER.date())
    evaluate(store, later, "by_hand")
    assert figures(store, experiment.id)["verdict"]["outcomes"] == 0


ALIKE = {"scheme": SCHEME, "key": "id", "test_share": TEST_SHARE, "fitted_on": ["train", "validation"]}


@pytest.mark.parametrize(
    ("manifest", "evidence"),
    [
        pytest.param({"split": ALIKE}, "test part", id="the test part"),
        pytest.param({"split": ALIKE | {"key": "row"}}, "nobody", id="another key"),
        pytest.param({"split": ALIKE | {"scheme": "sha256-2"}}, "nobody", id="another scheme"),
        pytest.param({}, "nobody", id="no word of it"),
        pytest.param({"data": {"until": "2026-11-30"}}, "all", id="predicted after its data"),
        pytest.param({"data": {"until": "2026-12-01"}}, "nobody", id="predicted on its data's last day"),
    ],
)
def test_only_customers_from_whom_the_challenger_cannot_have_learned_are_evidence(
    store: ObjectStore, versions: Versions, customers: list[Customer], manifest: dict[str, Any], evidence: str
) -> None:
    between = SCORED + timedelta(days=40)  # what was predicted before has yet to mature
    people = customers[:60]
    predictor = made_up_predictor(TELCO, people, 0.5)
    version = published(store, people, predictor, promoted=False, moment=between, **manifest)
    predicted(store, versions.champion, PEOPLE[:400])
    became(store, np.full(400, 0.5))
    experiment = start(store, version, "person", later)
    evaluate(store, later, "by_hand")
    of_test = sum(id_hash(f"C{number}") / 2**64 < TEST_SHARE for number in range(400))
    expected = {"test part": of_test, "nobody": 0, "all": 400}[evidence]
    assert figures(store, experiment.id)["verdict"]["outcomes"] == expected


def test_a_month_of_which_most_outcomes_are_unknown_is_no_evidence(store: ObjectStore, versions: Versions) -> None:
    predicted(store, versions.champion, PEOPLE[:300])
    became(store, np.full(300, 0.5), known=0.3)
    experiment = start(store, versions.other, "person", later)
    evaluate(store, later, "by_hand")
    assert figures(store, experiment.id)["verdict"]["outcomes"] == 0


def test_figures_hold_for_a_while(store: ObjectStore, versions: Versions, monkeypatch: pytest.MonkeyPatch) -> None:
    start(store, versions.other, "person", later)
    evaluate(store, later, "by_hand")
    monkeypatch.setattr("churn.experiments.evaluation._figures", lambda *_: pytest.fail("computed again"))
    assert not evaluate(store, later, "by_hand")


def test_a_release_of_another_kind_is_scored_with_in_its_limits(
    store: ObjectStore, versions: Versions, repository: ExperimentRepository, customers: list[Customer]
) -> None:
    version = published_forest(store, customers)
    champion = predicted(store, versions.champion, PEOPLE[:500], LATER)
    experiment = start(store, version, "person", later)
    evaluate(store, later, "by_hand")
    told = figures(store, experiment.id)["disagreement"]
    assert told["mean_difference"] == pytest.approx(np.abs(champion - truth(store, version)[:500]).mean(), abs=1e-6)


def published_forest(store: ObjectStore, customers: list[Customer]) -> str:
    """The version of a release of a hundred trees, as large as those that a trainer makes."""
    table = TELCO.table_of(customers)
    columns = matrix(table, np.float32)
    labels = (table.Contract == 0) & (table.InternetService == 1)
    forest = RandomForestClassifier(100, random_state=0).fit(columns, labels)
    graph = to_onnx(forest, columns[:1], options={"zipmap": False}).SerializeToString()
    background = Background(TELCO, customers[:200])
    predictor = Predictor(OnnxModel(graph, [0.0] * 45, [1.0] * 45, background), background, 0.5)
    files = {
        "model.onnx": graph,
        "model.json": json.dumps({"means": [0.0] * 45, "scales": [1.0] * 45}).encode(),
        "background.json": release.background_file(TELCO, customers[:200]),
        "examples.json": release.worked_examples(predictor, customers[:5]),
    }
    about = release.manifest(store, next(iter(release.versions(store)))).model_dump()
    for name in ("format", "version", "schema_hash", "columns", "files"):
        del about[name]
    version = release.claim(store, about["timestamp"])
    release.publish(store, version, about | {"kind": "onnx"}, files, TELCO)
    return version


RAISES = "raise RuntimeError('a customer')"
SILENT = "raise SystemExit(3)"
GIGABYTE = "held = bytearray(1 << 30)"
HANGS = "import time; time.sleep(3600)"
SPINS = "import signal; signal.alarm(0)\n    while True: pass"
BROKEN = [
    pytest.param(RAISES, "it raises RuntimeError", id="raises"),
    pytest.param(SILENT, "it ended with 3", id="ends"),
    pytest.param(GIGABYTE, "it needs more than 208 MiB", id="needs a gigabyte"),
    pytest.param(HANGS, "it had not ended after", id="hangs"),
    pytest.param(SPINS, "processor time", id="spins"),
]


@pytest.fixture
def child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """A function that has the child do this where it would load a release, with seconds instead of minutes."""

    def does(what: str) -> None:
        lines = [
            "import sys",
            "from churn.experiments import scoring_child as scoring",
            "scoring.SECONDS, scoring.PROCESSOR_SECONDS = 5, 1",
            "def serve(*_):",
            f"    {what}",
            "scoring._serve = serve",
            "sys.exit(scoring.main(*sys.argv[1:]))",
        ]
        (tmp_path / "broken_challenger.py").write_text("\n".join(lines))

    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(scoring, "MODULE", "broken_challenger")
    return does


@pytest.mark.parametrize(("what", "reason"), BROKEN)
def test_a_challenger_that_cannot_be_scored_with_fails_after_a_few_tries(
    store: ObjectStore,
    versions: Versions,
    repository: ExperimentRepository,
    child: Callable[[str], None],
    what: str,
    reason: str,
) -> None:
    child(what)
    experiment = start(store, versions.other, "person", later)
    assert [evaluate(store, later, "when_better") for _ in range(MOST_TRIES + 1)] == [True] * MOST_TRIES + [False]
    failed = repository.load(experiment.id)
    assert failed.status == "failed"
    assert reason in failed.reason
    assert "a customer" not in failed.reason
    assert reconcile(repository) is None


def test_a_worker_that_is_killed_each_time_stops_trying(
    store: ObjectStore, versions: Versions, repository: ExperimentRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    experiment = start(store, versions.other, "person", later)
    with monkeypatch.context() as patch:
        patch.setattr("churn.experiments.evaluation._figures", killed)
        for number in range(MOST_TRIES):
            with pytest.raises(KeyboardInterrupt):
                evaluate(store, after(number), "by_hand")
    assert not evaluate(store, after(MOST_TRIES), "by_hand")
    assert "killed" in repository.load(experiment.id).reason


def after(tries: int) -> Callable[[], datetime]:
    """A clock by which so many tries are over, if nothing was heard of them."""
    return lambda: LATER + tries * computed.LONGEST


def test_workers_who_look_meanwhile_leave_it_to_the_one_that_scores(
    store: ObjectStore, versions: Versions, repository: ExperimentRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment = start(store, versions.other, "person", later)
    figured, looked = evaluation._figures, list[bool]()

    def slowly(*given: Any) -> Any:
        # As a worker in another container would, which the lock of this machine does not keep from it.
        monkeypatch.setattr("churn.experiments.evaluation.alone", lambda *_, **__: nullcontext())
        for minutes in range(MOST_TRIES + 1):
            moment = LATER + timedelta(minutes=minutes)
            looked.append(evaluate(store, lambda now=moment: now, "by_hand"))
        return figured(*given)

    monkeypatch.setattr("churn.experiments.evaluation._figures", slowly)
    evaluate(store, later, "by_hand")
    assert looked == [False] * (MOST_TRIES + 1)
    assert repository.load(experiment.id).status == "running"
    assert figures(store, experiment.id)["verdict"]["outcomes"] == 0


@pytest.mark.parametrize(
    "trouble", [StoreUnavailable("here", "a test"), ObjectNotFound("gone"), RuntimeError("unforeseen")], ids=repr
)
def test_what_the_release_is_not_to_blame_for_is_no_try(
    store: ObjectStore, versions: Versions, monkeypatch: pytest.MonkeyPatch, trouble: Exception
) -> None:
    def troubled(*_: Any) -> None:
        raise trouble

    experiment = start(store, versions.other, "person", later)
    with monkeypatch.context() as patch:
        patch.setattr("churn.experiments.evaluation._figures", troubled)
        for _ in range(MOST_TRIES + 1):
            with pytest.raises(type(trouble)):
                evaluate(store, later, "by_hand")
    assert computed.load(store, experiment.id) == Computed()
    evaluate(store, later, "by_hand")
    assert figures(store, experiment.id)["verdict"]["outcomes"] == 0


def test_a_manifest_that_is_refused_fails_by_its_own_words(
    store: ObjectStore, versions: Versions, repository: ExperimentRepository
) -> None:
    experiment = start(store, versions.other, "person", later)
    store.put(release.manifest_key(versions.other), b"{}", content_type="application/json")
    assert not evaluate(store, later, "by_hand")
    failed = repository.load(experiment.id)
    assert failed.status == "failed"
    assert failed.reason.startswith(f"Release {versions.other} is refused: its manifest is malformed")


def test_damaged_files_fail_by_their_checks(
    store: ObjectStore, versions: Versions, repository: ExperimentRepository
) -> None:
    experiment = start(store, versions.other, "person", later)
    store.put(f"{release.folder(versions.other)}model.json", b"{}", content_type="application/json")
    for _ in range(MOST_TRIES + 1):
        evaluate(store, later, "by_hand")
    assert "its files fail their checks" in repository.load(experiment.id).reason


def test_another_manifest_than_the_one_that_went_into_shadow_fails_the_checks(
    store: ObjectStore, versions: Versions, repository: ExperimentRepository
) -> None:
    experiment = start(store, versions.other, "person", later)
    about = json.loads(store.get(release.manifest_key(versions.other)).data)
    store.put(release.manifest_key(versions.other), json.dumps(about).encode(), content_type="application/json")
    release.load(store, versions.other)
    for _ in range(MOST_TRIES + 1):
        evaluate(store, later, "by_hand")
    assert "its files fail their checks" in repository.load(experiment.id).reason


def test_a_challenger_that_is_deleted_meanwhile_has_failed(
    store: ObjectStore, versions: Versions, repository: ExperimentRepository
) -> None:
    experiment = start(store, versions.other, "person", later)
    store.delete([release.manifest_key(versions.other)])
    assert not evaluate(store, later, "by_hand")
    assert repository.load(experiment.id).reason == f"Release {versions.other} was deleted."


@pytest.mark.parametrize("writes", range(6))
def test_a_worker_that_is_cut_off_anywhere_loses_nothing(
    store: ObjectStore, versions: Versions, repository: ExperimentRepository, writes: int
) -> None:
    predicted(store, versions.champion, PEOPLE)
    became(store, truth(store, versions.other))
    experiment = start(store, versions.other, "person", later)
    cut: Any = FailingStore(store, writes + 1, killed=True)
    with pytest.raises(Killed):
        evaluate(cut, later, "when_better")
    store.delete([layout.figures(experiment.id)])  # as if they had become old
    evaluate(store, later, "when_better")
    assert repository.load(experiment.id).status == "promoted"
    running = reconcile(repository)
    assert running is not None
    assert running.origin == "former"


def test_months_are_read_as_long_as_they_matter(store: ObjectStore, versions: Versions) -> None:
    predicted(store, versions.champion, PEOPLE[:100], datetime(2026, 7, 1, tzinfo=SCORED.tzinfo))
    predicted(store, versions.champion, PEOPLE[:100])
    became(store, np.full(100, 0.5))
    experiment = start(store, versions.other, "person", later)
    evaluate(store, later, "by_hand")
    assert figures(store, experiment.id)["verdict"]["outcomes"] == 100
