"""The life of a release, as it is written beside it."""

from datetime import UTC, datetime, timedelta

import pytest

from churn.errors import PreconditionFailed
from churn_trainer.publishing import states

VERSION = "20260101_000000"
KEY = f"models/releases/{VERSION}/state.json"


def test_the_last_state_is_in_force_and_all_before_it_are_kept(store):
    states.note(store, VERSION, states.PUBLISHED, "trained", "20251231_000000")
    states.note(store, VERSION, states.HELD_BACK, "AUC: 0.7 against 0.8")
    found = states.history(store, VERSION)
    assert [(state.name, state.reason, state.against) for state in found] == [
        ("published", "trained", "20251231_000000"),
        ("held back", "AUC: 0.7 against 0.8", None),
    ]
    assert states.last(store, VERSION) == found[-1]


def test_a_state_carries_its_moment_in_utc(store):
    states.note(store, VERSION, states.RELEASED, "")
    (state,) = states.history(store, VERSION)
    assert abs(datetime.fromisoformat(state.at) - datetime.now(UTC)) < timedelta(seconds=5)


def test_the_state_in_force_is_not_written_again_unless_for_another_reason(store):
    for reason in ("first", "first", "second"):
        states.note(store, VERSION, states.RELEASED, reason)
    assert [state.reason for state in states.history(store, VERSION)] == ["first", "second"]


def test_a_release_without_states_has_none(store):
    assert states.last(store, VERSION) is None


@pytest.mark.parametrize("data", [b"{", b"[1]", b'{"name": 1}', b'[{"name": "released"}]', b"null", b"\xff"])
def test_a_damaged_history_is_begun_anew(store, data):
    store.put(KEY, data, content_type="application/json")
    assert states.last(store, VERSION) is None
    states.note(store, VERSION, states.REPLACED, "")
    assert [state.name for state in states.history(store, VERSION)] == ["replaced"]


def test_two_who_write_at_once_lose_nothing(store, monkeypatch):
    put, waiting = type(store).put, [True]

    def put_after_another(self, key, data, **conditions):
        if waiting:
            waiting.clear()
            states.note(store, VERSION, states.PUBLISHED, "by another")
            with pytest.raises(PreconditionFailed):
                put(self, key, data, **conditions)
            raise PreconditionFailed(key)
        return put(self, key, data, **conditions)

    monkeypatch.setattr(type(store), "put", put_after_another)
    states.note(store, VERSION, states.RELEASED, "by this one")
    assert [state.reason for state in states.history(store, VERSION)] == ["by another", "by this one"]
