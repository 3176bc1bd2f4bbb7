"""Gates against leaks and repeats, each with a table that fails it."""

from dataclasses import replace

import numpy as np
import pytest
from tests.telco import CATEGORIES, TELCO

from churn_trainer.data.hashes import row_hashes
from churn_trainer.data.table import Table, load
from churn_trainer.gates import leaks
from churn_trainer.gates.leaks import field_auc, implausible_model, made_of_outcome, repeats, single_field

YES = CATEGORIES["PaperlessBilling"].code("Yes")
NO = CATEGORIES["PaperlessBilling"].code("No")


def with_field(table: Table, **columns) -> Table:
    return replace(table, customers=table.customers._replace(**columns))


@pytest.fixture(scope="module")
def real_table(telco_csv, source_of) -> Table:
    return load(source_of(telco_csv.read_bytes()), TELCO)[0]


def test_the_real_table_passes(real_table):
    alike = repeats(row_hashes(real_table.customers), real_table)
    found = [single_field(real_table), made_of_outcome(real_table), alike]
    assert [gate for gate in found if not gate.passed] == []


def test_the_best_field_of_the_real_table_is_far_from_the_limit(real_table):
    assert single_field(real_table).detail == "tenure alone reaches AUC 0.740, 0.85 is allowed"


def test_a_field_that_is_the_outcome_shuts_both_gates(real_table):
    leaking = with_field(real_table, PaperlessBilling=np.where(real_table.churn == 1, YES, NO).astype(np.int8))
    assert single_field(leaking).detail == "PaperlessBilling alone reaches AUC 1.000, 0.85 is allowed"
    assert not single_field(leaking).passed
    gate = made_of_outcome(leaking)
    assert not gate.passed
    assert "1,869 of the 1,869 customers with PaperlessBilling Yes left" in gate.detail


@pytest.mark.parametrize(
    ("limit", "gate", "worse"), [("MAX_FIELD_AUC", single_field, -1), ("MIN_RELATIVE_STAY", made_of_outcome, 1)]
)
def test_what_is_just_allowed_passes(real_table, monkeypatch, limit, gate, worse):
    if limit == "MAX_FIELD_AUC":
        found = field_auc("tenure", real_table)
    else:
        found = min(leaks._relative_stay(value, real_table) for value in leaks.values(real_table))
    monkeypatch.setattr(leaks, limit, found)
    assert gate(real_table).passed
    monkeypatch.setattr(leaks, limit, found + worse * 1e-9)
    assert not gate(real_table).passed


@pytest.mark.parametrize("honest", [0.75, 0.35, 0.1])
def test_the_auc_of_a_field_that_is_the_outcome_for_some_customers(real_table, honest):
    """With a share h of values drawn at random, the field's AUC is 1 - h / 2."""
    rng = np.random.default_rng(4)
    told = np.where(rng.random(len(real_table)) < honest, rng.integers(2, size=len(real_table)), real_table.churn)
    leaking = with_field(real_table, PaperlessBilling=np.where(told == 1, YES, NO).astype(np.int8))
    assert field_auc("PaperlessBilling", leaking) == pytest.approx(1 - honest / 2, abs=0.02)


def test_a_number_that_tells_the_outcome_in_the_middle_of_its_range_is_found(real_table):
    """Neither large nor small: its own rank has an AUC of one half."""
    rng = np.random.default_rng(5)
    churned = real_table.churn == 1
    bill = np.where(churned, rng.uniform(60, 70, len(churned)), rng.choice([20.0, 110.0], len(churned)))
    assert field_auc("MonthlyCharges", with_field(real_table, MonthlyCharges=bill)) > 0.95


def test_a_value_that_some_customers_get_by_leaving_is_found_though_no_field_ranks_well(real_table):
    rng = np.random.default_rng(6)
    stopped = (real_table.churn == 1) & (rng.random(len(real_table)) < 0.1)
    leaking = with_field(real_table, MonthlyCharges=np.where(stopped, 0.0, real_table.customers.MonthlyCharges))
    assert single_field(leaking).passed
    gate = made_of_outcome(leaking)
    assert not gate.passed
    assert f"{stopped.sum()} of the {stopped.sum()} customers with MonthlyCharges 0 left" in gate.detail


def test_a_value_of_fewer_than_one_customer_of_a_hundred_is_no_evidence(real_table):
    stopped = np.flatnonzero(real_table.churn == 1)[:70]
    bill = real_table.customers.MonthlyCharges.copy()
    bill[stopped] = 0
    assert made_of_outcome(with_field(real_table, MonthlyCharges=bill)).passed
    bill[np.flatnonzero(real_table.churn == 1)[:100]] = 0
    assert not made_of_outcome(with_field(real_table, MonthlyCharges=bill)).passed


@pytest.mark.parametrize(("auc", "passed"), [(0.85, True), (0.899, True), (0.901, False), (1.0, False)])
def test_a_model_that_is_too_good_to_be_true_is_held_back(auc, passed):
    gate = implausible_model(auc, TELCO)
    assert (gate.passed, gate.detail) == (passed, f"cross-validated AUC {auc:.4f}, 0.9 is allowed")


@pytest.mark.parametrize(("again", "passed"), [(166, True), (168, False), (1500, False)])
def test_customers_who_stand_in_a_table_twice_shut_a_gate_from_a_tenth_on(small_table, again, passed):
    twice = small_table.take(np.concatenate([np.arange(1500), np.arange(again)]))
    gate = repeats(row_hashes(twice.customers), twice)
    assert gate.passed is passed
    assert gate.detail.startswith(f"{again:,} of {1500 + again:,} customers equal another one")
