"""Which releases a new one is judged against, and which becomes the reference."""

import json

import pytest

from churn import release
from churn_trainer.gates import reference, rivals
from churn_trainer.gates.rivals import Rival, succession
from churn_trainer.model_metrics import measure


@pytest.fixture
def table(copied_run):
    return copied_run.trained.prepared.table


def pointer_of(store):
    pointer = release.current(store)
    assert pointer is not None
    return pointer


def changed(store, version, **fields):
    """Write other fields into a release's manifest, and point to it again."""
    key = release.manifest_key(version)
    manifest = json.loads(store.get(key).data)
    for name, value in fields.items():
        manifest[name] = value
        if value is None:
            del manifest[name]
    store.put(key, json.dumps(manifest).encode(), content_type="application/json")
    return release.promote(store, version, pointer_of(store))


def test_the_first_release_is_in_service_and_the_reference_and_stands_once(copied_run, store, table):
    (rival,) = rivals.find(store, pointer_of(store), table)
    assert (rival.role, rival.version, rival.is_reference) == ("the release in service", copied_run.version, True)
    unseen = table.take(copied_run.trained.prepared.split.test)
    (standing,) = rivals.standings((rival,), unseen)
    assert standing.figures == pytest.approx(copied_run.trained.quality["test"])


def test_nothing_in_service_is_no_rival(store, small_table):
    assert rivals.find(store, None, small_table) == ()


def test_a_release_of_an_older_version_is_not_compared_with_and_it_is_said(copied_run, store, table):
    pointer = changed(store, copied_run.version, split=None)
    rival = rivals.find(store, pointer, table)[0]
    assert rival.scorer is None
    assert rival.reason.startswith(f"Release {copied_run.version} does not say which customers it was fitted on")


@pytest.mark.parametrize(
    "other",
    [{"scheme": "sha256-2"}, {"key": "row"}, {"test_share": 0.1}, {"fitted_on": ["train", "validation", "test"]}],
    ids=str,
)
def test_a_release_that_was_split_in_another_way_is_not_compared_with(copied_run, store, table, other):
    split = release.manifest(store, copied_run.version).model_extra["split"] | other
    assert rivals.find(store, changed(store, copied_run.version, split=split), table)[0].scorer is None


def test_a_damaged_reference_is_not_compared_with_and_replaced_with_a_sentence(copied_run, store, table):
    pointer = pointer_of(store)
    body = {"version": "20200101_000000", "manifest_sha256": "00" * 32}
    store.put(reference.KEY, json.dumps(body).encode(), content_type="application/json")
    in_service, kept = rivals.find(store, pointer, table)
    assert in_service.scorer is not None
    assert not in_service.is_reference
    assert (kept.role, kept.version, kept.scorer) == ("the reference release", "20200101_000000", None)
    told = succession((in_service, kept), table, {})
    assert told.becomes
    assert told.reason.startswith("The reference before it, 20200101_000000, cannot be compared with: ")


@pytest.mark.parametrize(
    ("auc", "brier", "becomes", "reason"),
    [
        (0.0, 0.0, True, "It is at least as good as the reference before it, R."),
        (0.001, -0.001, True, "It is at least as good as the reference before it, R."),
        (-0.001, -0.001, False, "R stays the reference: it has the better AUC."),
        (0.001, 0.001, False, "R stays the reference: it has the better Brier score."),
        (-0.001, 0.001, False, "R stays the reference: it has the better AUC and Brier score."),
    ],
)
def test_only_what_is_at_least_as_good_becomes_the_reference(copied_run, store, table, auc, brier, becomes, reason):
    unseen = table.take(copied_run.trained.prepared.split.test)
    scorer = release.load(store, copied_run.version).predictor.scorer
    figures = measure(unseen.churn, scorer.probabilities(unseen.customers))
    new = {"roc_auc": figures["roc_auc"] + auc, "brier": figures["brier"] + brier}
    told = succession((Rival("the reference release", "R", True, scorer),), unseen, new)
    assert tuple(told) == (becomes, reason)


def test_the_first_release_becomes_the_reference(small_table):
    assert succession((), small_table, {}).becomes
