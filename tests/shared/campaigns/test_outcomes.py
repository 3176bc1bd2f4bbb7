"""A campaign's customers with what became of them."""

from datetime import UTC, date, datetime

import polars as pl
import pytest
from tests.broken_files import with_a_damaged_body
from tests.shared.campaigns.campaign import begin, left, report, stayed

from churn.campaigns import layout, started
from churn.campaigns.outcomes import with_outcomes
from churn.store.opening import open_store
from churn.tracking import known
from churn.tracking.contacted import contacted
from churn.tracking.scanning import TableReader

TREATMENTS = {"key": pl.UInt64, "campaign": pl.String, "arm": pl.String, "day": pl.Date}
START, END = date(2026, 1, 5), date(2026, 2, 5)


@pytest.fixture
def store(tmp_path):
    return open_store(f"file://{tmp_path}")


def joined(store, campaign_id="cam_1"):
    """The rows by probability, value and arm stripped, in the order of a, b, c …, and the counts."""
    contacts, told = with_outcomes(TableReader(store), started.load(store, campaign_id))
    return contacts, told


def test_every_contact_is_there_and_nobody_else(store):
    begin(store, {"a": "treat", "b": "hold_out", "c": "treat"})
    report(store, [left("a", date(2026, 1, 9)), stayed("b", END), left("nobody", END)])
    contacts, told = joined(store)
    assert contacts.height == 3
    assert "customer_id" not in contacts.columns
    by_arm = {arm[0]: rows for arm, rows in contacts.group_by("arm")}
    assert by_arm["hold_out"].select("left_at", "stayed_until").row(0) == (None, END)
    assert sorted(by_arm["treat"]["left_at"].to_list(), key=str) == [date(2026, 1, 9), None]
    assert contacts["segment:Contract"].to_list() == ["Two year"] * 3
    assert told == (0, 0)


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        ([stayed("a", END, campaign="spring", arm="treat", accepted=True, cost=7.5)], (True, 7.5)),
        ([stayed("a", END, campaign="cam_1", arm="treat", accepted=False)], (False, None)),
        ([stayed("a", END, campaign="autumn", arm="treat", accepted=True, cost=7.5)], (None, None)),
        ([stayed("a", END, accepted=True, cost=7.5)], (None, None)),
        ([stayed("a", date(2026, 1, 4), campaign="spring", arm="treat", accepted=True, cost=1.0)], (None, None)),
        (
            [
                stayed("a", END, campaign="spring", arm="treat", accepted=True, cost=7.5),
                stayed("a", date(2026, 2, 6), campaign="cam_1", arm="treat", accepted=False),
            ],
            (False, 7.5),
        ),
    ],
    ids=["by name", "by id", "another campaign", "no campaign", "before the start", "the last word counts"],
)
def test_acceptance_and_cost_are_of_rows_that_name_the_campaign(store, rows, wanted):
    begin(store, {"a": "treat"})
    report(store, rows)
    assert joined(store)[0].select("accepted", "cost").row(0) == wanted


def test_a_later_row_takes_back_a_leaving(store):
    begin(store, {"a": "treat"})
    report(store, [left("a", date(2026, 1, 9))])
    report(store, [stayed("a", END)], datetime(2026, 3, 2, tzinfo=UTC))
    assert joined(store)[0].select("left_at", "stayed_until").row(0) == (None, END)


def test_who_is_said_to_have_been_in_the_other_arm_is_counted(store):
    begin(store, {"a": "treat", "b": "hold_out", "c": "hold_out", "d": "treat"})
    rows = [stayed("b", END, campaign="spring", arm="treat"), stayed("d", END, campaign="cam_1", arm="hold_out")]
    report(store, [*rows, stayed("a", END, campaign="spring", arm="treat"), stayed("c", END)])
    assert joined(store)[1].contradictory == 2


def test_who_is_known_of_only_from_before_the_start_is_counted(store):
    begin(store, dict.fromkeys("abcd", "treat"))
    report(store, [stayed("a", START), stayed("b", date(2026, 1, 6)), left("c", date(2026, 1, 2))])
    assert joined(store)[1].before == 1


def test_outcomes_that_are_read_in_parts_are_the_same(store, monkeypatch):
    names = [f"C{number}" for number in range(60)]
    begin(store, dict.fromkeys(names, "treat"))
    report(store, [stayed(name, END, campaign="spring", arm="treat", cost=1.0) for name in names[:50]])
    whole, told = joined(store)
    monkeypatch.setattr(known, "_ROWS", 9)
    monkeypatch.setattr(known, "_READ", 7)
    parts, same = joined(store)
    assert whole.equals(parts, null_equal=True)
    assert told == same


def test_a_part_of_the_list_that_is_damaged_is_passed_over_and_named_in_the_log(store, caplog):
    begin(store, {f"C{number}": "treat" for number in range(150)})
    key = layout.contacts_part("cam_1", 0)
    store.put(key, with_a_damaged_body(store.get(key).data), content_type="x/y")
    assert joined(store)[0].height == 50
    assert f"{key} is passed over. Delete it, or replace it by a copy" in caplog.text
    caplog.clear()
    ((campaign,), _) = contacted(TableReader(store), pl.DataFrame(schema=TREATMENTS))
    assert len(campaign.treated) == 50
    assert f"{key} is passed over" in caplog.text


def test_a_campaign_without_customers_or_outcomes_is_empty(store):
    begin(store, {})
    contacts, told = joined(store)
    assert (contacts.height, contacts.columns[-4:]) == (0, ["left_at", "stayed_until", "accepted", "cost"])
    assert told == (0, 0)
