"""What the texts of the form of a campaign stand for, and where faults of the API's belong."""

from typing import Any

import pytest
from playwright.sync_api import Page
from tests import campaign_answer


@pytest.fixture(scope="module")
def page(module_page: Page) -> Page:
    """One page for all: nothing here changes the site."""
    return module_page


MADE = """async (changes) => {
    const { DEFAULTS, OFFER, planOf } = await import('/assets/campaigns/plan.js');
    const offers = changes.offers?.map((offer) => ({ ...OFFER, ...offer })) ?? DEFAULTS.offers;
    const { body, faults } = planOf({ ...DEFAULTS, name: ' Spring ', job: 'job_1', ...changes, offers });
    return { body, faults: Object.fromEntries(faults) };
}"""
PLACE = """async ([path, paths]) => (await import('/assets/campaigns/plan.js')).placeOf(path, paths) ?? null"""
MESSAGE = """async (fault) => (await import('/assets/campaigns/plan.js')).messageOf(fault)"""


def made(page: Page, **changes: Any) -> Any:
    return page.evaluate(MADE, changes)


def test_what_is_there_before_anybody_types_is_a_whole_plan(page):
    found = made(page)
    assert found["faults"] == {}
    assert found["body"] == {
        "name": "Spring",
        "source": {"job": "job_1"},
        "plan": campaign_answer.plan(budget=None),
    }


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("15000", 15_000),
        ("15,000", 15_000),
        ("15.000", 15_000),
        ("$1,234.50", 1234.5),
        ("12,5", 12.5),
        (" 0 ", 0),
    ],
)
def test_a_limit_is_read_as_it_is_typed(page, text, value):
    found = made(page, budget=text)
    assert found["faults"] == {}
    assert found["body"]["plan"]["budget"] == value


@pytest.mark.parametrize(("text", "value"), [("", "auto"), ("20", 0.2), ("12.5 %", 0.125), ("0", 0)])
def test_the_hold_out_is_automatic_or_a_share(page, text, value):
    assert made(page, holdout=text)["body"]["plan"]["holdout"] == value


@pytest.mark.parametrize(
    ("changes", "path", "words"),
    [
        ({"budget": "much"}, "budget", "This must be a number such as 12.50; got \u201cmuch\u201d."),
        ({"margin": ""}, "margin", "A number is wanted here"),
        ({"holdout": "60"}, "holdout", "This must be from 0\u00a0% to 50\u00a0%; got 60\u00a0%."),
        ({"offers": [{"name": "A"}, {"name": "B", "rate": "300"}]}, "offers.1.saves.rate", "got 300\u00a0%"),
        ({"offers": [{"name": "A", "contact_cost": ""}]}, "offers.0.contact_cost", "0 if there is none"),
    ],
)
def test_what_cannot_be_read_is_a_fault_of_its_field(page, changes, path, words):
    faults = made(page, **changes)["faults"]
    assert list(faults) == [path]
    assert words in faults[path]


def test_a_measured_save_rate_names_its_campaign_and_no_rate(page):
    offer = made(page, offers=[{"name": "Call", "source": "cam_1", "rate": "x"}])
    assert offer["faults"] == {}
    assert offer["body"]["plan"]["offers"][0]["saves"] == {"source": "measured", "campaign": "cam_1"}


@pytest.mark.parametrize(
    ("changes", "value"),
    [({}, None), ({"value": "400"}, {"amount": 400}), ({"value": "400", "column": " Worth "}, {"column": "Worth"})],
)
def test_the_worth_of_a_customer_is_the_bills_one_for_all_or_a_columns(page, changes, value):
    assert made(page, **changes)["body"]["plan"]["value"] == value


FIELDS = ["source.job", "name", "budget", "value.amount", "value.column", "offers.0.name", "offers.0.saves.rate"]


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("plan.budget", "budget"),
        ("plan.offers[0].name", "offers.0.name"),
        ("plan.offers[0].saves", "offers.0.saves.rate"),
        ("plan.value", "value.amount"),
        ("source", "source.job"),
        ("name", "name"),
        ("plan.offers[1].name", None),
        ("plan.colour", None),
    ],
)
def test_a_fault_of_the_apis_has_its_place(page, path, place):
    assert page.evaluate(PLACE, [path, FIELDS]) == place


@pytest.mark.parametrize(
    ("field", "code", "message", "words"),
    [
        ("plan.budget", "out_of_range", "plan.budget must be at least 0; got -1.", "This must be at least 0; got -1."),
        ("source.job", "not_allowed", "There is no such job.", "There is no such job."),
        ("plan.value", "missing", "plan.value is missing; no field of 'bank' …", "The table declares no monthly bill."),
    ],
)
def test_a_fault_is_told_without_its_path(page, field, code, message, words):
    fault = {"field": field, "code": code, "message": message}
    assert page.evaluate(MESSAGE, fault).startswith(words)
