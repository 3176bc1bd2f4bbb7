"""Looking up gives what adding up the columns gives."""

import re

import numpy as np
import pytest
from tests.telco import CATEGORIES, COLUMNS, FEATURES, GROUPS, TELCO, Customer, matrix, table_of

from churn.customer.features import Feature, Features
from churn.model.layout import Layout, layout_of
from churn.model.lookup import NotTabulated, Tabulated, require_tabulated
from churn.model.scorecard import Scorecard
from churn.model.scoring import FloatArray
from churn.schema import load_schema

LAYOUT = layout_of(TELCO)


def columns(table: Customer) -> FloatArray:
    """The columns themselves are sums over columns."""
    return np.asarray(matrix(table), np.float64)


def tabulated_columns() -> Tabulated:
    assert LAYOUT is not None
    return Tabulated(TELCO, LAYOUT, columns)


def test_every_column_comes_out_as_its_formula_has_it(customers: list[Customer]) -> None:
    tabulated = tabulated_columns()
    looked_up = np.array([tabulated.all(customer) for customer in customers])
    np.testing.assert_allclose(looked_up, matrix(table_of(customers)), rtol=1e-12, atol=1e-9)


def test_a_sum_is_the_same_to_twelve_digits(customers: list[Customer], scorecard: Scorecard) -> None:
    added = scorecard.intercept + matrix(table_of(customers)) @ np.array(scorecard.weights)
    looked_up = [scorecard.log_odds(customer) for customer in customers]
    np.testing.assert_allclose(looked_up, added, rtol=1e-12, atol=1e-12)


def test_the_first_sum_is_the_first_of_all(customers: list[Customer]) -> None:
    tabulated = tabulated_columns()
    for customer in customers[:50]:
        assert tabulated.first(customer) == tabulated.all(customer)[0]


def test_a_customer_whom_no_rule_allows_has_no_entry(customers: list[Customer]) -> None:
    contradiction = customers[0]._replace(InternetService=2, OnlineSecurity=2)
    with pytest.raises(KeyError):
        tabulated_columns().first(contradiction)


def test_columns_of_customers_come_out_as_each_of_them_does(customers: list[Customer]) -> None:
    tabulated = tabulated_columns()
    one_by_one = np.array([tabulated.all(customer) for customer in customers]).T
    np.testing.assert_allclose(tabulated.table(table_of(customers)), one_by_one, rtol=1e-12, atol=1e-9)


def test_no_customers_have_no_sums(customers: list[Customer]) -> None:
    assert tabulated_columns().table(table_of(customers[:0])).shape == (45, 0)


def test_one_whom_no_rule_allows_is_found_among_columns(customers: list[Customer]) -> None:
    contradiction = customers[0]._replace(InternetService=2, OnlineSecurity=2)
    with pytest.raises(IndexError):
        tabulated_columns().table(table_of([*customers[:3], contradiction]))


FIBER = CATEGORIES["InternetService"].code("Fiber optic")

CROSSING = [
    (
        Feature(
            "SeniorxFiber",
            ("SeniorCitizen", "InternetService"),
            lambda c, _: (c.SeniorCitizen == 1) & (c.InternetService == FIBER),
        ),
        "column SeniorxFiber mixes SeniorCitizen and InternetService",
    ),
    (
        Feature("BillxPartner", ("MonthlyCharges", "Partner"), lambda c, _: c.MonthlyCharges * c.Partner),
        "column BillxPartner mixes MonthlyCharges and Partner",
    ),
    (
        Feature("BillSquared", ("MonthlyCharges",), lambda c, _: c.MonthlyCharges**2),
        "column BillSquared of MonthlyCharges is not linear in a number other than tenure",
    ),
    (
        Feature("Undeclared", ("Contract",), lambda c, _: c.Contract * c.Partner),
        "column Undeclared of Contract is not linear in a number other than tenure, or is of other fields too",
    ),
]


@pytest.mark.parametrize(("feature", "sentence"), CROSSING, ids=lambda value: getattr(value, "name", ""))
def test_a_column_that_cannot_be_looked_up_is_named(feature: Feature, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        require_tabulated(TELCO, (*FEATURES, feature))


def test_the_columns_can_be_looked_up() -> None:
    require_tabulated(TELCO)


@pytest.mark.parametrize("feature", [feature for feature, _ in CROSSING], ids=lambda feature: feature.name)
def test_a_model_that_tables_do_not_hold_is_refused(scorecard: Scorecard, feature: Feature) -> None:
    def log_odds(table: Customer) -> FloatArray:
        crossed = np.full(len(table.tenure), feature.formula(table, np.log1p), float)
        return (matrix(table) @ np.array(scorecard.weights) + 0.5 * crossed)[:, None]

    with pytest.raises(NotTabulated) as caught:
        Tabulated(TELCO, LAYOUT, log_odds)
    assert caught.value.sums == [0]


def test_a_scorecard_with_such_a_column_is_refused_with_its_name(
    scorecard: Scorecard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """AutoPay's place is taken by a column that crosses two groups, in all that reads the declaration."""
    place = COLUMNS.index("AutoPay")
    crossing = CROSSING[0][0]
    features = Features(
        (*FEATURES[:place], Feature("AutoPay", crossing.fields, crossing.formula), *FEATURES[place + 1 :])
    )
    schema = load_schema(TELCO.source + "\n", "customer.toml")
    monkeypatch.setitem(vars(schema), "features", features)
    with pytest.raises(ValueError, match="column AutoPay mixes SeniorCitizen and InternetService"):
        Scorecard.from_dict(schema, scorecard.to_dict())


FIELD = """
[[field]]
name = "Roaming"
type = "category"
group = "{group}"
help = "Whether it is used abroad."
values = {{ No = "No roaming", Yes = "Roams" }}
"""


@pytest.mark.parametrize("group", GROUPS)
def test_a_field_added_at_the_end_is_looked_up(group: str) -> None:
    schema = load_schema(TELCO.source + FIELD.format(group=group), "customer.toml")
    layout, names = layout_of(schema), schema.features.names
    assert layout is not None
    assert list(schema.fields)[-1] == "Roaming"
    assert "Roaming_Yes" in names
    known = dict.fromkeys(schema.fields, 0) | {"PhoneService": 1, "MonthlyCharges": 50, "TotalCharges": 900}
    people = [
        schema.customer((known | {"tenure": tenure, "Roaming": tenure % 2, "gender": tenure % 3 % 2}).values())
        for tenure in range(50)
    ]
    weights = np.random.default_rng(1).normal(size=len(names))
    tabulated = Tabulated(schema, layout, lambda table: (schema.features.matrix(table) @ weights)[:, None])
    wanted = schema.features.matrix(schema.table_of(people)) @ weights
    assert np.allclose([tabulated.first(one) for one in people], wanted, atol=1e-9)
    assert np.allclose(tabulated.table(schema.table_of(people))[0], wanted, atol=1e-9)


def test_a_charge_that_ends_at_zero_is_looked_up_too(customers: list[Customer], scorecard: Scorecard) -> None:
    text = TELCO.source.replace("low = 0\nhigh = 200\n", "low = -200\nhigh = 0\nexample = -1\n", 1)
    credited = load_schema(re.sub(r"bands = .*110, 200.\n|example = 65.5\n", "", text), "customer.toml")
    card = Scorecard.from_dict(credited, scorecard.to_dict())
    paid = [customer._replace(MonthlyCharges=-customer.MonthlyCharges) for customer in customers]
    wanted = card.probabilities(credited.table_of(paid))
    assert credited.numbers["MonthlyCharges"].high == 0
    np.testing.assert_allclose([card.probability(customer) for customer in paid], wanted, atol=1e-12)


def test_sums_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(NotTabulated), np.errstate(invalid="ignore"):
        Tabulated(TELCO, LAYOUT, lambda table: np.full((len(table.tenure), 1), np.nan))


def test_groups_whose_entries_together_are_more_than_16_bits_count_are_not_looked_up() -> None:
    """No group has too many by itself: 24,000 of one with two further fields beside 13,122 of the services."""

    def layout_with(*sizes: int) -> Layout | None:
        fields = (FIELD.format(group="Who they are").replace("Roaming", f"Plan {size}") for size in sizes)
        added = "".join(
            re.sub("values = .*", f"values = {[f'v{number:03}' for number in range(size)]}", field)
            for field, size in zip(fields, sizes, strict=True)
        )
        return layout_of(load_schema(TELCO.source + added, "customer.toml"))

    assert layout_with(100) is not None
    assert layout_with(100, 15) is None
