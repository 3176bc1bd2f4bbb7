"""A release that declares other customers than the one in service goes into service by name alone."""

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest

from churn import release
from churn.release import Pointer
from churn_trainer.errors import NothingOlder
from churn_trainer.gates import rivals
from churn_trainer.publishing import pruning, publish, releases, resume, states


@pytest.fixture
def other(copied_run, settings, store) -> str:
    """A published release whose manifest says that it declares other customers than the one in service."""
    version = publish.results(copied_run.trained, {}, settings, store, copied_run.moment, copied_run.version)
    key = release.manifest_key(version)
    changed = json.loads(store.get(key).data) | {"schema_hash": "of others", "fingerprint": "of others"}
    store.put(key, json.dumps(changed).encode(), content_type="application/json")
    return version


def test_it_is_told_what_keeps_it_from_service(copied_run, store):
    pointer, own = releases.replaceable(store), copied_run.trained.prepared.table.schema.hash
    assert releases.declares_others(store, own, pointer) == ""
    told = f"it declares other customers, or another outcome, than {copied_run.version}, which is in service"
    assert releases.declares_others(store, "of others", pointer) == told


@pytest.mark.parametrize("pointer", [None, Pointer("", "", "", "etag"), Pointer("20200101_000000", "", "", "etag")])
def test_nothing_keeps_the_first_one_from_service_nor_one_that_replaces_what_cannot_serve(store, pointer):
    assert releases.declares_others(store, "of others", pointer) == ""


def test_after_an_interrupted_run_it_is_held_back_and_not_put_into_service(copied_run, store, settings, other):
    resume.finish(store, settings)
    last = states.last(store, other)
    assert last is not None
    assert (last.name, "declares other customers" in last.reason) == (states.HELD_BACK, True)
    known = resume.known(store, "of others")
    assert known is not None
    assert not known.lacks_service


@pytest.fixture
def newest(copied_run, settings, store, other) -> str:
    """A release in service that declares what the first one does; the one that declares others has served between."""
    states.note(store, other, states.RELEASED, "promoted by name")
    version = publish.results(copied_run.trained, {}, settings, store, copied_run.moment)
    releases.promote(store, settings, version)
    return version


def test_going_back_passes_over_it_although_it_has_served(copied_run, store, settings, newest):
    assert releases.rollback(store, settings, None).version == copied_run.version


def test_what_a_rollback_would_go_back_to_is_not_pruned(copied_run, store, settings, other, newest):
    assert pruning.prune(store, 1) == [other]
    assert releases.rollback(store, settings, None).version == copied_run.version


def test_without_another_of_the_same_customers_there_is_nothing_to_go_back_to(copied_run, store, settings, newest):
    store.delete([release.manifest_key(copied_run.version)])
    with pytest.raises(NothingOlder, match="of the same customers"):
        releases.rollback(store, settings, None)


def test_while_nobody_knows_what_the_one_in_service_declares_only_what_has_served_may_follow(
    copied_run, settings, store
):
    for _ in range(2):
        publish.results(copied_run.trained, {}, settings, store, copied_run.moment)
    newest = max(release.versions(store))
    pointer = releases.promote(store, settings, newest)
    never, *_ = set(release.versions(store)) - {newest, copied_run.version}
    assert list(releases.before(store, pointer)) == [copied_run.version]
    states.note(store, never, states.RELEASED, "promoted by name")
    assert list(releases.before(store, pointer)) == [never, copied_run.version]
    store.put(release.manifest_key(newest), b"{", content_type="application/json")
    assert list(releases.before(store, pointer)) == [never, copied_run.version]


def test_the_one_in_service_is_no_rival_and_that_is_told(copied_run, store):
    table = copied_run.trained.prepared.table
    foreign = replace(table, schema=SimpleNamespace(hash="of others"))
    (rival,) = rivals.find(store, releases.replaceable(store), foreign)
    assert rival.scorer is None
    assert rival.reason.endswith("declares other customers, or another outcome, (telco) that this one does not know.")
