"""The exploration report."""

import json

import numpy as np
import pytest

from churn.customer import CATEGORIES, FIELDS
from churn_trainer.explore import NUMBERS, correlation_frame, cramers_v, explore, frame_of
from churn_trainer.table import Findings, load


@pytest.fixture(scope="module")
def report(small_table):
    return explore(small_table, Findings(rows=len(small_table)))


def test_the_report_is_json(report):
    assert json.loads(json.dumps(report)).keys() == report.keys()


def test_the_frame_has_the_data_sets_own_words(small_table, small_rows):
    frame = frame_of(small_table)
    names = small_rows[0]
    for row in (0, 17):
        cells = dict(zip(names, small_rows[row + 1], strict=True))
        for name in CATEGORIES:
            shown = {"0": "No", "1": "Yes"}[cells[name]] if name == "SeniorCitizen" else cells[name]
            assert frame[name].iloc[row] == shown


def test_every_field_has_its_churn_rates_and_every_customer_is_in_one_group(report, small_table):
    assert set(report["churn_by_field"]) == set(FIELDS)
    for rates in report["churn_by_field"].values():
        assert sum(rate["customers"] for rate in rates) == len(small_table)
        assert sum(rate["churned"] for rate in rates) == small_table.churn.sum()
        assert all(rate["low"] <= rate["rate"] <= rate["high"] for rate in rates)


def test_new_customers_and_those_of_six_months_are_in_the_first_group(report):
    assert [rate["value"] for rate in report["churn_by_field"]["tenure"]][:2] == ["0–6", "7–12"]


def test_outliers_lie_beyond_tukeys_fences(report, small_table):
    low, high = report["numbers"]["TotalCharges"]["outliers"]["fences"]
    totals = small_table.customers.TotalCharges
    assert report["numbers"]["TotalCharges"]["outliers"]["count"] == np.count_nonzero((totals < low) | (totals > high))


def test_duplicates_and_conflicts_are_found(small_rows, as_csv, source_of):
    rows = [list(row) for row in small_rows]
    for number, twin, label in ((1, 2, "Yes"), (1, 3, "No"), (10, 11, rows[10][-1])):
        rows[twin] = [rows[twin][0], *rows[number][1:-1], label]
    duplicates = explore(*load(source_of(as_csv(rows))))["duplicates"]
    assert duplicates["repeated_rows"] == 3
    assert (duplicates["groups"], duplicates["conflicting_groups"], duplicates["customers_in_conflict"]) == (2, 1, 3)


def test_correlations_are_of_numbers_two_valued_fields_and_churn(report, small_table):
    frame = correlation_frame(frame_of(small_table))
    assert set(NUMBERS) | {"gender", "SeniorCitizen", "Churn"} < set(frame.columns)
    fields, matrix = report["correlations"]["fields"], np.array(report["correlations"]["matrix"])
    assert np.diag(matrix) == pytest.approx(np.ones(len(fields)))
    place = fields.index("tenure"), fields.index("Churn")
    assert matrix[place] == pytest.approx(np.corrcoef(small_table.customers.tenure, small_table.churn)[0, 1], abs=1e-5)


@pytest.mark.parametrize(
    ("first", "second", "value"),
    [([0, 0, 1, 1], [0, 0, 1, 1], 1), ([0, 1, 0, 1], [0, 0, 1, 1], 0), ([0, 0, 0, 0], [0, 1, 0, 1], 0)],
)
def test_cramers_v_of_known_tables(first, second, value):
    assert cramers_v(np.array(first), np.array(second)) == pytest.approx(value)


def test_segments_are_large_enough_and_sorted_by_the_lower_end(report):
    ends = [segment["low"] for segment in report["segments"]]
    assert ends == sorted(ends, reverse=True)
    assert all(segment["customers"] >= 50 for segment in report["segments"])
    assert all(len(segment["fields"]) == 2 for segment in report["segments"])


def test_the_real_table_has_its_known_peculiarities(telco_csv, source_of):
    found = explore(*load(source_of(telco_csv.read_bytes())))
    assert found["duplicates"]["repeated_rows"] == 40
    assert found["duplicates"]["conflicting_groups"] == 18
    assert found["missing"] == {"TotalCharges: blank read as tenure × MonthlyCharges": 11}
    assert next(iter(found["cramers_v"])) == "Contract"
    assert found["churn"]["rate"] == pytest.approx(0.2654, abs=1e-4)
