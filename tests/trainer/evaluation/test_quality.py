"""How good the champion is, and for whom."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from churn.intervals import wilson
from churn.schema import load_schema
from churn_trainer.data.table import Table
from churn_trainer.evaluation.calibration import recalibration
from churn_trainer.evaluation.intervals import difference, intervals
from churn_trainer.evaluation.quality import quality
from churn_trainer.model_metrics import measure

AGES = """
[table]
name = "ages"
outcome = "gone"
left = ["1"]
stayed = ["0"]

[[field]]
name = "Age"
type = "number"
low = 18
high = 110
whole = true
bands = [18, 30, 60, 90, 110]
words = "{} years old"
blank = "value"
protected = true

[[field]]
name = "Visits"
type = "number"
low = 0
high = 10
words = "{} visits"
"""


@pytest.fixture
def told(prepared):
    table = prepared.table.take(prepared.split.test)
    scores = np.random.default_rng(1).uniform(size=len(table))
    return table, scores, quality(table.churn, scores, table)


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


def test_every_rate_is_that_of_the_group_with_its_interval(told):
    table, scores, found = told
    flagged = scores >= 0.5
    for code, name in enumerate(("Not senior", "Senior")):
        rows = table.customers.SeniorCitizen == code
        group = next(one for one in found["fairness"]["groups"] if one["group"] == name)
        rates = {
            "observed": table.churn[rows] == 1,
            "flagged_rate": flagged[rows],
            "false_positive_rate": flagged[rows & (table.churn == 0)],
            "recall": flagged[rows & (table.churn == 1)],
            "precision": table.churn[rows & flagged] == 1,
        }
        for rate, hits in rates.items():
            low, high = wilson(int(hits.sum()), len(hits))
            assert group[rate] == pytest.approx({"value": hits.mean(), "low": low, "high": high}), rate
        assert group["customers"] == rows.sum()
        assert group["mean_predicted"] == pytest.approx(scores[rows].mean())
        assert group["roc_auc"] == pytest.approx(roc_auc_score(table.churn[rows], scores[rows]))
        assert group["roc_auc_interval"] == intervals(table.churn[rows], scores[rows])["roc_auc"]


def test_the_widest_gap_of_each_rate_is_told_with_its_interval(prepared):
    """Seniors are told one and all that they leave, the others half and half."""
    table = prepared.table.take(prepared.split.test)
    seniors = table.customers.SeniorCitizen == 1
    scores = np.where(seniors, 0.9, np.arange(len(table)) % 2 * 0.8)
    found = quality(table.churn, scores, table)["fairness"]
    gap = next(one for one in found["gaps"] if (one["field"], one["rate"]) == ("SeniorCitizen", "false_positive_rate"))
    assert (gap["highest"], gap["lowest"]) == ("Senior", "Not senior")
    rates = {group["group"]: group["false_positive_rate"] for group in found["groups"]}
    expected = difference(rates["Senior"], rates["Not senior"])
    assert {name: gap[name] for name in expected} == expected
    assert gap["value"] == pytest.approx(1 - (scores[~seniors & (table.churn == 0)] > 0.5).mean())
    assert {(one["field"], one["rate"]) for one in found["gaps"]} == {
        (field, rate)
        for field in ("gender", "SeniorCitizen")
        for rate in ("flagged_rate", "false_positive_rate", "recall", "precision")
    }


def test_figures_of_the_test_part_have_intervals_and_a_line_of_calibration(told):
    table, scores, found = told
    assert found["test_intervals"] == intervals(table.churn, scores)
    assert found["recalibration"] == recalibration(table.churn, scores)


def test_customers_of_several_rows_are_one_witness_each(prepared):
    test = prepared.table.take(prepared.split.test)
    numbers = np.repeat(np.arange(len(test)), 4)
    table = replace(test.take(numbers), tracked=np.ones(len(numbers), bool))
    scores = np.random.default_rng(1).uniform(size=len(test))
    once, found = quality(test.churn, scores, test), quality(table.churn, scores[numbers], table)
    assert found["test_intervals"]["brier"] == pytest.approx(once["test_intervals"]["brier"])
    assert found["recalibration"]["slope"]["error"] == pytest.approx(once["recalibration"]["slope"]["error"], rel=0.1)
    for one, other in zip(found["fairness"]["groups"], once["fairness"]["groups"], strict=True):
        assert one["observed"] == pytest.approx(other["observed"], abs=0.002)


def test_a_group_of_one_outcome_has_no_auc(prepared):
    table = prepared.table.take(prepared.split.test)
    churn = np.where(table.customers.SeniorCitizen == 1, 0, table.churn).astype(np.int8)
    found = quality(churn, np.linspace(0, 1, len(churn)), table)
    group = next(one for one in found["fairness"]["groups"] if one["group"] == "Senior")
    assert group["roc_auc"] is None
    assert group["roc_auc_interval"] is None
    assert group["recall"] == {"value": 0.0, "low": 0.0, "high": 1.0}


def test_the_groups_of_a_protected_number_are_its_bands_and_blanks():
    schema = load_schema(AGES, "customer.toml")
    ages = np.array([18, 30, 31, 60, 75, np.nan, np.nan, np.nan])
    churn, keys = np.array([0, 1, 0, 1, 1, 0, 1, 1], np.int8), np.arange(8, dtype=np.uint64)
    table = Table(schema, schema.customer([ages, np.arange(8.0)]), churn, keys, identified=True)
    found = quality(churn, np.linspace(0.2, 0.9, 8), table)["fairness"]
    told = [(group["field"], group["group"], group["customers"], group["observed_rate"]) for group in found["groups"]]
    assert told == [
        ("Age", "18–30", 2, 0.5),
        ("Age", "31–60", 2, 0.5),
        ("Age", "61–90", 1, 1.0),
        ("Age", "blank", 3, 2 / 3),
    ]
    assert {gap["field"] for gap in found["gaps"]} == {"Age"}
