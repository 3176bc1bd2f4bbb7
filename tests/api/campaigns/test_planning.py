"""Planning a campaign: whom it may choose, what it writes, and that it comes to the same however often it is done."""

import json
from collections.abc import Callable
from io import BytesIO
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.api.campaigns.conftest import CALL, OFFER, PLAN, Desk
from tests.telco import TELCO

from churn.campaigns import contacts, layout
from churn.campaigns.holdout import held_out
from churn_api.campaigns import members, paths
from churn_api.campaigns.answers import LIST_COLUMNS
from churn_api.jobs.digests import digests
from churn_api.jobs.job import Job


def table_of(desk: Desk, campaign_id: str) -> pl.DataFrame:
    keys = [entry.key for entry in desk.store.list(layout.contacts(campaign_id))]
    return pl.concat([pl.read_parquet(BytesIO(desk.store.get(key).data)) for key in keys])


def test_a_campaign_is_planned_from_a_scored_job(desk: Desk, scored: Job) -> None:
    campaign_id = desk.ask(scored)
    asked = desk.service.get(campaign_id)
    assert (asked.status, asked.customers, asked.words, asked.planned_at) == ("planning", None, None, None)
    assert asked.progress is not None
    assert (asked.progress.total, asked.progress.completed) == (3_000, 0)
    desk.bench.drain()
    found = desk.service.get(campaign_id)
    assert (found.status, found.name, found.currency, found.label_window_months) == ("planned", "Spring", "$", 3)
    assert found.source.job == scored.id
    assert found.source.filename == "customers.csv"
    customers = found.customers
    assert customers is not None
    assert (customers.rows, customers.refused, customers.considered) == (3_000, 0, 3_000)
    assert customers.chosen == customers.treat + customers.hold_out > 0
    assert found.plan["budget"] == 4_000
    assert found.plan["not_within_days"] == 60
    assert found.spend is not None
    assert 0 < found.spend.money <= 4_000
    assert found.words
    assert desk.service.page(20, None).data[0].customers == customers
    assert desk.bench.metrics.jobs[-1] == "completed"


def test_the_list_and_the_tables_hold_the_chosen(desk: Desk, scored: Job, rows_of: Callable[[bytes], Any]) -> None:
    found = desk.planned(scored)
    rows, table = desk.listed(found.id), table_of(desk, found.id)
    assert tuple(rows[0]) == LIST_COLUMNS
    assert dict(table.schema) == contacts.COLUMNS | {f"{contacts.SEGMENT}Contract": pl.String}
    assert found.customers is not None
    assert len(rows) == table.height == found.customers.chosen
    results = {row["row"]: row for row in rows_of(desk.bench.file(scored, "results"))}
    for row, contact in zip(rows, table.iter_rows(named=True), strict=True):
        scored_row = results[row["row"]]
        for name in ("customerID", "churn_probability", "reason_1", "reason_2", "reason_3"):
            assert row[name] == scored_row[name]
        assert contact["band"] == scored_row["risk_band"]
        assert contact["customer_id"] == row["customerID"]
        assert float(row["value"]) == pytest.approx(contact["value"], abs=0.011)
        assert float(row["expected_value"]) == pytest.approx(contact["expected_value"], abs=0.011)
        assert (contact["offer"], contact["arm"], contact["row"]) == (row["offer"], row["arm"], int(row["row"]))
    assert {row["arm"] for row in rows} == {"treat", "hold_out"}
    out = held_out(found.id, table["customer_id"], 0.2)
    assert (out == (table["arm"] == "hold_out").to_numpy()).all()
    for arm in paths.ARMS:
        own = digests(table.filter(pl.col("arm") == arm)["customer_id"])
        assert (members.read(desk.store, found.id, [arm]) == np.unique(own)).all()


@pytest.mark.parametrize("limits", [{"budget": 500}, {"minutes": 100}, {"budget": 700, "minutes": 150}, {"budget": 0}])
def test_limits_are_never_exceeded_even_if_everybody_takes_the_offer(
    desk: Desk, scored: Job, limits: dict[str, float]
) -> None:
    found = desk.planned(scored, **({"budget": None} | limits))
    offers = {offer["name"]: offer for offer in (OFFER, CALL)}
    treated = [offers[row["offer"]] for row in desk.listed(found.id) if row["arm"] == "treat"]
    money = sum(offer["contact_cost"] + offer.get("incentive", 0) for offer in treated)
    minutes = sum(offer["minutes"] for offer in treated)
    assert money <= limits.get("budget", np.inf)
    assert minutes <= limits.get("minutes", np.inf)
    assert found.spend is not None
    assert (found.spend.money, found.spend.minutes) == pytest.approx((money, minutes))


def test_rows_without_an_id_and_refused_ones_are_counted_and_not_planned(
    desk: Desk, many_customers: Callable[[int], bytes]
) -> None:
    head, *rows = many_customers(400).splitlines()
    rows[:50] = [row[row.index(b",") :] for row in rows[:50]]
    rows[50:80] = [row.replace(b",Yes,", b",Perhaps,") for row in rows[50:80]]
    found = desk.planned(desk.scored(b"\n".join([head, *rows])))
    assert found.customers is not None
    assert (found.customers.without_id, found.customers.rows) == (50, 400)
    assert found.customers.refused == desk.bench.repository.load(found.id).failed > 10
    assert found.customers.considered == 400 - 50 - found.customers.refused
    assert all(int(row["row"]) > 50 for row in desk.listed(found.id))


def test_of_rows_with_one_id_the_one_with_the_highest_probability_counts(
    desk: Desk, many_customers: Callable[[int], bytes], rows_of: Callable[[bytes], Any]
) -> None:
    head, *rows = many_customers(600).splitlines()
    rows = [b"C%d" % (number % 200) + row[row.index(b",") :] for number, row in enumerate(rows)]
    job = desk.scored(b"\n".join([head, *rows]))
    found = desk.planned(job, budget=None)
    assert found.customers is not None
    assert (found.customers.repeated, found.customers.considered) == (400, 200)
    results = {row["row"]: row for row in rows_of(desk.bench.file(job, "results"))}
    highest: dict[str, float] = {}
    for row in results.values():
        highest[row["customerID"]] = max(highest.get(row["customerID"], 0), float(row["churn_probability"]))
    chosen = desk.listed(found.id)
    assert len({row["customerID"] for row in chosen}) == len(chosen) > 20
    assert all(float(row["churn_probability"]) == highest[row["customerID"]] for row in chosen)


def test_who_has_opted_out_is_left_out(desk: Desk, scored: Job) -> None:
    first = desk.planned(scored)
    names = [row["customerID"] for row in desk.listed(first.id)[:30]]
    desk.opt_outs.replace([*names, "unknown", 'odd, "one"'])
    assert desk.opt_outs.count().customers == 32
    second = desk.planned(scored)
    assert second.customers is not None
    assert second.customers.opted_out == 30
    assert not set(names) & {row["customerID"] for row in desk.listed(second.id)}


def test_who_is_in_a_running_campaign_or_was_treated_lately_is_left_out(desk: Desk, scored: Job) -> None:
    first = desk.planned(scored)
    desk.service.start(first.id)
    arms = {row["customerID"]: row["arm"] for row in desk.listed(first.id)}
    treated = {name for name, arm in arms.items() if arm == "treat"}
    second = desk.planned(scored)
    assert second.customers is not None
    assert (second.customers.in_another_campaign, second.customers.treated_lately) == (len(arms), 0)
    assert not arms.keys() & {row["customerID"] for row in desk.listed(second.id)}
    desk.service.close(first.id)
    third = desk.planned(scored)
    assert third.customers is not None
    assert (third.customers.in_another_campaign, third.customers.treated_lately) == (0, len(treated))
    assert not treated & {row["customerID"] for row in desk.listed(third.id)}
    assert arms.keys() & {row["customerID"] for row in desk.listed(third.id)}
    forgiving = desk.planned(scored, not_within_days=0)
    assert forgiving.customers is not None
    assert forgiving.customers.treated_lately == 0
    desk.clock.pass_by(days=60)
    later = desk.planned(desk.scored(desk.store.get(f"jobs/{third.id}/input.csv").data))
    assert later.customers is not None
    assert later.customers.treated_lately == 0


def test_ids_that_a_spreadsheet_would_run_are_defused_and_there_raw(
    desk: Desk, many_customers: Callable[[int], bytes]
) -> None:
    head, *rows = many_customers(300).splitlines()
    rows = [b'"=1+%d, ""x"""' % number + row[row.index(b",") :] for number, row in enumerate(rows)]
    found = desk.planned(desk.scored(b"\n".join([head, *rows])))
    plain, raw = desk.listed(found.id), desk.listed(found.id, raw=True)
    assert plain
    assert all(row["customerID"].startswith("'=1+") for row in plain)
    assert [row["customerID"] for row in raw] == [row["customerID"][1:] for row in plain]
    assert table_of(desk, found.id)["customer_id"].to_list() == [row["customerID"] for row in raw]


def test_a_value_is_an_amount_or_a_column_of_the_file(desk: Desk, many_customers: Callable[[int], bytes]) -> None:
    head, *rows = many_customers(200).splitlines()
    worth = [b'"1,5"' if number == 3 else b"" if number == 4 else b"%d.5" % number for number in range(200)]
    data = b"\n".join([b"Worth of it," + head, *(b",".join(pair) for pair in zip(worth, rows, strict=True))])
    job = desk.scored(data)
    saves = {"rate": 0.5, "source": "assumed"}
    free = {"offers": [{"name": "free", "saves": saves}], "budget": None, "holdout": 0}
    amount = desk.planned(job, **free, value={"amount": 12.5})
    assert {row["value"] for row in desk.listed(amount.id)} == {"12.50"}
    column = desk.planned(job, **free, value={"column": "worth OF it"})
    found = {int(row["row"]): float(row["value"]) for row in desk.listed(column.id)}
    assert found[2] == 1.5
    assert found[4] == 1.5
    assert 5 not in found
    assert found[200] == 199.5


def test_a_table_with_absent_fields_is_planned(desk: Desk, many_customers: Callable[[int], bytes]) -> None:
    head, *rows = many_customers(120).splitlines()
    wanted = [head.split(b",").index(name) for name in (b"customerID", *map(str.encode, TELCO.required))]
    job = desk.scored(b"\n".join(b",".join(line.split(b",")[place] for place in wanted) for line in (head, *rows)))
    found = desk.planned(job, budget=None)
    assert found.customers is not None
    assert found.customers.considered == 120
    assert found.customers.chosen > 0
    assert all(float(row["value"]) > 0 for row in desk.listed(found.id))


def test_a_file_without_a_row_and_one_whose_rows_are_all_refused_are_planned(
    desk: Desk, header_line: bytes, many_customers: Callable[[int], bytes]
) -> None:
    head, first, *rows = many_customers(60).splitlines()
    refused = b"\n".join([head, first[first.index(b",") :], *(row.replace(b",", b",x", 3) for row in rows)])
    for data, refused_rows in ((header_line, 0), (refused, 59)):
        found = desk.planned(desk.scored(data), holdout="auto")
        assert found.status == "planned"
        assert found.customers is not None
        assert (found.customers.chosen, found.customers.considered, found.customers.refused) == (0, 0, refused_rows)
        assert desk.listed(found.id) == []


def test_how_many_are_held_out_follows_from_the_plan(desk: Desk, scored: Job) -> None:
    for share in (0, 0.5, "auto"):
        found = desk.planned(scored, holdout=share, budget=None)
        assert found.holdout is not None
        assert found.customers is not None
        assert found.holdout.share in ((0.1, 0.15, 0.2, 0.3) if share == "auto" else (share,))
        assert found.customers.hold_out == pytest.approx(found.holdout.share * found.customers.chosen, abs=60)


def test_deleting_the_source_job_harms_nothing(desk: Desk, scored: Job) -> None:
    campaign_id = desk.ask(scored)
    desk.bench.job_service.delete(scored.id)
    desk.bench.drain()
    assert desk.service.get(campaign_id).status == "planned"
    assert desk.listed(campaign_id)


def test_planning_again_writes_the_same_although_the_world_has_changed(desk: Desk, scored: Job) -> None:
    campaign_id = desk.ask(scored)
    while desk.queue.steps[0][0] != "finish":
        desk.bench.take()
    job = desk.bench.repository.load(campaign_id)
    done = desk.bench.repository.done(campaign_id)
    desk.bench.steps._planner.plan(job, done)  # type: ignore[union-attr]
    first = desk.kept(campaign_id)
    desk.opt_outs.replace([row["customerID"] for row in desk.listed(campaign_id)])
    desk.store.delete([layout.record(campaign_id), layout.figures(campaign_id)])
    desk.bench.drain()
    second = desk.kept(campaign_id)
    assert first.keys() == second.keys()
    moments = {"planned_at"}
    for key, data in first.items():
        if key == layout.record(campaign_id):
            before, after = json.loads(data), json.loads(second[key])
            assert {name for name in before if before[name] != after[name]} <= moments
        else:
            assert data == second[key], key


def test_parts_and_marks_are_tidied_up(desk: Desk, scored: Job) -> None:
    found = desk.planned(scored)
    left = [entry.key for entry in desk.store.list(f"jobs/{found.id}/")]
    assert left == [f"jobs/{found.id}/{name}" for name in ("input.csv", "job.json", "plan.json")]
    assert not list(desk.store.list("jobs/index/active/"))


def test_the_plan_is_as_it_was_asked_for(desk: Desk, scored: Job) -> None:
    found = desk.planned(scored)
    assert found.plan["offers"][0].items() >= {name: OFFER[name] for name in ("name", "saves")}.items()
    assert found.plan["budget"] == PLAN["budget"]
    assert desk.planned(scored, **found.plan).plan == found.plan
