"""What came of a campaign."""

from datetime import date

import polars as pl
import pytest
from tests.shared.campaigns.contacted import DURING, ENDS, STARTED, TERMS, contacted
from tests.shared.campaigns.made_up_campaign import offer

from churn.campaigns.differences import Arms, at_one_look
from churn.campaigns.results import Terms, costs, observed, result

CONTACTS = contacted(4_000, seed=1)


def told(contacts: pl.DataFrame = CONTACTS, terms: Terms = TERMS, *, final: bool = True) -> dict:
    return result(contacts, terms, final=final)


def changed(rows: pl.Expr, **columns: object) -> pl.DataFrame:
    """The contacts with other values in some rows."""
    return CONTACTS.with_columns(
        pl.when(rows).then(pl.lit(value, CONTACTS[name].dtype)).otherwise(name).alias(name)
        for name, value in columns.items()
    )


def test_the_arms_are_counted_as_they_were_drawn():
    found = told()
    for name, arm in (("treated", "treat"), ("held_out", "hold_out")):
        rows = CONTACTS.filter(arm=arm)
        left = rows["left_at"].is_not_null().sum()
        assert (found[name]["customers"], found[name]["known"], found[name]["left"]) == (rows.height, rows.height, left)
        assert found[name]["low"] < found[name]["churn_rate"] == left / rows.height < found[name]["high"]
    assert (found["already_left"], found["unknown"]) == (0, 0)


def test_at_the_end_the_difference_has_newcombes_interval():
    found = told()
    counts = [found[arm][name] for arm in ("treated", "held_out") for name in ("known", "left")]
    low, high = at_one_look(Arms(*counts))
    value = found["treated"]["churn_rate"] - found["held_out"]["churn_rate"]
    assert found["difference"] == {"value": value, "low": low, "high": high, "interval": "newcombe"}
    treated = found["treated"]["customers"]
    assert found["saved"] == {"customers": -value * treated, "low": -high * treated, "high": -low * treated}


def test_before_the_end_the_interval_is_wider():
    early, late = told(final=False)["difference"], told()["difference"]
    assert (early["value"], early["interval"]) == (late["value"], "always_valid")
    assert early["low"] < late["low"] < late["high"] < early["high"]


def test_money_is_the_saved_value_less_what_was_paid():
    same = CONTACTS.with_columns(value=pl.lit(200.0))
    found = told(same)
    cost = 10.0 * found["treated"]["customers"]
    assert found["money"]["cost"] == cost
    assert found["money"]["saved"] == pytest.approx(200 * found["saved"]["customers"] - cost)
    assert found["money"]["low"] == pytest.approx(200 * found["saved"]["low"] - cost)
    assert found["money"]["promised"] == same.filter(arm="treat")["expected_value"].sum()


def test_money_knows_that_the_valuable_are_kept_more_often():
    rows = CONTACTS.with_columns(value=pl.when(pl.col("left_at").is_not_null()).then(0.0).otherwise(pl.col("value")))
    assert told(rows)["money"]["saved"] == pytest.approx(-told()["money"]["cost"])


def test_reported_costs_count_before_planned_ones():
    found = told(changed(pl.lit(value=True), cost=2.5))
    assert found["money"]["cost"] == 2.5 * found["treated"]["customers"]


@pytest.mark.parametrize(
    ("accepted", "cost"), [(True, 10 + 40), (False, 10.0), (None, 10 + 40 * (0.5 * 0.3 + 0.5 * 0.2))]
)
def test_an_incentive_is_paid_to_whoever_takes_it(accepted, cost):
    gift = offer("call", incentive=40.0, accepts=0.2)
    expected = 0.5 * 0.3 * (300 - 40) - 0.5 * 0.2 * 40 - 10
    row = changed(pl.lit(value=True), probability=0.5, value=300.0, expected_value=expected, accepted=accepted)
    assert costs(row[:1], [gift]).tolist() == pytest.approx([cost])


def test_customers_who_left_before_the_start_are_in_no_arm():
    found = told(changed(pl.int_range(pl.len()) < 50, left_at=STARTED))
    assert found["already_left"] == 50
    assert found["treated"]["customers"] + found["held_out"]["customers"] == CONTACTS.height - 50


def test_who_leaves_after_the_label_window_has_stayed():
    rows = observed(changed(pl.col("left_at").is_not_null(), left_at=date(2026, 4, 2)), TERMS, final=True)
    assert not rows["left"].any()
    rows = observed(changed(pl.col("left_at").is_not_null(), left_at=ENDS), TERMS, final=True)
    assert rows["left"].sum() == CONTACTS["left_at"].is_not_null().sum()


def test_whose_outcome_is_not_known_counts_in_neither():
    rows = changed(pl.int_range(pl.len()) < 100, left_at=None, stayed_until=None)
    found = told(rows)
    assert found["unknown"] == 100
    assert found["treated"]["known"] + found["held_out"]["known"] == CONTACTS.height - 100
    assert told(changed(pl.lit(value=True), left_at=None, stayed_until=DURING))["unknown"] == CONTACTS.height


def test_before_the_end_all_are_compared_until_the_day_until_which_most_are_known():
    looked = date(2026, 1, 20)
    rows = CONTACTS.with_columns(stayed_until=pl.when(pl.col("stayed_until").is_not_null()).then(looked))
    assert observed(rows, TERMS, final=False)["left"].sum() == 0
    rows = rows.with_columns(left_at=pl.when(pl.col("left_at").is_not_null()).then(looked))
    assert observed(rows, TERMS, final=False)["left"].sum() == CONTACTS["left_at"].is_not_null().sum()


def test_leavers_alone_say_nothing():
    found = told(CONTACTS.with_columns(stayed_until=pl.lit(None, pl.Date)), final=False)
    assert found["difference"]["value"] is found["saved"]["customers"] is found["money"]["saved"] is None


def test_customers_who_are_worth_nothing_cost_what_they_cost():
    found = told(changed(pl.lit(value=True), value=0.0))
    assert found["saved"] == told()["saved"]
    assert found["money"]["saved"] == found["money"]["low"] == found["money"]["high"] == -found["money"]["cost"]


def test_nobody_was_chosen():
    found = told(CONTACTS.clear())
    assert (found["treated"]["customers"], found["treated"]["churn_rate"], found["money"]["cost"]) == (0, None, 0)


def test_an_arm_that_was_not_reported_is_suspicious():
    rows = CONTACTS.with_columns(
        left_at=pl.when(pl.col("arm") == "hold_out").then("left_at"),
        stayed_until=pl.when(pl.col("arm") == "hold_out").then("stayed_until"),
    )
    mixed = pl.concat([CONTACTS[:200], rows[200:]])
    assert told(mixed)["sample_ratio"]["suspicious"]
