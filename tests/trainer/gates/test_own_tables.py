"""Gates for a table that a person has declared: figures that only somebody who knows the fields can judge are told."""

from dataclasses import replace

import numpy as np
import pytest
from tests.telco import CATEGORIES, TELCO

from churn.schema import load_schema
from churn_trainer.data.table import load
from churn_trainer.gates.leaks import MAX_DECLARED_AUC, implausible_model, made_of_outcome, repeats, single_field

OURS = load_schema(TELCO.source.replace('name = "telco"', 'name = "ours"'), "ours.toml")
YES, NO = (CATEGORIES["PaperlessBilling"].code(value) for value in ("Yes", "No"))


@pytest.fixture(scope="module")
def ours(small_table):
    return replace(small_table, schema=OURS)


def telling(table, honest):
    """The table where paperless billing is the outcome but for a share of customers, who have it by lot."""
    rng = np.random.default_rng(4)
    told = np.where(rng.random(len(table)) < honest, rng.integers(2, size=len(table)), table.churn)
    column = np.where(told == 1, YES, NO).astype(np.int8)
    return replace(table, customers=table.customers._replace(PaperlessBilling=column))


def test_what_passes_for_the_shipped_fields_passes_without_a_remark(ours):
    for gate in (single_field(ours), made_of_outcome(ours), implausible_model(0.85, OURS)):
        assert (gate.passed, gate.remark) == (True, "")
        assert "remark" not in gate.entry()


def test_a_field_that_tells_much_is_remarked_upon_and_one_that_tells_all_shuts_the_gate(ours):
    much, everything = single_field(telling(ours, 0.2)), single_field(telling(ours, 0.0))
    assert much.passed
    assert "leave_out" in much.entry()["remark"]
    assert (everything.passed, everything.remark) == (False, "")
    assert everything.detail == f"PaperlessBilling alone reaches AUC 1.000, {MAX_DECLARED_AUC} is allowed"


def test_a_value_with_which_nobody_stays_is_remarked_upon(ours):
    gate = made_of_outcome(telling(ours, 0.0))
    assert gate.passed
    assert "leave_out" in gate.remark


def test_a_table_of_numbers_that_are_all_different_has_no_such_value(source_of, as_csv):
    number = '[[field]]\nname = "use"\ntype = "number"\nlow = 0\nhigh = 1\nwords = "{} GB"\n'
    schema = load_schema(
        f'[table]\nname = "ours"\noutcome = "left"\nleft = ["1"]\nstayed = ["0"]\n{number}', "ours.toml"
    )
    rows = [["use", "left"], *([str(place / 200), str(place % 2)] for place in range(200))]
    gate = made_of_outcome(load(source_of(as_csv(rows)), schema)[0])
    assert (gate.passed, gate.detail) == (True, "no value is that of 1% of the customers")


def test_a_model_that_is_too_good_for_the_shipped_fields_is_remarked_upon(ours):
    gate = implausible_model(0.95, OURS)
    assert gate.passed
    assert gate.detail == "cross-validated AUC 0.9500, above 0.9 a person has to look at the fields"
    assert "leave_out" in gate.remark


@pytest.mark.parametrize("identified", [True, False])
def test_customers_alike_are_remarked_upon_where_ids_tell_them_apart(ours, identified):
    alike = replace(ours, identified=identified)
    gate = repeats(np.arange(len(ours), dtype=np.uint64) // 2, alike)
    assert gate.passed is identified
    assert bool(gate.remark) is identified
    assert (
        gate.detail.endswith("10% is allowed unless the declaration names an id that tells them apart")
        is not identified
    )


def test_a_blank_that_tells_the_outcome_is_found(ours):
    bill = np.where(ours.churn == 1, np.nan, ours.customers.MonthlyCharges)
    blank = replace(ours, customers=ours.customers._replace(MonthlyCharges=bill))
    assert single_field(blank).detail.startswith("MonthlyCharges alone reaches AUC 1.000")
    assert "customers with MonthlyCharges blank left" in made_of_outcome(blank).detail
