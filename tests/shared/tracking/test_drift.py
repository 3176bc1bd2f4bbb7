"""The index, what chance alone makes of it, and what GET /quality shows of it."""

import json
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from tests.telco import FIELDS, TELCO, Customer, table_of

from churn.schema import load_schema
from churn.tracking.drift import LARGE, drift_of, field_drift, psi
from churn.tracking.reference import SCORE, Counts, Reference
from churn_trainer.evaluation.drift_reference import reference_of

MONDAY = date(2026, 11, 2)


def counted(reference: Reference, table: Customer, probabilities: np.ndarray) -> Counts:
    columns = zip([*FIELDS, SCORE], [*table, probabilities], strict=True)
    return {name: reference.fields[name].count(column) for name, column in columns}


def sampled(reference: Reference, customers: list[Customer], probabilities: np.ndarray, rows: int, seed: int) -> Counts:
    """The counts of so many of the customers, drawn with replacement: no drift."""
    chosen = np.random.default_rng(seed).integers(len(customers), size=rows)
    return counted(reference, table_of([customers[row] for row in chosen]), probabilities[chosen])


def weeks(*counts: Counts) -> list[tuple[date, Counts]]:
    return [(MONDAY + timedelta(weeks=number), each) for number, each in enumerate(counts)]


@pytest.fixture
def same(reference: Reference, customers: list[Customer], probabilities: np.ndarray) -> Counts:
    return sampled(reference, customers, probabilities, 2_000, seed=1)


@pytest.fixture
def other(same: Counts) -> Counts:
    """Customers with other contracts."""
    return {**same, "Contract": np.array([1_900, 50, 50, 0])}


def test_the_index_is_the_sum_over_the_bins() -> None:
    now, then = np.array([30, 70, 0]), np.array([50, 40, 10])
    p, q = np.array([30.5, 70.5, 0.5]) / 101.5, np.array([50.5, 40.5, 10.5]) / 101.5
    assert psi(then, now) == pytest.approx(float(np.sum((p - q) * np.log(p / q))), rel=1e-12)


def test_equal_shares_are_no_drift() -> None:
    assert psi(np.array([10, 20, 30]), np.array([10, 20, 30])) == 0


def test_what_chance_may_look_like_falls_with_the_rows(reference: Reference) -> None:
    field = reference.fields["Contract"]
    few, many = (field_drift(field, np.array([rows, rows, rows, 0])) for rows in (20, 20_000))
    assert few.limit == pytest.approx(field.quantile * (1 / 60 + 1 / 500))
    assert many.limit == LARGE


def test_nothing_is_no_drift_where_every_value_is_absent(reference: Reference) -> None:
    drift = field_drift(reference.fields["Contract"], np.array([0, 0, 0, 900]))
    assert (drift.psi, drift.rows, drift.is_noted, drift.is_large) == (0, 0, False, False)


def test_customers_like_those_of_the_release_are_no_drift(reference: Reference, same: Counts) -> None:
    drift = drift_of(reference, TELCO, weeks(same))
    assert drift is not None
    assert {entry["state"] for entry in [*drift["fields"], drift["score"]]} == {"none"}
    assert (drift["since"], drift["until"]) == ("2026-11-02", "2026-11-08")
    assert [entry["field"] for entry in drift["fields"]] == list(FIELDS)
    assert (drift["score"]["field"], drift["score"]["n"]) == (SCORE, 2_000)
    json.dumps(drift, allow_nan=False)


def test_a_field_says_what_was_then_and_what_is_now(reference: Reference, other: Counts) -> None:
    drift = drift_of(reference, TELCO, weeks(other))
    assert drift is not None
    entry = next(entry for entry in drift["fields"] if entry["field"] == "Contract")
    assert (entry["title"], entry["n"], entry["limit"]) == ("Contract", 2_000, LARGE)
    assert [each["label"] for each in entry["bins"]] == ["Month-to-month", "One year", "Two year", "Absent"]
    assert [each["now"] for each in entry["bins"]] == [0.95, 0.025, 0.025, 0]
    assert sum(each["then"] for each in entry["bins"]) == pytest.approx(1)


@pytest.mark.parametrize(
    ("history", "state"),
    [
        ("o", "notice"),
        ("oo", "notice"),
        ("ooo", "alarm"),
        ("oosso", "notice"),
        ("ooso", "alarm"),
        ("ooos", "none"),
        ("ooossss", "none"),
    ],
)
def test_a_drift_that_stays_is_an_alarm(
    reference: Reference, same: Counts, other: Counts, history: str, state: str
) -> None:
    drift = drift_of(reference, TELCO, weeks(*({"o": other, "s": same}[each] for each in history)))
    assert drift is not None
    assert next(entry["state"] for entry in drift["fields"] if entry["field"] == "Contract") == state


def test_counts_of_one_week_add_up_in_any_order(reference: Reference, same: Counts, other: Counts) -> None:
    windows = [*weeks(same, other), *weeks(same, other)]
    drift = drift_of(reference, TELCO, reversed(windows))
    assert drift is not None
    assert drift == drift_of(reference, TELCO, windows)
    assert drift["score"]["n"] == 4_000


def test_a_field_that_is_absent_more_often_is_noted(reference: Reference, same: Counts) -> None:
    absent = {**same, "tenure": same["tenure"] + np.array([0] * (len(same["tenure"]) - 1) + [500])}
    drift = drift_of(reference, TELCO, weeks(absent))
    assert drift is not None
    entry = next(entry for entry in drift["fields"] if entry["field"] == "tenure")
    assert (entry["state"], entry["absent"]) == ("notice", {"then": 0.0, "now": 0.2})


def test_values_that_no_customer_of_the_release_had_are_unseen(reference: Reference, same: Counts) -> None:
    contract = replace(reference.fields["Contract"], counts=(250, 250, 0, 0))
    drift = drift_of(
        Reference({**reference.fields, "Contract": contract}),
        TELCO,
        weeks({**same, "Contract": np.array([30, 30, 20, 20])}),
    )
    assert drift is not None
    unseen = {entry["field"]: entry["unseen"] for entry in drift["fields"]}
    assert unseen == dict.fromkeys(FIELDS, 0.0) | {"Contract": 0.2}


def test_what_is_read_as_other_is_unseen() -> None:
    schema = load_schema(
        """
[table]
name = "shop"
id = "Id"
outcome = "Left"
left = ["1"]
stayed = ["0"]

[[field]]
name = "Plan"
type = "category"
values = { Basic = "A basic plan", Plus = "A plus plan" }
other = true
required = true
""",
        "customer.toml",
    )
    fields = reference_of(schema, schema.customer([np.array([0, 1, 2])]), np.array([0.5])).fields
    counts = {"Plan": np.array([5, 2, 3, 0]), SCORE: np.array([10, *[0] * 10])}
    assert fields["Plan"].bins == ("Basic", "Plus", "Other", "absent")
    drift = drift_of(Reference(fields), schema, weeks(counts))
    assert drift is not None
    assert drift["fields"][0]["unseen"] == 0.3


def test_without_predictions_there_is_nothing_to_show(reference: Reference) -> None:
    assert drift_of(reference, TELCO, []) is None


def test_bills_that_are_a_quarter_higher_are_seen(
    reference: Reference, customers: list[Customer], probabilities: np.ndarray
) -> None:
    raised = [customer._replace(MonthlyCharges=1.25 * customer.MonthlyCharges) for customer in customers]
    counts = counted(reference, table_of(raised), probabilities)
    assert field_drift(reference.fields["MonthlyCharges"], counts["MonthlyCharges"]).is_large


@pytest.mark.parametrize("rows", [50, 200, 1_000, 10_000])
def test_chance_alone_rings_at_five_of_a_thousand_looks_at_most(reference: Reference, rows: int) -> None:
    """A look is at all fields; they are drawn from the reference itself, each by itself."""
    rng, looks = np.random.default_rng(rows), 1_000
    rung = np.zeros(looks, bool)
    for field in reference.fields.values():
        shares = np.array(field.counts[:-1]) / sum(field.counts[:-1])
        # The reference is a sample as well: it is drawn anew at each look.
        then = rng.multinomial(5_000, shares, size=looks)
        now = rng.multinomial(rows, shares, size=looks)
        for look in range(looks):
            drawn = replace(field, counts=(*then[look].tolist(), 0))
            rung[look] |= field_drift(drawn, np.array([*now[look], 0])).is_noted
    assert rung.sum() <= 5
