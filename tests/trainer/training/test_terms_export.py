"""Compiled terms are the fitted model: the same log-odds for every customer, to rounding."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from tests.provider import PROVIDER
from tests.telco import TELCO

from churn.model.scorecard import Scorecard
from churn_trainer.data.prepare import prepare
from churn_trainer.data.table import load
from churn_trainer.training.candidates import CANDIDATES, PAIRWISE_BOOSTING
from churn_trainer.training.terms_export import attributed, boosting_terms, is_pairwise, regression_terms

PAIRWISE = next(candidate for candidate in CANDIDATES if candidate.name == PAIRWISE_BOOSTING)


def made_up(rng, count, *, whole):
    """Random customers of the provider as a table. Values are missing from some columns if they are not `whole`."""
    columns = []
    for name, field in PROVIDER.fields.items():
        if name in PROVIDER.categories:
            codes = len(field.names) if whole else max(1, len(field.names) - 1)
            columns.append(rng.integers(codes, size=count).astype(float))
            continue
        column = rng.uniform(field.low, field.high, count).round(int(rng.integers(0, 3)))
        if field.blank_is_value:
            column[rng.random(count) < rng.choice([0, 0.3])] = np.nan
        columns.append(column)
    return PROVIDER.customer(columns)


@settings(max_examples=25)
@given(st.integers(0, 10**6))
def test_a_boosting_over_pairs_is_its_terms_for_seen_unseen_and_blank_values(seed):
    rng = np.random.default_rng(seed)
    fitted, others = made_up(rng, 300, whole=False), made_up(rng, 300, whole=True)
    signal = np.nan_to_num(np.column_stack(fitted)) @ rng.normal(size=len(fitted))
    churn = (signal + rng.normal(size=300) > np.median(signal)).astype(np.int8)
    model = PAIRWISE.estimator(PROVIDER).set_params(max_iter=12, min_samples_leaf=int(rng.integers(2, 30)))
    model.fit(np.column_stack(fitted), churn)
    terms = boosting_terms(PROVIDER, model)
    for people in (fitted, others):
        wanted = model.decision_function(np.column_stack(people))
        np.testing.assert_allclose(terms.log_odds_of(people), wanted, rtol=0, atol=1e-12)


@settings(max_examples=15)
@given(st.integers(0, 10**6))
def test_a_regression_on_plain_columns_is_its_terms(seed):
    rng = np.random.default_rng(seed)
    people = made_up(rng, 200, whole=True)
    columns = PROVIDER.features.matrix(people)
    scaler = StandardScaler().fit(columns)
    weights, names = rng.normal(size=columns.shape[1]), PROVIDER.features.names
    averages = dict(zip(names, scaler.mean_, strict=True))
    terms = regression_terms(Scorecard(PROVIDER, 0.3, dict(zip(names, weights, strict=True)), averages))
    np.testing.assert_allclose(terms.log_odds_of(people), 0.3 + columns @ weights, rtol=0, atol=1e-10)
    np.testing.assert_allclose(terms.effects_table(people).mean(axis=0), 0, atol=1e-10)
    np.testing.assert_allclose(terms.average_log_odds, 0.3 + scaler.mean_ @ weights, atol=1e-10)


def test_every_customer_of_the_real_table_has_the_boostings_log_odds_to_twelve_digits(telco_csv, source_of):
    whole = prepare(load(source_of(telco_csv.read_bytes()), TELCO)[0])
    rows = whole.split.development
    model = PAIRWISE.estimator(TELCO).fit(whole.fed("fields", rows), whole.churn[rows])
    terms = attributed(boosting_terms(TELCO, model), whole.table, rows)
    wanted = model.decision_function(whole.fed("fields", np.arange(len(whole.table))))
    np.testing.assert_allclose(terms.log_odds_of(whole.table.customers), wanted, rtol=0, atol=1e-12)
    effects = terms.effects_table(whole.table.take(rows).customers)
    np.testing.assert_allclose(effects.mean(axis=0), 0, atol=1e-12)


def test_what_a_field_adds_alone_is_in_its_own_table_and_not_in_a_pairs(prepared, fitted):
    rows, people = prepared.split.development, prepared.table.take(prepared.split.development).customers
    compiled = boosting_terms(TELCO, fitted[PAIRWISE_BOOSTING].model)
    terms = attributed(compiled, prepared.table, rows)
    pairs = [table for table in terms.tables if len(table.fields) > 1]
    assert {table.fields for table in pairs} == {table.fields for table in compiled.tables if len(table.fields) > 1}
    for table in pairs:
        added = table.of(TELCO, people)
        for field in table.fields:
            if field in TELCO.categories:
                held = people[TELCO.position[field]]
                means = [added[held == code].mean() for code in np.unique(held)]
                np.testing.assert_allclose(means, 0, atol=0.02)
    np.testing.assert_allclose(terms.log_odds_of(people), compiled.log_odds_of(people), rtol=0, atol=1e-12)


def test_tables_hold_only_the_cuts_that_they_need(prepared, fitted):
    terms = boosting_terms(TELCO, fitted[PAIRWISE_BOOSTING].model)
    for table in terms.tables:
        for axis, cuts in enumerate(table.cuts):
            by_bin = np.moveaxis(table.entries, axis, 0)
            assert all((by_bin[each] != by_bin[each + 1]).any() for each in range(len(cuts)))


def test_a_boosting_over_more_fields_is_refused(prepared):
    rows = prepared.split.development
    model = PAIRWISE.estimator(TELCO).set_params(interaction_cst=None, max_iter=20)
    model.fit(prepared.fed("fields", rows), prepared.churn[rows])
    assert not is_pairwise(model)
    with pytest.raises(ValueError, match="more than two fields"):
        boosting_terms(TELCO, model)


def test_columns_written_by_hand_are_no_terms(prepared):
    names = TELCO.features.names
    card = Scorecard(TELCO, 0.0, dict.fromkeys(names, 0.1), dict.fromkeys(names, 0.0))
    with pytest.raises(ValueError, match="is not made of one field"):
        regression_terms(card)
    assert not is_pairwise(LogisticRegression())
