"""Terms add up what their tables and slopes hold, one customer or a table of them at a time."""

import itertools
import json
import math
import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.provider import PROVIDER

from churn.customer.declaration import Customer
from churn.customer.features import SLOPES
from churn.customer.fields import Category
from churn.model.background import Background
from churn.model.bins import bin_count
from churn.model.predictor import Predictor
from churn.model.scoring import sigmoid
from churn.model.terms import SlopeTerm, TableTerm, Terms

FIELDS = tuple(PROVIDER.fields)


def cuts_of(name: str, chance: random.Random) -> tuple[float, ...]:
    if name in PROVIDER.categories:
        return ()
    field = PROVIDER.numbers[name]
    return tuple(sorted({float(chance.randint(int(field.low), int(field.high))) for _ in range(chance.randrange(6))}))


def table_term(fields: tuple[str, ...], chance: random.Random) -> TableTerm:
    cuts = tuple(cuts_of(name, chance) for name in fields)
    shape = [bin_count(PROVIDER, *each) for each in zip(fields, cuts, strict=True)]
    entries = np.random.default_rng(chance.randrange(10**6)).normal(size=shape)
    return TableTerm(fields, cuts, entries, chance.uniform(-1, 1))


def made_up(seed: int) -> Terms:
    """A model with a table for some fields and pairs of fields, and slopes for some numbers."""
    chance = random.Random(seed)
    every = [(name,) for name in FIELDS] + list(itertools.combinations(FIELDS, 2))
    tables = [table_term(fields, chance) for fields in chance.sample(every, chance.randrange(len(every)))]
    slopes = [
        SlopeTerm(name, kind, chance.uniform(-1, 1), chance.uniform(-1, 1))
        for name in PROVIDER.numbers
        for kind in SLOPES
        if chance.random() < 0.5
    ]
    return Terms(PROVIDER, chance.uniform(-1, 1), tables, slopes)


def value_of(name: str, chance: random.Random) -> Any:
    field = PROVIDER.fields[name]
    if isinstance(field, Category):
        return chance.randrange(len(field.names))
    if field.blank_is_value and chance.random() < 0.3:
        return math.nan
    whole = chance.randint(int(field.low), int(field.high))
    return whole if field.whole or chance.random() < 0.5 else chance.uniform(field.low, field.high)


def people(seed: int, count: int) -> list[Customer]:
    chance = random.Random(seed)
    return [allowed(PROVIDER.customer(value_of(name, chance) for name in FIELDS)) for _ in range(count)]


def allowed(customer: Customer) -> Customer:
    """The customer, who has an internet type exactly if there is internet."""
    offline, kinds = customer[PROVIDER.position["Internet"]] == 0, PROVIDER.categories["Internet Type"]
    held = customer[PROVIDER.position["Internet Type"]]
    kind = kinds.blank if offline else kinds.code("Cable") if held == kinds.blank else held
    return PROVIDER.replaced(customer, {"Internet Type": kind})


def by_hand(terms: Terms, customer: Customer) -> float:
    """The log-odds as the module's first sentence defines them."""
    held, total = dict(zip(FIELDS, customer, strict=True)), terms.intercept
    for term in terms.tables:
        entry = term.entries
        for name, cuts in zip(term.fields, term.cuts, strict=True):
            value = held[name]
            if name in PROVIDER.categories:
                entry = entry[value]
            else:
                entry = entry[len(cuts) + 1 if math.isnan(value) else sum(cut < value for cut in cuts)]
        total += float(entry)
    for slope in terms.slopes:
        if not math.isnan(held[slope.field]):
            above = held[slope.field] - PROVIDER.numbers[slope.field].low
            total += slope.weight * SLOPES[slope.kind](above, math.log1p)
    return total


@settings(max_examples=40)
@given(st.integers(0, 10**6), st.sampled_from([0, 1, 7, 60]))
def test_one_customer_and_a_table_add_up_to_what_the_terms_hold(seed: int, count: int) -> None:
    terms, customers = made_up(seed), people(seed, count)
    wanted = np.array([by_hand(terms, customer) for customer in customers])
    table = PROVIDER.table_of(customers)
    probabilities, effects = terms.explained(table)
    np.testing.assert_allclose([terms.log_odds(customer) for customer in customers], wanted, atol=1e-12)
    np.testing.assert_allclose(terms.log_odds_of(table), wanted, atol=1e-12)
    np.testing.assert_allclose(probabilities, [sigmoid(each) for each in wanted], atol=1e-12)
    np.testing.assert_allclose(terms.average_log_odds + effects.sum(axis=1), wanted, atol=1e-12)
    np.testing.assert_allclose(effects, [terms.effects(customer) for customer in customers] or effects, atol=1e-12)
    assert effects.shape == (count, len(FIELDS))


def test_a_table_longer_than_a_block_is_looked_up_whole() -> None:
    terms, few = made_up(7), people(7, 100)
    long = PROVIDER.customer(np.tile(column, 90) for column in PROVIDER.table_of(few))
    np.testing.assert_allclose(
        terms.effects_table(long), np.tile([terms.effects(one) for one in few], (90, 1)), atol=1e-12
    )


def test_a_number_at_a_cut_is_left_of_it_and_a_blank_has_an_entry_of_its_own() -> None:
    name = "Remaining Contract"
    terms = Terms(PROVIDER, 0.0, [TableTerm((name,), ((1.0, 2.0),), np.array([1.0, 2.0, 3.0, 4.0]))])
    place = PROVIDER.position[name]
    customers = [PROVIDER.replaced(people(1, 1)[0], {name: value}) for value in (0.5, 1.0, 1.5, 2.0, 2.5, math.nan)]
    assert [terms.effects(customer)[place] for customer in customers] == [1, 1, 2, 2, 3, 4]


def test_a_pair_counts_half_for_each_of_its_fields() -> None:
    pair = TableTerm(("Region", "Internet"), ((), ()), np.zeros((len(PROVIDER.categories["Region"].names), 2)), 0.5)
    effects = Terms(PROVIDER, 0.0, [pair]).effects(people(1, 1)[0])
    wanted = [-0.25 if name in pair.fields else 0.0 for name in FIELDS]
    assert effects == wanted


def test_averages_are_those_of_the_terms_over_the_customers() -> None:
    terms, table = made_up(5), PROVIDER.table_of(people(5, 300))
    centred = terms.measured_from(terms.sums(table) / 300)
    np.testing.assert_allclose(centred.effects_table(table).mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(centred.log_odds_of(table), terms.log_odds_of(table), atol=1e-12)


def test_a_model_is_the_same_after_being_written_and_read() -> None:
    terms, customers = made_up(11), people(11, 20)
    read = Terms.from_dict(PROVIDER, json.loads(json.dumps(terms.to_dict())))
    assert [read.effects(one) for one in customers] == [terms.effects(one) for one in customers]
    assert read.average_log_odds == terms.average_log_odds


def test_a_predictor_averages_over_the_completions_of_absent_fields() -> None:
    terms, customers = made_up(13), people(13, 80)
    predictor = Predictor(terms, Background(PROVIDER, customers), 0.5)
    known = PROVIDER.replaced(customers[0], {"Remaining Contract": 1.5})
    record = {name: PROVIDER.value_of(name, known) for name in PROVIDER.required}
    reading = PROVIDER.reader.read(record)
    table = predictor.background.completions(reading.customer)
    answer = predictor.predict(reading)
    assert answer.churn_probability == pytest.approx(terms.probabilities(table).mean(), abs=1e-12)
    probability, reasons = predictor.explain(reading, 3)
    assert probability == pytest.approx(answer.churn_probability, abs=1e-12)
    assert [reason.field for reason in reasons] == [reason.field for reason in answer.reasons[:3]]


TABLE = {"fields": ["Region"], "cuts": [[]], "entries": [0.0, 0.0, 0.0], "average": 0.0}
NUMBER = {"fields": ["tenure"], "cuts": [[1.0, 2.0]], "entries": [0.0, 0.0, 0.0, 0.0], "average": 0.0}
SLOPE = {"field": "tenure", "kind": "log", "weight": 1.0, "average": 0.0}


def test_the_models_that_are_broken_below_are_whole() -> None:
    assert Terms.from_dict(PROVIDER, {"intercept": 0, "tables": [TABLE, NUMBER], "slopes": [SLOPE]}).slopes


BROKEN: dict[str, dict[str, Any]] = {
    "no intercept": {"intercept": None},
    "an intercept as text": {"intercept": "0"},
    "an infinite intercept": {"intercept": math.inf},
    "tables that are no list": {"tables": 3},
    "an unknown field": {"tables": [TABLE | {"fields": ["Country"]}]},
    "a field twice": {"tables": [TABLE | {"fields": ["Region", "Region"], "cuts": [[], []]}]},
    "no field": {"tables": [TABLE | {"fields": [], "cuts": []}]},
    "the same fields twice": {"tables": [TABLE, TABLE]},
    "cuts of a category": {"tables": [TABLE | {"cuts": [[1.0]]}]},
    "cuts that descend": {"tables": [NUMBER | {"cuts": [[2.0, 1.0]]}]},
    "equal cuts": {"tables": [NUMBER | {"cuts": [[1.0, 1.0]]}]},
    "a cut that is text": {"tables": [NUMBER | {"cuts": [["1", 2.0]]}]},
    "a cut that is no number": {"tables": [NUMBER | {"cuts": [[1.0, math.nan]]}]},
    "cuts for more fields": {"tables": [NUMBER | {"cuts": [[1.0, 2.0], []]}]},
    "too few entries": {"tables": [NUMBER | {"entries": [0.0, 0.0, 0.0]}]},
    "entries of another shape": {"tables": [NUMBER | {"entries": [[0.0, 0.0], [0.0, 0.0]]}]},
    "entries as text": {"tables": [TABLE | {"entries": ["0", "0", "0"]}]},
    "ragged entries": {"tables": [TABLE | {"entries": [[0.0], [0.0, 0.0], 0.0]}]},
    "an entry that is no number": {"tables": [TABLE | {"entries": [0.0, math.nan, 0.0]}]},
    "a table without average": {"tables": [{name: TABLE[name] for name in ("fields", "cuts", "entries")}]},
    "an average that is no number": {"tables": [TABLE | {"average": math.nan}]},
    "a slope of a category": {"slopes": [SLOPE | {"field": "Region"}]},
    "the same slope twice": {"slopes": [SLOPE, SLOPE]},
    "a slope of an unknown kind": {"slopes": [SLOPE | {"kind": "cube"}]},
    "a weight that is no number": {"slopes": [SLOPE | {"weight": math.nan}]},
}


@pytest.mark.parametrize("fault", BROKEN.values(), ids=BROKEN)
def test_a_broken_model_is_refused(fault: dict[str, Any]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        Terms.from_dict(PROVIDER, {"intercept": 0.0, "tables": [TABLE], "slopes": []} | fault)
