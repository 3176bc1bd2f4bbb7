"""The reference: which release later ones are held to."""

import json

import pytest

from churn.release import Pointer
from churn_trainer.gates import reference
from churn_trainer.gates.reference import KEY, Reference

POINTER = Pointer("20261123_140301", "ab" * 32, "2026-11-23T14:05:00+00:00", "etag")


def test_without_one_there_is_none(store):
    assert reference.read(store) is None


def test_what_is_written_is_read(store):
    reference.write(store, POINTER, "There was no reference.")
    assert reference.read(store) == Reference("20261123_140301", "ab" * 32)
    told = json.loads(store.get(KEY).data)
    assert (told["since"], told["reason"]) == ("2026-11-23T14:05:00+00:00", "There was no reference.")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"version": "20261123_140301"}'])
def test_a_damaged_one_is_none(store, body):
    store.put(KEY, body, content_type="application/json")
    assert reference.read(store) is None
