"""The exploration report."""

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom
from tests.telco import CATEGORIES, FIELDS, TELCO

from churn_trainer.data.table import Findings, load
from churn_trainer.exploration.explore import (
    correlation_frame,
    cramers_v,
    exact_interval,
    explore,
    frame_of,
)


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
    first, third = np.quantile(totals, (0.25, 0.75))
    assert (low, high) == pytest.approx((first - 1.5 * (third - first), third + 1.5 * (third - first)))
    assert report["numbers"]["TotalCharges"]["outliers"]["count"] == np.count_nonzero((totals < low) | (totals > high))


def test_duplicates_and_conflicts_are_found(small_rows, as_csv, source_of):
    rows = [list(row) for row in small_rows]
    for number, twin, label in ((1, 2, "Yes"), (1, 3, "No"), (10, 11, rows[10][-1])):
        rows[twin] = [rows[twin][0], *rows[number][1:-1], label]
    duplicates = explore(*load(source_of(as_csv(rows)), TELCO))["duplicates"]
    assert duplicates["repeated_rows"] == 3
    assert (duplicates["groups"], duplicates["conflicting_groups"], duplicates["customers_in_conflict"]) == (2, 1, 3)


def test_correlations_are_of_numbers_two_valued_fields_and_churn(report, small_table):
    frame = correlation_frame(frame_of(small_table), TELCO)
    assert set(TELCO.numbers) | {"gender", "SeniorCitizen", "Churn"} < set(frame.columns)
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


def test_what_never_changes_has_no_correlation(small_table):
    customers = small_table.customers
    table = replace(small_table, customers=customers._replace(Partner=customers.Partner * 0))
    found = explore(table, Findings(rows=len(table)))["correlations"]
    place = found["fields"].index("Partner")
    assert {row[place] for row in found["matrix"]} == set(found["matrix"][place]) == {None}
    assert all(isinstance(value, float) for value in found["matrix"][place - 1][:place])


@pytest.mark.parametrize("seed", range(8))
def test_where_churn_is_drawn_by_lot_no_pair_stands_out(small_table, seed):
    churn = np.random.default_rng(seed).permutation(small_table.churn)
    report = explore(replace(small_table, churn=churn), Findings(rows=len(churn)))
    assert report["segments"][0]["rate"] > report["churn"]["rate"]
    assert report["segments"][0]["low"] <= report["churn"]["rate"]
    assert (
        f"None of {report['segments_compared']:,} pairs of traits stands out by more than chance." in report["findings"]
    )


def test_the_interval_of_a_segment_allows_for_all_that_were_compared(report, small_table):
    assert report["segments_compared"] > 300
    for segment in report["segments"]:
        churned, customers = segment["churned"], segment["customers"]
        assert segment["rate"] == churned / customers
        # An end is where so many churners, or more, or fewer, have the probability of the error.
        error = 0.025 / report["segments_compared"]
        assert binom.sf(churned - 1, customers, segment["low"]) == pytest.approx(error)
        assert binom.cdf(churned, customers, segment["high"]) == pytest.approx(error)


@pytest.mark.parametrize(("churned", "low", "high"), [(0, 0, 0.3085), (5, 0.1871, 0.8129), (10, 0.6915, 1)])
def test_clopper_and_pearsons_interval_has_its_published_values(churned, low, high):
    assert exact_interval(churned, 10, 0.05) == pytest.approx({"low": low, "high": high}, abs=1e-4)


def test_a_header_that_was_read_kindly_is_no_missing_value(small_rows, as_csv, source_of):
    rows = [list(row) for row in small_rows]
    rows[0] = [f" {name} " for name in rows[0]]
    report = explore(*load(source_of(as_csv(rows)), TELCO))
    assert any("header" in kind for kind in report["repairs"])
    assert not any("header" in kind for kind in report["missing"])


def test_segments_are_large_enough_and_sorted_by_the_lower_end(report):
    ends = [segment["low"] for segment in report["segments"]]
    assert ends == sorted(ends, reverse=True)
    assert all(segment["customers"] >= 50 for segment in report["segments"])
    assert all(len(segment["fields"]) == 2 for segment in report["segments"])


def test_the_real_table_has_its_known_peculiarities(telco_csv, source_of):
    found = explore(*load(source_of(telco_csv.read_bytes()), TELCO))
    assert found["duplicates"]["repeated_rows"] == 40
    assert found["duplicates"]["conflicting_groups"] == 18
    assert found["missing"] == {"TotalCharges: blank read as tenure × MonthlyCharges": 11}
    assert next(iter(found["cramers_v"])) == "Contract"
    assert found["churn"]["rate"] == pytest.approx(0.2654, abs=1e-4)
