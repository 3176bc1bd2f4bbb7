"""Findings in words: from the figures, whatever they are."""

from dataclasses import replace

import pytest
from tests.telco import FIELDS, TELCO

from churn_trainer.data.table import Findings
from churn_trainer.exploration.explore import explore
from churn_trainer.exploration.narrative import plain_words


@pytest.fixture
def report(small_table):
    return explore(small_table, Findings(rows=len(small_table)))


def test_the_first_sentence_is_how_many_left(report, small_table):
    churned = int(small_table.churn.sum())
    assert report["findings"][0] == f"{churned:,} of 1,500 customers left: {churned / 15:.1f} %."


def test_sentences_follow_the_figures(report):
    assert any(
        sentence.startswith("Contract: ") and '"Month-to-month" left' in sentence for sentence in report["findings"]
    )
    for rate in report["churn_by_field"]["Contract"]:
        rate.update(rate=0.5, low=0.4, high=0.6)
    assert not any(sentence.startswith("Contract: ") for sentence in plain_words(report, TELCO))


def test_a_difference_within_the_noise_is_not_told(report):
    assert not any(sentence.startswith("Gender: ") for sentence in report["findings"])


def test_numbers_are_told_with_their_unit(report):
    assert any("months" in sentence for sentence in report["findings"] if sentence.startswith("Tenure"))


def test_repairs_and_conflicts_are_told(report):
    report["repairs"] = {
        "byte order mark removed": 1,
        "rows set aside": 2,
        "gender: one value only, nothing to learn from": 0,
    }
    report["duplicates"]["conflicting_groups"] = 3
    told = "\n".join(plain_words(report, TELCO))
    assert "Repaired: byte order mark removed (1 time)." in told
    assert "Repaired: rows set aside (2 times)." in told
    assert "Repaired: gender: one value only, nothing to learn from." in told
    assert "3 groups of customers alike in every field hold both outcomes" in told


def test_the_riskiest_pair_is_told_with_how_many_it_was_compared_with(report):
    pair = {"fields": {"Contract": "Month-to-month", "InternetService": "Fiber optic"}, "customers": 1234}
    report["segments"] = [pair | {"churned": 617, "rate": 0.5, "low": 0.45, "high": 0.55}]
    report["segments_compared"] = 1012
    assert (
        'The riskiest of 1,012 pairs of traits is contract "Month-to-month" and internet service "Fiber optic": '
        "of 1,234, 50.0 % (45.0 % to 55.0 %) left; the interval allows for so many comparisons."
    ) in plain_words(report, TELCO)


def test_of_pairs_that_are_none_nothing_is_told(report):
    report["segments"], report["segments_compared"] = [], 0
    assert not any("pairs of traits" in sentence for sentence in plain_words(report, TELCO))


def test_a_table_where_nothing_differs_has_findings_too(small_table):
    same = replace(small_table, churn=small_table.churn * 0)
    assert plain_words(explore(same, Findings(rows=len(same))), TELCO)[0] == "0 of 1,500 customers left: 0.0 %."


@pytest.mark.parametrize(("customers", "told"), [(49, False), (50, True)])
def test_a_group_of_fewer_than_fifty_is_not_compared(report, customers, told):
    group = {"value": "Male", "customers": customers, "churned": customers, "rate": 1.0, "low": 0.95, "high": 1.0}
    report["churn_by_field"] = {"gender": [group | {"value": "Female", "rate": 0.1, "low": 0.05, "high": 0.2}, group]}
    assert any(sentence.startswith("Gender: 100.0 %") for sentence in plain_words(report, TELCO)) is told


@pytest.mark.parametrize(("low", "told"), [(0.2, False), (0.21, True)])
def test_groups_whose_intervals_touch_are_not_called_different(report, low, told):
    best = {"value": "Female", "customers": 100, "churned": 10, "rate": 0.1, "low": 0.05, "high": 0.2}
    report["churn_by_field"] = {"gender": [best, best | {"value": "Male", "rate": 0.3, "low": low, "high": 0.4}]}
    assert any(sentence.startswith("Gender: 30.0 %") for sentence in plain_words(report, TELCO)) is told


def test_the_categories_that_say_most_and_least_about_leaving_are_told(report):
    values = report["cramers_v"]
    most, least = max(values, key=values.get), min(values, key=values.get)
    told = " ".join(report["findings"])
    assert f"{FIELDS[most].title.lower()} goes most closely with leaving (Cramér's V {values[most]:.2f})" in told
    assert f"{FIELDS[least].title} says the least about it (Cramér's V {values[least]:.2f})" in told
