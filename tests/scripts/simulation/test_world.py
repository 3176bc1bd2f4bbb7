"""The simulated world: the same for the same seed, with the hazard, the contacts and the changes that are declared."""

from datetime import date

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from churn.schema import built_in
from scripts.simulation import calendar
from scripts.simulation.hazard import BASE, LOG_TENURE, PER_TEN, Hazard
from scripts.simulation.world import (
    BILL_EXTRAS,
    BILLS_FACTOR,
    KINDS,
    LOST_FIELD,
    RATE_SHIFT,
    Change,
    World,
    to_csv,
    training_table,
)

FIRST = date(2025, 1, 1)
TELCO = built_in("telco")


def world(size=300, change=None, seed=1) -> World:
    return World(seed, size, FIRST, change)


def months(live: World, count: int) -> list[float]:
    """The shares of customers who leave in so many months."""
    shares = []
    for _ in range(count):
        customers = len(live.ids)
        shares.append(len(live.advance().left) / customers)
    return shares


@pytest.mark.parametrize(
    ("day", "count", "wanted"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (date(2026, 11, 1), 3, date(2027, 2, 1)),
        (date(2026, 1, 1), -1, date(2025, 12, 1)),
        (date(2026, 12, 31), 12, date(2027, 12, 31)),
    ],
    ids=str,
)
def test_months_are_those_of_the_calendar(day, count, wanted):
    assert calendar.add_months(day, count) == wanted


def test_the_first_day_lies_so_many_months_before_this_month():
    assert calendar.first_day(date(2026, 11, 29), 24) == date(2024, 11, 1)


def test_the_same_seed_makes_the_same_world_and_another_seed_another_one():
    first, second, third = world(), world(), world(seed=2)
    assert [first.advance() for _ in range(3)] == [second.advance() for _ in range(3)]
    assert first.records() == second.records()
    assert to_csv(third.records()) != to_csv(first.records())


def test_every_record_is_a_customer_of_the_declaration():
    records = world().records()
    assert len({record[TELCO.id] for record in records}) == len(records)
    for record in records:
        assert TELCO.reader.read(record).assumed == ()


def test_customers_age_and_are_billed():
    live = world()
    before = {record["customerID"]: record for record in live.records()}
    live.advance()
    after = {record["customerID"]: record for record in live.records() if record["customerID"] in before}
    assert len(after) > 100
    for name, record in after.items():
        assert int(record["tenure"]) == int(before[name]["tenure"]) + 1
        billed = float(record["TotalCharges"]) - float(before[name]["TotalCharges"])
        assert billed == pytest.approx(float(record["MonthlyCharges"]), rel=6 * BILL_EXTRAS)


def test_everybody_leaves_or_stays_within_the_month():
    live = world()
    customers, start = live.ids, live.today
    month = live.advance()
    assert sorted([*month.left, *month.stayed]) == sorted(customers)
    assert {start < day <= month.until for day in [*month.left.values(), *month.fleeting.values()]} == {True}
    assert month.until == live.today == date(2025, 2, 1)
    assert not set(month.left) & set(live.ids)
    assert set(month.stayed) < set(live.ids)


def test_the_hazard_is_the_declared_one():
    columns = {
        "tenure": np.array([24]),
        "MonthlyCharges": np.array([85.0]),
        "Contract": np.array(["Two year"]),
        "InternetService": np.array(["Fiber optic"]),
        "PaymentMethod": np.array(["Mailed check"]),
        "TechSupport": np.array(["Yes"]),
        "OnlineSecurity": np.array(["No"]),
        "SeniorCitizen": np.array(["0"]),
    }
    log_odds = BASE + LOG_TENURE * np.log(25) + 2 * PER_TEN - 1.8 + 0.8 - 0.5
    assert Hazard().probability(columns) == pytest.approx([1 / (1 + np.exp(-log_odds))])


def test_customers_leave_as_often_as_their_hazard_says_and_the_risky_ones_first():
    live = world(size=4_000)
    risk = live.risk()
    customers = live.ids
    left = live.advance().left
    y = np.array([customer in left for customer in customers])
    assert y.sum() == pytest.approx(risk.sum(), abs=4 * np.sqrt((risk * (1 - risk)).sum()))
    assert roc_auc_score(y, risk) > 0.8


def test_a_world_without_a_change_stays_much_as_it_is():
    live = world(size=2_000)
    assert len(live.ids) == pytest.approx(2_000, rel=0.05)
    shares = months(live, 24)
    assert np.mean(shares[:12]) == pytest.approx(np.mean(shares[12:]), rel=0.15)
    assert len(live.ids) == pytest.approx(2_000, rel=0.2)


def test_contacts_keep_as_many_as_declared_and_touch_nobody_else():
    plain, contacting = world(size=4_000), world(size=4_000)
    contacted = plain.ids[::2]
    without, with_contacts = plain.advance(), contacting.advance(dict.fromkeys(contacted, 0.5))
    saved = set(without.left) - set(with_contacts.left)
    assert saved == set(with_contacts.saved)
    assert saved <= set(contacted)
    reached = len(set(without.left) & set(contacted))
    assert len(saved) / reached == pytest.approx(0.5, abs=4 * np.sqrt(0.25 / reached))
    assert plain.records()[-400:] == contacting.records()[-400:]


def test_contacts_may_drive_customers_away():
    plain, contacting = world(size=4_000), world(size=4_000)
    contacted = plain.ids[::2]
    risk = dict(zip(plain.ids, plain.risk().tolist(), strict=True))
    without, with_contacts = plain.advance(), contacting.advance(dict.fromkeys(contacted, -0.5))
    driven = set(with_contacts.left) - set(without.left)
    assert set(without.left) < set(with_contacts.left)
    assert driven <= set(contacted)
    wanted = 0.5 * sum(risk[name] for name in contacted)
    assert len(driven) == pytest.approx(wanted, abs=4 * np.sqrt(wanted))
    assert with_contacts.saved == []


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_changes_before_its_day(kind):
    plain, changing = world(), world(change=Change(kind, 4))
    assert [plain.advance() for _ in range(2)] == [changing.advance() for _ in range(2)]
    assert plain.records() == changing.records()
    plain.advance()
    changing.advance()
    assert changing.today == date(2025, 4, 1)
    assert (plain.risk() != changing.risk()).any()


def test_a_change_of_the_rate_adds_to_everybodys_log_odds():
    plain, changing = world(), world(change=Change("rate", 1))
    odds, changed = (live.risk() / (1 - live.risk()) for live in (plain, changing))
    assert changed / odds == pytest.approx(np.exp(RATE_SHIFT))


def test_a_change_of_the_ranking_keeps_the_rate_and_ruins_what_a_model_knew():
    plain, changing = world(size=4_000), world(size=4_000, change=Change("ranking", 1))
    assert changing.risk().mean() == pytest.approx(plain.risk().mean())
    known = Hazard().probability(changing.columns)
    customers, left = changing.ids, changing.advance().left
    assert roc_auc_score([customer in left for customer in customers], known) < 0.75


def test_a_field_that_loses_its_meaning_keeps_the_rate_and_tells_nothing_any_more():
    plain, changing = world(size=4_000), world(size=4_000, change=Change("meaning", 1))
    assert changing.risk().mean() == pytest.approx(plain.risk().mean())
    others = {name: np.roll(column, 1) if name == LOST_FIELD else column for name, column in changing.columns.items()}
    assert np.array_equal(changing.hazard.probability(others), changing.risk())
    assert not np.array_equal(plain.hazard.probability(others), plain.risk())


def test_a_change_of_bills_reaches_everybody_and_all_who_come_later():
    plain, changing = world(), world(change=Change("bills", 1))
    assert changing.columns["MonthlyCharges"] == pytest.approx(BILLS_FACTOR * plain.columns["MonthlyCharges"], abs=0.01)
    plain.advance()
    changing.advance()
    newcomers = plain.columns["tenure"] == 1
    bills = plain.columns["MonthlyCharges"][newcomers]
    assert changing.columns["MonthlyCharges"][-len(bills) :] == pytest.approx(BILLS_FACTOR * bills, abs=0.01)


def test_a_table_to_train_on_says_who_left_within_the_window():
    rows = [line.split(",") for line in training_table(1, 300, 1).decode().splitlines()]
    assert rows[0] == [TELCO.id, *TELCO.fields, TELCO.outcome]
    live = World(1, 300, date(2020, 1, 1))
    left = set(live.advance().left)
    assert {row[0] for row in rows[1:] if row[-1] == "Yes"} == left
    longer = [line.split(",") for line in training_table(1, 300, 3).decode().splitlines()]
    assert left < {row[0] for row in longer[1:] if row[-1] == "Yes"}
