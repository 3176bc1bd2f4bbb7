"""Plans are read strictly, with every fault at once, and come back as JSON with their defaults."""

import pytest
from tests.bank import BANK
from tests.telco import TELCO

from churn.campaigns.plans import GivenValue, Offer, Plan, Saves, plan_of, read_plan
from churn.errors import ValidationError

CALL = {"name": "Call", "contact_cost": 10, "minutes": 5, "saves": {"rate": 0.3, "source": "assumed"}}


def test_a_plan_has_its_defaults_filled_in():
    assert plan_of({"offers": [CALL]}, TELCO) == Plan(
        offers=(Offer("Call", 10.0, 5.0, 0.0, 0.0, Saves(0.3, "assumed")),),
        budget=None,
        minutes=None,
        margin=0.3,
        horizon_months=12,
        discount=0.1,
        holdout="auto",
        not_within_days=60,
        value=None,
    )


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"budget": 0, "minutes": 12.5, "margin": 1, "horizon_months": 60, "discount": 0, "holdout": 0.5},
        {"value": {"amount": 200}},
        {"value": {"column": "Lifetime Value"}},
        {"offers": [CALL, {"name": "Gift", "incentive": 30, "accepts": 1, "saves": {"source": "measured"}}]},
        {"offers": [CALL | {"saves": {"source": "measured", "campaign": "cam_1"}}]},
    ],
)
def test_what_a_plan_is_written_as_is_read_as_the_same_plan(more):
    plan = plan_of({"offers": [CALL]} | more, TELCO)
    assert plan_of(plan.to_json(), TELCO) == plan


FAULTS = {
    "no object": ([], "plan", "wrong_type"),
    "no offers": ({}, "plan.offers", "missing"),
    "an empty list": ({"offers": []}, "plan.offers", "out_of_range"),
    "nine offers": ({"offers": [CALL | {"name": str(place)} for place in range(9)]}, "plan.offers", "out_of_range"),
    "an offer that is no object": ({"offers": ["Call"]}, "plan.offers[0]", "wrong_type"),
    "offers of one name": ({"offers": [CALL, CALL | {"name": "CALL"}]}, "plan.offers[1].name", "not_allowed"),
    "a name that does not print": ({"offers": [CALL | {"name": "a\nb"}]}, "plan.offers[0].name", "not_allowed"),
    "a long name": ({"offers": [CALL | {"name": "a" * 65}]}, "plan.offers[0].name", "not_allowed"),
    "a text for a number": ({"offers": [CALL | {"minutes": "5"}]}, "plan.offers[0].minutes", "wrong_type"),
    "true for a number": ({"offers": [CALL], "budget": True}, "plan.budget", "wrong_type"),
    "a negative cost": ({"offers": [CALL | {"contact_cost": -1}]}, "plan.offers[0].contact_cost", "out_of_range"),
    "no save rate": ({"offers": [CALL | {"saves": None}]}, "plan.offers[0].saves", "missing"),
    "no source": ({"offers": [CALL | {"saves": {"rate": 0.3}}]}, "plan.offers[0].saves.source", "missing"),
    "nothing assumed": ({"offers": [CALL | {"saves": {"source": "assumed"}}]}, "plan.offers[0].saves.rate", "missing"),
    "a rate that is measured and given": (
        {"offers": [CALL | {"saves": {"source": "measured", "rate": 0.3}}]},
        "plan.offers[0].saves.rate",
        "not_allowed",
    ),
    "a margin of nothing": ({"offers": [CALL], "margin": 0}, "plan.margin", "out_of_range"),
    "a discount of everything": ({"offers": [CALL], "discount": 1}, "plan.discount", "out_of_range"),
    "a fraction of a month": ({"offers": [CALL], "horizon_months": 1.5}, "plan.horizon_months", "wrong_type"),
    "a long horizon": ({"offers": [CALL], "horizon_months": 61}, "plan.horizon_months", "out_of_range"),
    "an infinite budget": ({"offers": [CALL], "budget": float("inf")}, "plan.budget", "out_of_range"),
    "a budget that is no number": ({"offers": [CALL], "budget": float("nan")}, "plan.budget", "out_of_range"),
    "a large hold-out": ({"offers": [CALL], "holdout": 0.51}, "plan.holdout", "out_of_range"),
    "two values": ({"offers": [CALL], "value": {"amount": 1, "column": "a"}}, "plan.value", "not_allowed"),
    "no value": ({"offers": [CALL], "value": {}}, "plan.value", "not_allowed"),
    "an unknown member": ({"offers": [CALL], "budgets": 5}, "plan.budgets", "unknown"),
}


@pytest.mark.parametrize(("data", "field", "code"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_named_with_its_path(data, field, code):
    plan, faults = read_plan(data, TELCO)
    assert plan is None
    assert [(fault.field, fault.code) for fault in faults if fault.code != "missing" or code == "missing"] == [
        (field, code)
    ]


def test_all_faults_are_told_at_once():
    with pytest.raises(ValidationError) as refused:
        plan_of({"offers": [{"nme": "Call"}], "margin": 2, "discount": "ten"}, TELCO)
    assert {fault.field for fault in refused.value.errors} == {
        "plan.offers[0].nme",
        "plan.offers[0].name",
        "plan.offers[0].saves",
        "plan.margin",
        "plan.discount",
    }
    assert "did you mean" not in refused.value.message


def test_a_table_without_a_bill_is_asked_for_the_value_of_its_customers():
    plan, faults = read_plan({"offers": [CALL]}, BANK)
    assert plan is None
    assert [(fault.field, fault.code) for fault in faults] == [("plan.value", "missing")]
    assert 'give {"amount": money}' in faults[0].message
    given = plan_of({"offers": [CALL], "value": {"amount": 120}}, BANK)
    assert given.value == GivenValue(amount=120.0)
