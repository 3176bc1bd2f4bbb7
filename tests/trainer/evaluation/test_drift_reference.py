"""What a release keeps to notice drift by."""

import math
from datetime import date
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy.stats import chi2
from tests.telco import FIELDS, TELCO, Customer

from churn import release
from churn.schema import load_schema
from churn.tracking.drift import drift_of, field_drift
from churn.tracking.field_counts import counts_of_columns
from churn.tracking.reference import SCORE, Reference
from churn_trainer.data.table import Table
from churn_trainer.evaluation.drift_reference import reference_of

OLD_SCORE = """
[table]
name = "scored-before"
outcome = "left"
left = ["yes"]
stayed = ["no"]

[[field]]
name = "churn_probability"
type = "number"
low = 0
high = 1
required = true
words = "The old model said {}"
"""


@pytest.fixture
def people(small_table: Table) -> Customer:
    return small_table.take(np.arange(500)).customers


def test_each_tenth_of_a_number_has_customers_and_equal_values_stay_together(people: Customer) -> None:
    column = np.repeat([1.0, 2.0, 3.0, 4.0], [200, 200, 50, 50])
    fields = reference_of(TELCO, people._replace(MonthlyCharges=column), np.array([])).fields
    assert fields["MonthlyCharges"].cuts == (1, 2, 3)
    assert fields["MonthlyCharges"].counts == (200, 200, 50, 50, 0)
    assert min(fields["TotalCharges"].counts[:-1]) >= len(column) // 10 - 1


def test_a_number_that_is_the_same_for_all_has_one_bin(people: Customer) -> None:
    field = reference_of(TELCO, people._replace(tenure=np.full(500, 7.0)), np.array([])).fields["tenure"]
    assert (field.cuts, field.bins, field.counts) == ((), ("any", "absent"), (500, 0))
    assert field_drift(field, np.array([90, 0])).psi == 0


def test_a_column_of_blanks_has_no_cuts(people: Customer) -> None:
    assert reference_of(TELCO, people._replace(tenure=np.full(500, math.nan)), np.array([])).fields["tenure"].cuts == ()


def test_the_score_is_counted_by_tenths_of_its_scale(people: Customer) -> None:
    score = reference_of(TELCO, people, np.array([0.0, 0.05, 0.15, 0.95, 1.0])).fields[SCORE]
    assert score.counts == (2, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0)
    assert (score.bins[0], score.bins[1], score.bins[9]) == ("≤ 0.1", "0.1–0.2", "> 0.9")


def test_a_field_may_be_called_as_the_score_is() -> None:
    """As in a table that another model has scored."""
    schema = load_schema(OLD_SCORE, "customer.toml")
    column = np.linspace(0, 1, 21)
    reference = reference_of(schema, schema.customer([column]), np.array([0.15]))
    assert Reference.from_bytes(reference.to_bytes(), schema) == reference
    counts = counts_of_columns([pl.Series(column)], np.array([0.95, 0.96]), schema, reference)
    assert [held.sum() for held in counts.values()] == [21, 2]
    drift = drift_of(reference, schema, [(date(2026, 11, 23), counts)])
    assert drift is not None
    assert [drift["fields"][0]["n"], drift["score"]["n"], drift["score"]["title"]] == [21, 2, "Churn probability"]


def test_the_quantile_shares_the_chance_of_a_false_alarm_among_the_fields(people: Customer) -> None:
    contract = reference_of(TELCO, people, np.array([])).fields["Contract"]
    assert contract.quantile == pytest.approx(chi2.isf(0.001 / (len(FIELDS) + 1), 2))


def test_a_release_carries_how_its_development_rows_and_the_scores_of_its_test_part_are_spread(
    whole_run: Any,
) -> None:
    reference = release.load(whole_run.store, whole_run.version).reference
    split = whole_run.trained.prepared.split
    assert reference is not None
    assert {field.rows for name, field in reference.fields.items() if name != SCORE} == {len(split.development)}
    assert reference.fields[SCORE].rows == len(split.test)
