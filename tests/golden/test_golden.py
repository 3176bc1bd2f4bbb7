"""Every answer for the shipped declaration equals the one in golden.json: texts and bytes exactly, sums to 1e-12."""

import json
from typing import Any

import pytest
from tests.golden.answers import FOLDER, declared, golden

from churn_trainer.data import sample

WRITTEN: dict[str, Any] = json.loads((FOLDER / "golden.json").read_text())


def test_the_declaration_means_and_says_what_it_did():
    assert declared() == WRITTEN["declared"]


def test_the_answers_for_the_sample_are_the_same():
    hold(golden(sample.csv_bytes(), rows=True), WRITTEN["sample"])


def test_the_answers_for_the_real_table_are_the_same(telco_csv):
    hold(golden(telco_csv.read_bytes(), rows=False), WRITTEN["telco"])


def hold(got: Any, wanted: Any) -> None:
    """Assert that two JSON values are equal; floats, which are sums of up to thousands of numbers, to 1e-12."""
    if isinstance(wanted, dict):
        assert got.keys() == wanted.keys()
        for name, value in wanted.items():
            hold(got[name], value)
    elif isinstance(wanted, list):
        assert len(got) == len(wanted)
        for mine, value in zip(got, wanted, strict=True):
            hold(mine, value)
    else:
        assert got == (pytest.approx(wanted, rel=1e-12, abs=1e-12) if isinstance(wanted, float) else wanted)
