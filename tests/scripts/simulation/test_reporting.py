"""What the simulated operator reports, and what the oracle makes of it."""

import csv
import io
from datetime import date

import pytest

from churn.schema import built_in
from scripts.simulation import reporting
from scripts.simulation.campaign import CHOSEN, HELD_OUT, Contact, contacts, share_of, treated
from scripts.simulation.oracle import fold, once
from scripts.simulation.reporting import Clerk, Outcome
from scripts.simulation.world import World

MADE = {f"c{number:05d}": number / 5_000 for number in range(5_000)}


def test_the_riskiest_are_chosen_and_some_of_them_held_out():
    chosen = contacts("spring", MADE)
    assert sorted(chosen) == sorted(MADE)[-round(CHOSEN * len(MADE)) :]
    held_out = len(chosen) - len(treated(chosen))
    assert held_out / len(chosen) == pytest.approx(HELD_OUT, abs=0.05)
    assert chosen == contacts("spring", MADE)
    assert treated(chosen) != treated(contacts("autumn", MADE))


def test_a_share_is_drawn_evenly():
    shares = sorted(share_of("c", name) for name in MADE)
    assert all(abs(share - number / len(shares)) < 0.03 for number, share in enumerate(shares))


def test_a_careful_clerk_reports_each_customer_once_and_rightly():
    month = World(1, 300, date(2025, 1, 1)).advance()
    rows = Clerk(careful=True).report(month, {})
    assert {row.customer_id: row.left_at for row in rows if row.left_at} == {**month.left, **month.fleeting}
    assert [row.customer_id for row in rows if row.stayed_until == month.until] == month.stayed
    assert len({row.customer_id for row in rows}) == len(rows)


def test_slips_are_made_good_a_month_later():
    live, clerk, rows = World(1, 4_000, date(2025, 1, 1)), Clerk(), []
    months = [live.advance() for _ in range(4)]
    for month in months[:-1]:
        rows += clerk.report(month, {})
    # Nobody slips any more, so that everything owed is reported.
    clerk.careful = True
    rows += clerk.report(months[-1], {})
    known, counts = fold(once(rows))
    left = {name: day for month in months for name, day in {**month.left, **month.fleeting}.items()}
    assert {name: told.left_at for name, told in known.items() if told.left_at} == left
    assert counts["corrections"] > 20
    assert counts["contradictions"] > 10
    assert len(rows) > len(set(rows)) + 50


def test_rows_are_written_as_outcomes_are_read():
    contact = Contact("spring", "treat", accepted=True, cost=25.0)
    day = date(2025, 2, 3)
    text = reporting.to_csv([Outcome("a", left_at=day, contact=contact), Outcome("b", stayed_until=day)]).decode()
    first, second = csv.DictReader(io.StringIO(text))
    assert first == {
        "customerID": "a",
        "left_at": "2025-02-03",
        "stayed_until": "",
        "campaign": "spring",
        "arm": "treat",
        "accepted": "yes",
        "cost": "25.00",
    }
    assert [second[name] for name in ("customerID", "left_at", "stayed_until", "campaign")] == [
        "b",
        "",
        "2025-02-03",
        "",
    ]


def test_the_reports_name_the_id_by_the_name_of_the_declaration():
    assert reporting.HEADER[0] == built_in("telco").id
