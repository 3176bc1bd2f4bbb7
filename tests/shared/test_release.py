"""Publishing, proving and pointing to releases."""

import hashlib
import json
import math
from datetime import UTC, datetime
from pathlib import Path
from threading import Barrier, Thread

import numpy as np
import pytest
from tests.telco import FIELDS, TELCO, Customer, features, read, table_of, value_of

from churn import release
from churn.errors import PreconditionFailed, ReleaseRefused, UnknownRelease
from churn.model.predictor import Predictor
from churn.model.scorecard import Scorecard
from churn.model.scoring import sigmoid
from churn.store.interface import ObjectStore
from churn.store.opening import open_store
from churn.tracking.reference import REFERENCE
from churn_trainer.evaluation.drift_reference import reference_of

MOMENT = datetime(2026, 11, 23, 14, 3, 1, tzinfo=UTC)
ABOUT = {
    "model_name": "Logistic Regression",
    "kind": "scorecard",
    "timestamp": MOMENT,
    "threshold": 0.5,
    "metrics": {},
    "data": {"source": "sample"},
    "libraries": {},
    "explanation": "kept",
}


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    opened = open_store(f"file://{tmp_path}")
    opened.ensure_bucket()
    return opened


@pytest.fixture
def files(scorecard: Scorecard, predictor: Predictor, customers: list[Customer]) -> dict[str, bytes]:
    incomplete = customers[1]._replace(Partner=None, InternetService=None)
    return {
        "model.json": json.dumps(scorecard.to_dict()).encode(),
        "background.json": release.background_file(TELCO, customers[:200]),
        "examples.json": release.worked_examples(predictor, [*customers[:20], incomplete]),
        "card.html": b"<h1>card</h1>",
    }


@pytest.fixture
def version(store: ObjectStore, files: dict[str, bytes]) -> str:
    claimed = release.claim(store, MOMENT)
    release.publish(store, claimed, ABOUT, files, TELCO)
    return claimed


def rewrite_manifest(store: ObjectStore, version: str, changes: dict[str, object]) -> None:
    key = f"models/releases/{version}/manifest.json"
    about = json.loads(store.get(key).data) | changes
    store.put(key, json.dumps(about).encode(), content_type="application/json")


def test_a_published_release_loads_and_predicts_the_same(
    store: ObjectStore, version: str, predictor: Predictor, record: dict[str, object]
) -> None:
    loaded = release.load(store, version)
    assert loaded.version == version == "20261123_140301"
    assert loaded.predictor.predict(read(record)) == predictor.predict(read(record))
    assert loaded.manifest.model_extra == {"explanation": "kept"}


def test_a_release_says_what_it_was_trained_on(
    store: ObjectStore, files: dict[str, bytes], customers: list[Customer]
) -> None:
    reference = reference_of(TELCO, table_of(customers), np.linspace(0, 1, 50))
    release.publish(store, "20261123_140302", ABOUT, {**files, REFERENCE: reference.to_bytes()}, TELCO)
    assert release.load(store, "20261123_140302").reference == reference


def test_a_release_that_is_older_than_references_loads(store: ObjectStore, version: str) -> None:
    assert release.load(store, version).reference is None


@pytest.mark.parametrize("content", [b"{}", b"no JSON", b'{"fields": {}}', b'{"fields": [1]}'])
def test_a_reference_of_something_else_is_refused(store: ObjectStore, files: dict[str, bytes], content: bytes) -> None:
    release.publish(store, "20261123_140302", ABOUT, {**files, REFERENCE: content}, TELCO)
    with pytest.raises(ReleaseRefused, match="cannot be read"):
        release.load(store, "20261123_140302")


def test_a_changed_reference_is_refused(store: ObjectStore, files: dict[str, bytes]) -> None:
    release.publish(store, "20261123_140302", ABOUT, {**files, REFERENCE: b"{}"}, TELCO)
    store.put("models/releases/20261123_140302/reference.json", b"{ }", content_type="application/json")
    with pytest.raises(ReleaseRefused, match=r"checksum of reference\.json"):
        release.load(store, "20261123_140302")


def test_the_next_second_is_claimed_where_the_version_is_taken(store: ObjectStore) -> None:
    assert release.claim(store, MOMENT) == "20261123_140301"
    assert release.claim(store, MOMENT) == "20261123_140302"


def test_a_version_is_published_once(store: ObjectStore, version: str, files: dict[str, bytes]) -> None:
    with pytest.raises(PreconditionFailed):
        release.publish(store, version, ABOUT, files, TELCO)


def test_only_completed_versions_are_listed(store: ObjectStore, version: str) -> None:
    release.claim(store, MOMENT)
    assert list(release.versions(store)) == [version]


def test_nothing_is_current_before_the_first_promotion(store: ObjectStore, version: str) -> None:
    assert release.current(store) is None
    promoted = release.promote(store, version, None)
    assert release.current(store) == promoted
    assert promoted.version == version


def test_a_promotion_that_expects_another_pointer_fails(store: ObjectStore, version: str) -> None:
    first = release.promote(store, version, None)
    with pytest.raises(PreconditionFailed):
        release.promote(store, version, None)
    release.promote(store, version, first)
    with pytest.raises(PreconditionFailed):
        release.promote(store, version, first)


def test_of_many_promotions_at_once_one_wins(store: ObjectStore, version: str) -> None:
    start, won = Barrier(8), []

    def attempt() -> None:
        start.wait()
        try:
            won.append(release.promote(store, version, None))
        except PreconditionFailed:
            return

    threads = [Thread(target=attempt) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1


def test_an_unknown_version_is_named(store: ObjectStore) -> None:
    with pytest.raises(UnknownRelease, match="20200101_000000"):
        release.load(store, "20200101_000000")


MANIFEST_FAULTS = [
    ({"format": 4}, "format is 4, this program reads formats 1, 2, 3"),
    ({"schema_hash": "0"}, "other fields or columns"),
    ({"columns": []}, "other fields or columns"),
    ({"kind": "pickle"}, "unknown kind"),
    ({"version": "20200101_000000"}, "names version"),
    ({"threshold": "high"}, "malformed at threshold"),
    ({"files": {}}, "does not list customer.toml"),
]


@pytest.mark.parametrize(("changes", "reason"), MANIFEST_FAULTS, ids=lambda value: str(value)[:40])
def test_a_manifest_that_does_not_fit_is_refused(
    store: ObjectStore, version: str, changes: dict[str, object], reason: str
) -> None:
    rewrite_manifest(store, version, changes)
    with pytest.raises(ReleaseRefused, match=reason):
        release.load(store, version)


@pytest.mark.parametrize("name", ["model.json", "background.json", "examples.json"])
def test_a_changed_or_missing_file_is_refused(store: ObjectStore, version: str, name: str) -> None:
    key = f"models/releases/{version}/{name}"
    store.put(key, store.get(key).data + b" ", content_type="application/json")
    with pytest.raises(ReleaseRefused, match=f"checksum of {name}"):
        release.load(store, version)
    store.delete([key])
    with pytest.raises(ReleaseRefused, match=f"{name} is missing"):
        release.load(store, version)


CONTENT_FAULTS = [
    ("model.json", b"{}", "cannot be read"),
    ("model.json", b"not json", "cannot be read"),
    ("model.json", b'{"intercept": NaN}', "cannot be read"),
    ("model.json", b"[" * 100_000, "cannot be read"),
    ("background.json", b"[]", "cannot be read"),
    ("examples.json", b'[{"customer": {"tenure": 500}, "churn_probability": 0.5}]', "worked example 1 is refused"),
    ("examples.json", b"[]", "no worked examples"),
    ("examples.json", b"[1]", "cannot be read"),
    ("examples.json", b'[{"customer": [], "churn_probability": 0.5}]', "cannot be read"),
]


@pytest.mark.parametrize(("name", "data", "reason"), CONTENT_FAULTS)
def test_content_that_cannot_serve_is_refused(
    store: ObjectStore, files: dict[str, bytes], name: str, data: bytes, reason: str
) -> None:
    release.publish(store, "20261123_150000", ABOUT, files | {name: data}, TELCO)
    with pytest.raises(ReleaseRefused, match=reason):
        release.load(store, "20261123_150000")


CHANGES = {
    "an endless intercept": ("model.json", ("intercept",), 10**400),
    "an average that is none": ("model.json", ("averages", "tenure"), math.nan),
    "slopes that are none": ("model.json", ("slopes",), 3),
    "nobody": ("background.json", ("customers",), []),
    "customers of one field": ("background.json", ("customers",), [[1]]),
    "customers of no field": ("background.json", ("customers",), [[]]),
    "other fields": ("background.json", ("fields", 0), "Partner"),
    "a category without a value": ("background.json", ("customers", 3, 0), None),
    "a code of no value": ("background.json", ("customers", 3, 0), 2),
    "half a code": ("background.json", ("customers", 3, 0), 0.5),
    "a number that is blank": ("background.json", ("customers", 3, -1), None),
    "a number out of its range": ("background.json", ("customers", 3, -1), -1),
    "none who are near": ("background.json", ("nearest",), 0),
}


@pytest.mark.parametrize(("name", "place", "value"), CHANGES.values(), ids=CHANGES)
def test_a_file_with_something_else_in_one_place_is_refused(
    store: ObjectStore, files: dict[str, bytes], name: str, place: tuple[str | int, ...], value: object
) -> None:
    """Rather than served with other reasons, or with answers that no customer gets."""
    held = part = json.loads(files[name])
    for step in place[:-1]:
        part = part[step]
    part[place[-1]] = value
    release.publish(store, "20261123_150000", ABOUT, files | {name: json.dumps(held).encode()}, TELCO)
    with pytest.raises(ReleaseRefused, match="its files cannot be read"):
        release.load(store, "20261123_150000")


BROKEN_DECLARATIONS = {
    "a fault": ("whole = true", "whole = 3", "Line 63: whole = 3: write true or false."),
    "columns that cannot be made": (
        'derived_columns = "telco"',
        'derived_columns = "x"',
        "Its derived columns cannot be made",
    ),
    "an endless number": ("high = 100", f"high = {'9' * 5000}", "It is no TOML: "),
    "endless lists": ("high = 100", f"high = {'[' * 5000}", "It nests too many"),
    "no text": ("[table]", "\udcff", "'utf-8' codec can't decode byte 0xff"),
}


@pytest.mark.parametrize(("old", "new", "fault"), BROKEN_DECLARATIONS.values(), ids=BROKEN_DECLARATIONS)
def test_a_release_with_a_broken_declaration_is_refused(
    store: ObjectStore, files: dict[str, bytes], old: str, new: str, fault: str
) -> None:
    version = "20261123_150000"
    release.publish(store, version, ABOUT, files, TELCO)
    data = TELCO.source.replace(old, new, 1).encode(errors="surrogateescape")
    store.put(f"{release.folder(version)}{release.DECLARATION}", data, content_type="application/toml")
    place = release.manifest_key(version)
    about = json.loads(store.get(place).data)
    about["files"][release.DECLARATION]["sha256"] = hashlib.sha256(data).hexdigest()
    store.put(place, json.dumps(about).encode(), content_type="application/json")
    with pytest.raises(ReleaseRefused) as caught:
        release.load(store, version)
    assert fault in caught.value.message


def test_no_value_of_a_worked_example_is_told_when_it_is_refused(store: ObjectStore, files: dict[str, bytes]) -> None:
    example = [{"customer": {"tenure": 777, "Contract": "A secret"}, "churn_probability": 0.5}]
    release.publish(store, "20261123_150000", ABOUT, files | {"examples.json": json.dumps(example).encode()}, TELCO)
    with pytest.raises(ReleaseRefused, match=r"is refused: .*tenure out_of_range") as caught:
        release.load(store, "20261123_150000")
    assert "777" not in caught.value.message
    assert "secret" not in caught.value.message


def test_a_model_that_misses_its_worked_examples_is_refused(store: ObjectStore, files: dict[str, bytes]) -> None:
    model = json.loads(files["model.json"])
    model["intercept"] += 1e-6
    release.publish(store, "20261123_150000", ABOUT, files | {"model.json": json.dumps(model).encode()}, TELCO)
    with pytest.raises(ReleaseRefused, match=r"worked example \d+ gives"):
        release.promote(store, "20261123_150000", None)
    assert release.current(store) is None


def test_a_release_of_the_first_format_answers_as_it_did(
    store: ObjectStore, files: dict[str, bytes], scorecard: Scorecard, customers: list[Customer]
) -> None:
    """Its background completes every customer with every one of its own, whatever they pay."""
    sample = customers[:200]
    incomplete = customers[1]._replace(Partner=None, PaymentMethod=None)
    completed = [customers[1]._replace(Partner=one.Partner, PaymentMethod=one.PaymentMethod) for one in sample]
    expected = np.mean([scorecard.probability(customer) for customer in completed])
    record = {name: value_of(name, incomplete) for name in FIELDS if getattr(incomplete, name) is not None}
    old = {
        "background.json": json.dumps({"fields": list(FIELDS), "customers": sample}).encode(),
        "examples.json": json.dumps([{"customer": record, "churn_probability": float(expected)}]).encode(),
    }
    release.publish(store, "20261123_150000", ABOUT, files | old, TELCO)
    rewrite_manifest(store, "20261123_150000", {"format": 1})
    assert release.load(store, "20261123_150000").version == "20261123_150000"


def test_a_release_without_a_declaration_is_of_the_shipped_one(
    store: ObjectStore, version: str, files: dict[str, bytes]
) -> None:
    listed = json.loads(store.get(f"models/releases/{version}/manifest.json").data)["files"]
    del listed[release.DECLARATION]
    store.delete([f"models/releases/{version}/{release.DECLARATION}"])
    rewrite_manifest(store, version, {"format": 2, "files": listed})
    assert release.load(store, version).schema is TELCO


@pytest.mark.parametrize("path", ["predict", "explain"])
def test_a_release_that_serves_other_than_was_judged_is_refused(
    store: ObjectStore, version: str, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """Worked examples are of the model's formula; an answer and a job's row are come by in other ways."""

    def looked_up(*args: object) -> tuple[float, object]:
        got = honest(*args)
        return (got[0] + 1e-6, *got[1:]) if path == "explain" else got + 1e-6

    where, name = (Predictor, "explain") if path == "explain" else (Scorecard, "probability")
    honest = getattr(where, name)
    monkeypatch.setattr(where, name, looked_up)
    with pytest.raises(ReleaseRefused, match="worked example 1 gives"):
        release.load(store, version)


def test_worked_examples_are_of_the_formula_that_was_judged(
    predictor: Predictor, customers: list[Customer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(predictor.scorer, "probability", lambda _: 0.123)
    examples = json.loads(release.worked_examples(predictor, customers[:3]))
    weights, intercept = predictor.scorer.weights, predictor.scorer.intercept
    wanted = [sigmoid(intercept + float(np.dot(features(customer), weights))) for customer in customers[:3]]
    assert [example["churn_probability"] for example in examples] == pytest.approx(wanted, abs=1e-12)


def test_a_manifest_other_than_the_released_one_is_refused(store: ObjectStore, version: str) -> None:
    pointer = release.promote(store, version, None)
    rewrite_manifest(store, version, {"threshold": 0.6})
    with pytest.raises(ReleaseRefused, match="not the one that was released"):
        release.load(store, version, pointer.manifest_sha256)


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b"\xff"])
def test_a_malformed_pointer_is_refused(store: ObjectStore, data: bytes) -> None:
    store.put("models/current.json", data, content_type="application/json")
    with pytest.raises(ReleaseRefused, match=r"current\.json is malformed"):
        release.current(store)
