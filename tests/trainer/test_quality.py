"""How good the champion is, and for whom."""

import numpy as np
import pytest

from churn_trainer.metrics import measure
from churn_trainer.quality import quality


@pytest.fixture
def told(prepared):
    table = prepared.table.take(prepared.split.test)
    scores = np.random.default_rng(1).uniform(size=len(table))
    return table, scores, quality(table.churn, scores, table.customers)


def test_the_test_figures_are_those_of_the_scores(told):
    table, scores, found = told
    assert found["test"] == measure(table.churn, scores)


def test_every_customer_is_in_one_group_of_each_field(told):
    table, _, found = told
    for field in ("gender", "SeniorCitizen"):
        groups = [group for group in found["fairness"]["groups"] if group["field"] == field]
        assert sum(group["customers"] for group in groups) == len(table)
    assert {group["group"] for group in groups} == {"Senior", "Not senior"}


def test_error_rates_are_the_groups_own(told):
    table, scores, found = told
    seniors = table.customers.SeniorCitizen == 1
    group = next(one for one in found["fairness"]["groups"] if one["group"] == "Senior")
    stayed = seniors & (table.churn == 0)
    assert group["false_positive_rate"]["value"] == pytest.approx((scores[stayed] >= 0.5).mean())
    assert group["recall"]["low"] <= group["recall"]["value"] <= group["recall"]["high"]
    assert group["observed_rate"] == pytest.approx(table.churn[seniors].mean())


def test_a_group_of_one_outcome_has_no_auc(prepared):
    table = prepared.table.take(prepared.split.test)
    churn = np.where(table.customers.SeniorCitizen == 1, 0, table.churn).astype(np.int8)
    found = quality(churn, np.linspace(0, 1, len(churn)), table.customers)
    group = next(one for one in found["fairness"]["groups"] if one["group"] == "Senior")
    assert group["roc_auc"] is None
    assert group["recall"] == {"value": 0.0, "low": 0.0, "high": 1.0}
