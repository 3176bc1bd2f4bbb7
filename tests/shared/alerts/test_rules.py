"""Reading the rules of alerts: strictly, all faults at once, each with the remedy."""

import json
from typing import Any

import pytest

from churn.alerts import layout, rules
from churn.alerts.rules import DEFAULTS, Rules, read
from churn.errors import ValidationError
from churn.store.directory import DirectoryStore


def test_what_is_absent_has_its_default() -> None:
    assert read({}) == DEFAULTS
    assert read({"budget": 5, "enabled": False}) == Rules(enabled=False, budget=5)


@pytest.mark.parametrize(
    ("members", "field", "code", "words"),
    [
        ({"enter": "0.6"}, "enter", "wrong_type", ["0.01 to 0.99", '"0.6"']),
        ({"enter": True}, "enter", "wrong_type", ["true"]),
        ({"enter": 1}, "enter", "out_of_range", ["0.01 to 0.99", "got 1"]),
        ({"rise": -0.1}, "rise", "out_of_range", ["-0.1"]),
        ({"budget": 0}, "budget", "out_of_range", ["whole number from 1 to 1000"]),
        ({"budget": 2.5}, "budget", "wrong_type", ["2.5"]),
        ({"cooldown_days": 366}, "cooldown_days", "out_of_range", ["0 to 365"]),
        ({"enabled": 1}, "enabled", "wrong_type", ["true or false"]),
        ({"cooldown": 3}, "cooldown", "unknown", ["cooldown_days?"]),
        ({"zzz": 3}, "zzz", "unknown", ["is no member of the body; the members are enabled, enter"]),
        ({"enter": 0.4}, "leave", "contradiction", ["0.5", "0.4", "Lower leave"]),
    ],
)
def test_a_fault_is_told_with_its_field_its_value_and_the_remedy(
    members: dict[str, Any], field: str, code: str, words: list[str]
) -> None:
    with pytest.raises(ValidationError) as caught:
        read(members)
    (fault,) = caught.value.errors
    assert (fault.field, fault.code) == (field, code)
    assert all(word in fault.message for word in words), fault.message


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(ValidationError) as caught:
        read({"enter": 2, "budget": "many", "colour": "red"})
    assert {fault.field for fault in caught.value.errors} == {"enter", "budget", "colour"}


def test_rules_are_kept_and_broken_ones_do_not_hold(store: DirectoryStore) -> None:
    assert rules.load(store) == (DEFAULTS, None)
    own = Rules(enter=0.7, leave=0.4, budget=3)
    rules.save(store, own, "2026-11-30T00:00:00+00:00")
    assert rules.load(store) == (own, "2026-11-30T00:00:00+00:00")
    for data in (b"{", b"[]", b"{}", json.dumps({"rules": {"enter": 7}, "changed_at": ""}).encode()):
        store.put(layout.RULES, data, content_type="application/json")
        assert rules.load(store) == (DEFAULTS, None)
