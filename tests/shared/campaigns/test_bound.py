"""On real tables the choice brings at least 99.9 % of what the linear program says that no choice can exceed."""

import csv
import os
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from scipy.optimize import linprog
from scipy.sparse import coo_array, csr_array, vstack
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tests.shared.campaigns.made_up_campaign import OFFERS, plan

from churn.campaigns.candidates import Candidates
from churn.campaigns.choice import choose
from churn.campaigns.money import expected_money
from churn.campaigns.plans import GivenValue
from churn.campaigns.prices import NONE, costs_of
from churn.campaigns.rates import assumed, rates_of
from churn.campaigns.value import values
from churn.customer.declaration import Customer
from churn.model.background import Background
from churn.schema import Schema, built_in, load_schema

DATA = Path(os.environ.get("CHURN_DATA_DIR", "data"))
DECLARATIONS = Path(__file__).parents[2] / "operators"
TABLES = ("telco", "maven_telecom", "internet_provider")

# Of the money that a choice without limits would use, and of the minutes that one with that budget would.
LIMITS = [(0.02, 1.0), (1.0, 0.1), *((money, minutes) for money in (0.05, 0.2, 0.6) for minutes in (0.3, 0.6, 0.9))]

# So many customers of a longer table are enough.
MOST = 8_000


class _Model(NamedTuple):
    """A predictor as far as values ask for one."""

    schema: Schema
    scorer: Any
    background: Background


class _Logistic:
    """A regression over the columns of the schema."""

    def __init__(self, schema: Schema, table: Customer, churn: Any) -> None:
        self._schema = schema
        self._fitted = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
        self._fitted.fit(schema.features.matrix(table), churn)

    def probabilities(self, table: Customer) -> Any:
        return self._fitted.predict_proba(self._schema.features.matrix(table))[:, 1]


@pytest.fixture(scope="module", params=TABLES)
def real(request: pytest.FixtureRequest) -> Candidates:
    """The customers of a table with the probabilities of a regression, valued by it, or by their bills of a year."""
    schema, rows = _read(request.param)
    churn = np.array([row.pop(schema.outcome) in schema.left for row in rows])
    readings = [schema.reader.read(row) for row in rows]
    known = [place for place, reading in enumerate(readings) if not reading.assumed]
    people = [readings[place].customer for place in known]
    table = schema.table_of(people)
    model = _Model(schema, _Logistic(schema, table, churn[known]), Background(schema, people[:200]))
    probability = model.scorer.probabilities(table)
    bills = np.maximum(table[schema.position[schema.role("monthly_value")]], 0.0)
    given = None if schema.label_window_months else GivenValue(column="a year's bills")
    value = values(model, table, probability, plan(value=given), given=12 * bills)
    return Candidates(probability, value, np.random.default_rng(0).random(len(value)) < 0.9)


def _read(name: str) -> tuple[Schema, list[dict[str, str]]]:
    if name == "telco":
        schema, table = built_in("telco"), DATA / "telco_customer_churn.csv"
    else:
        file = DECLARATIONS / f"{name}.toml"
        schema, table = load_schema(file.read_text(), file.name), DATA / "operators" / f"{name}.csv"
    if not table.exists():
        pytest.skip(f"no {table} (CHURN_DATA_DIR names the folder of data sets)")
    with table.open(encoding="utf-8-sig", newline="") as lines:
        rows = [
            {
                schema.column_names.field_of(column.strip()): cell
                for column, cell in row.items()
                if column.strip() not in schema.leave_out
            }
            for _, row in zip(range(MOST), csv.DictReader(lines), strict=False)
        ]
    return schema, [row for row in rows if row[schema.outcome] not in schema.set_aside]


def bound(gains: Any, budget: float, minutes: float) -> float:
    """The most that fractions of customers can bring within the limits."""
    offers, count = gains.shape
    costs = costs_of(OFFERS)
    each = coo_array((np.ones(offers * count), (np.tile(np.arange(count), offers), np.arange(offers * count))))
    limits = csr_array(np.vstack([np.repeat(costs.money, count), np.repeat(costs.minutes, count)]))
    solved = linprog(
        -gains.ravel(),
        A_ub=vstack([each, limits]),
        b_ub=np.concatenate([np.ones(count), [budget, minutes]]),
        bounds=(0, 1),
        method="highs",
    )
    assert solved.success
    return -float(solved.fun)


@pytest.mark.parametrize(("money", "time"), LIMITS)
def test_the_choice_brings_what_the_linear_program_allows(real, money, time):
    gains = expected_money(real, OFFERS, rates_of(real, assumed(OFFERS)))
    free = choose(real, plan(), assumed(OFFERS))
    budget = free.money * money
    minutes = choose(real, plan(budget=budget), assumed(OFFERS)).minutes * time
    choice = choose(real, plan(budget=budget, minutes=minutes), assumed(OFFERS))
    assert choice.money <= budget
    assert choice.minutes <= minutes
    rows = np.flatnonzero((choice.offers != NONE) & real.treat)
    mine = gains[choice.offers[rows], rows].sum()
    best = bound(gains[:, real.treat], budget, minutes)
    assert mine >= 0.999 * best
    assert mine <= best * (1 + 1e-9)
