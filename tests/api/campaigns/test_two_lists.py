"""Two lists on one campaign, from the plan that names a challenger to what came of them."""

from datetime import timedelta

import msgspec
import polars as pl
import pytest
from tests.api.campaigns.conftest import CALL, OFFER, PLAN, Desk
from tests.api.campaigns.test_planning import table_of
from tests.shared.campaigns.campaign import left, report, stayed

from churn import release
from churn.campaigns import answer, contacts
from churn.campaigns.holdout import held_out
from churn.campaigns.started import load
from churn.errors import ValidationError
from churn.model.predictor import Predictor
from churn.tracking.contacted import contacted
from churn.tracking.scanning import TableReader
from churn_api.campaigns import cleaning
from churn_api.campaigns.answers import LIST_COLUMNS, CampaignAnswer
from churn_api.campaigns.preview_answers import CampaignPreview
from churn_api.campaigns.previews import Previews
from churn_api.campaigns.repository import CampaignRepository
from churn_api.quality.campaign_answers import CampaignResult

OTHER_RATES = [OFFER | {"saves": {"rate": 0.1, "source": "assumed"}}, CALL]
MEASURED = {"source": "measured"}
MAIL = {"name": "a letter", "contact_cost": 1, "saves": {"rate": 0.04, "source": "assumed"}}


@pytest.fixture
def other(desk: Desk, publish) -> str:
    """A release that takes all customers to be at a higher risk, and is not in service."""
    return publish(desk.store, shift=1.5, promoted=False)


@pytest.fixture
def tried(desk: Desk, scored, other) -> CampaignAnswer:
    """A campaign on which two releases' lists are tried."""
    return desk.planned(scored, challenger={"release": other})


def by_list(table: pl.DataFrame) -> dict[str, pl.DataFrame]:
    return {name: table.filter(list=name) for name in ("both", "champion", "challenger")}


def test_two_releases_lists_are_planned_and_drawn(desk, tried, other):
    assert (tried.status, tried.plan["challenger"]) == ("planned", {"release": other})
    table, figures = table_of(desk, tried.id), tried.experiment
    lists = by_list(table)
    assert lists["champion"].height == lists["challenger"].height == figures.randomised / 2 > 10
    assert lists["both"].height == figures.both
    assert (tried.customers.chosen, tried.customers.treat) == (table.height, int((table["arm"] == "treat").sum()))
    assert 0 < tried.spend.money <= PLAN["budget"]
    out = held_out(tried.id, table["customer_id"], tried.holdout.share)
    assert (out == ((table["arm"] == "hold_out") & (table["list"] == "both")).to_numpy()).all()
    assert any("Two lists are tried" in sentence for sentence in tried.words)


def test_the_list_names_by_which_list_each_is_called(desk, tried, scored):
    rows, table = desk.listed(tried.id), table_of(desk, tried.id)
    assert tuple(rows[0]) == (*LIST_COLUMNS, "list")
    assert [row["list"] for row in rows] == table["list"].to_list()
    assert tuple(desk.listed(desk.planned(scored).id)[0]) == LIST_COLUMNS
    # Whoever calls is shown one probability: that of the release which scored the file.
    alone = {row["customerID"]: row for row in desk.listed(desk.planned(scored, budget=None, holdout=0).id)}
    for row in rows:
        if row["customerID"] in alone:
            assert row["churn_probability"] == alone[row["customerID"]]["churn_probability"]


@pytest.mark.parametrize("offers", [OTHER_RATES, [MAIL], [OFFER]], ids=["other rates", "another offer", "fewer"])
def test_two_plans_lists_are_planned_and_drawn(desk, scored, offers):
    found = desk.planned(scored, challenger={"offers": offers})
    lists = by_list(table_of(desk, found.id))
    assert lists["champion"].height == lists["challenger"].height > 10
    named = {each["name"] for each in offers}
    called = lists["challenger"].filter(arm="treat")
    assert set(called["offer"]) <= named
    assert {each.name for each in found.offers} == named | {OFFER["name"], CALL["name"]}
    assert sum(each.customers for each in found.offers) == found.customers.treat


def test_a_customer_whom_the_challenger_cannot_score_is_refused_alone(desk, other, many_customers, monkeypatch):
    head, first, *others = many_customers(300).splitlines()
    cells = first.split(b",")
    cells[head.split(b",").index(b"Partner")] = b""  # whoever is not known whole is scored alone
    job = desk.scored(b"\n".join([head, b",".join(cells), *others]))
    whole, intercept = Predictor.explain, release.load(desk.store, other).predictor.scorer.intercept

    def explain(predictor, reading, reasons):
        if predictor.scorer.intercept == intercept and reading.assumed == ("Partner",):
            raise ArithmeticError("a customer nobody foresaw")
        return whole(predictor, reading, reasons)

    monkeypatch.setattr(Predictor, "explain", explain)
    found = desk.planned(job, challenger={"release": other})
    assert (found.status, found.customers.refused, found.customers.considered) == ("planned", 1, 299)
    assert desk.bench.metrics.jobs[-1] == "completed"


def test_planning_that_is_done_again_draws_the_same(desk, scored, other):
    campaign_id = desk.ask(scored, challenger={"release": other})
    planning, held = desk.bench.steps._planner.plan, []

    def twice(job, done):
        planning(job, done)
        held.append(desk.listed(campaign_id))
        desk.forget(campaign_id)
        planning(job, done)

    desk.bench.steps._planner.plan = twice
    desk.bench.drain()
    assert held == [desk.listed(campaign_id)]
    assert held[0]


def test_a_preview_tells_beforehand_what_it_can_show(desk, scored, other, tried):
    previews = Previews(CampaignRepository(desk.store, desk.clock), lambda version: release.load(desk.store, version))
    body = {"source": {"job": scored.id}, "plan": PLAN | {"challenger": {"release": other}}}
    found = previews.preview(desk.submissions.read(body, [], ("source", "plan")))
    shown = msgspec.convert(found, CampaignPreview)
    assert shown.experiment.randomised == pytest.approx(tried.experiment.randomised, rel=0.3, abs=30)
    assert shown.experiment.smallest_difference == pytest.approx(tried.experiment.smallest_difference, rel=0.3)


@pytest.mark.parametrize(
    ("challenger", "field", "words"),
    [
        ({}, "plan.challenger", "needs the version of another release"),
        ({"release": "20200101_000000"}, "plan.challenger.release", "20200101_000000"),
        ({"version": "1"}, "plan.challenger.version", "no member"),
        ({"offers": []}, "plan.challenger.offers", "1 to 8"),
        ({"offers": [OFFER | {"incentive": 5}]}, "plan.challenger.offers[0]", "more than the save rate"),
        (
            {"offers": [OFFER | {"saves": {"source": "measured"}}]},
            "plan.challenger.offers[0].saves",
            "no closed campaign",
        ),
    ],
)
def test_a_challenger_that_is_none_is_refused_by_name(desk, scored, challenger, field, words):
    with pytest.raises(ValidationError) as refused:
        desk.ask(scored, challenger=challenger)
    assert any(fault.field == field and words in fault.message for fault in refused.value.errors)


def test_the_release_that_scored_the_file_is_no_challenger_of_its_own(desk, scored):
    with pytest.raises(ValidationError) as refused:
        desk.ask(scored, challenger={"release": scored.model_version})
    assert refused.value.errors[0].field == "plan.challenger.release"
    assert "has scored the file" in refused.value.errors[0].message


def judged(desk, tried, outcomes) -> CampaignResult:
    """What came of the campaign once all outcomes are in; `outcomes` says of a row whether it left, None if unknown."""
    desk.service.start(tried.id)
    begins = load(desk.store, tried.id).begins
    day, end = begins + timedelta(days=9), begins + timedelta(days=200)
    known = [(row["customer_id"], outcomes(row)) for row in table_of(desk, tried.id).iter_rows(named=True)]
    told = [left(name, day) if gone else stayed(name, end) for name, gone in known if gone is not None]
    report(desk.store, told)
    desk.service.close(tried.id)
    desk.clock.pass_by(days=200)
    return msgspec.convert(answer.compute(desk.store, desk.clock(), tried.id), CampaignResult)


def test_the_result_compares_the_lists_by_those_alone_who_were_drawn(desk, tried):
    found = judged(desk, tried, lambda row: row["list"] == "champion" or row["arm"] == "hold_out")
    lists, experiment = by_list(table_of(desk, tried.id)), found.experiment
    assert found.treated.customers + found.held_out.customers == lists["both"].height
    assert found.treated.left == 0
    assert experiment.champion.customers == lists["champion"].height == experiment.champion.left
    alone = lists["challenger"].filter(arm="hold_out").height
    assert (experiment.challenger.customers, experiment.challenger.left) == (lists["challenger"].height, alone)
    drawn = experiment.champion.customers + experiment.challenger.customers
    rate = alone / lists["challenger"].height
    assert experiment.saved.customers == pytest.approx((1 - rate) * drawn)
    assert experiment.difference.value == pytest.approx(rate - 1)
    assert experiment.sample_ratio.share == 0.5
    assert found.final
    assert "challenger's list keeps more customers" in " ".join(experiment.words)
    assert any("one of the two lists alone is in no figure above" in sentence for sentence in found.words)


def test_outcomes_of_one_list_alone_are_not_trusted(desk, tried):
    found = judged(desk, tried, lambda row: None if row["list"] == "challenger" and row["row"] % 10 else True)
    assert found.experiment.sample_ratio.suspicious
    assert found.experiment.words[0].startswith("Do not trust the difference yet")
    assert not found.sample_ratio.suspicious
    assert found.experiment.unknown > 0


def test_whom_one_list_leaves_alone_stands_for_one_who_was_called(desk, tried):
    desk.service.start(tried.id)
    empty = pl.DataFrame(schema={"key": pl.UInt64, "campaign": pl.String, "arm": pl.String, "day": pl.Date})
    both, one = contacted(TableReader(desk.store), empty)[0]
    lists = by_list(table_of(desk, tried.id))
    held = lists["both"].filter(arm="hold_out").height
    assert both.weight == pytest.approx(lists["both"].height / held)
    assert len(both.treated) == int((table_of(desk, tried.id)["arm"] == "treat").sum())
    assert (one.weight, len(one.treated)) == (2.0, 0)
    table = table_of(desk, tried.id)
    assert len(one.held_out) == table.filter((pl.col("list") != "both") & (pl.col("arm") == "hold_out")).height


def test_of_a_deleted_campaign_it_stays_who_was_drawn_for_which_list(desk, tried):
    desk.service.start(tried.id)
    desk.service.close(tried.id)
    before = table_of(desk, tried.id).select(*contacts.DRAWN, contacts.LIST)
    desk.service.delete(tried.id)
    cleaning.clean(desk.bench.repository)
    assert table_of(desk, tried.id).equals(before)
    assert set(before["list"]) == {"both", "champion", "challenger"}
