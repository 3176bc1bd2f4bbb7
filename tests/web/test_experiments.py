"""The model page over made-up experiments: champion and challenger, what can be done with them, retraining, history."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect
from tests import experiments_answer
from tests.experiments_answer import CHALLENGER, CHAMPION, ID

Json = dict[str, Any]
OLDER = "20260801_030000"


class Service:
    """/experiments and /releases in the API's place; whatever is not read is noted, and answered by `deed`."""

    def __init__(self, *answers: Json | int, deed: Json | int | None = None) -> None:
        self.answers, self.deed = list(answers), deed
        self.asked = 0
        self.deeds: list[str] = []

    def attach(self, page: Page) -> None:
        page.route(re.compile(r"/experiments(/|$)"), self.answer)
        page.route(re.compile(r"/releases$"), lambda route: route.fulfill(json={"data": releases()}))

    def answer(self, route: Route) -> None:
        if route.request.method != "GET":
            place = route.request.url.rpartition("/experiments")[2]
            self.deeds.append(f"{route.request.method} {place} {route.request.post_data or ''}".strip())
            told = self.deed or experiments_answer.one(experiments_answer.experiment())
        else:
            self.asked += 1
            told = self.answers[min(self.asked, len(self.answers)) - 1]
        if isinstance(told, dict):
            route.fulfill(json=told)
        else:
            wait = {"Retry-After": "1"} if told == 503 else {}
            route.fulfill(status=told, headers=wait, json={"error": f"Refused by {told}: scope 'admin' is wanted."})


def releases() -> list[Json]:
    """The challenger, the champion and an older release, as GET /releases tells them."""
    return [
        {"version": version, "model_name": "Logistic Regression", "timestamp": "2026-11-20T03:00:00+00:00"}
        | {"released_at": None, "current": version == CHAMPION, "metrics": {"cv": {}, "test": {}}}
        for version in (CHALLENGER, CHAMPION, OLDER)
    ]


@pytest.fixture
def show(open_page: Callable[..., Page]) -> Callable[..., Page]:
    """A function that opens the model page over a made-up service, or one that gives this answer."""

    def open_with(told: Service | Json | int, **options: Any) -> Page:
        page = open_page("#/about", timezone_id="Etc/UTC", **options)
        service = told if isinstance(told, Service) else Service(told)
        service.attach(page)
        page.goto("/#/model")
        expect(page.locator("history-table tbody tr")).to_have_count(3)
        return page

    return open_with


def section(page: Page, title: str) -> Locator:
    return page.locator("section", has=page.get_by_role("heading", name=title, exact=True))


def champion(page: Page) -> Locator:
    return section(page, "Champion and challenger")


def ask(page: Page, label: str) -> Locator:
    """Presses a button; returns the question that it asks first."""
    page.get_by_role("button", name=label, exact=True).click()
    return page.get_by_role("group", name=re.compile(r"\?"))


def test_while_nothing_is_in_shadow_the_page_says_so_and_nothing_can_be_promoted(show):
    page = show(experiments_answer.answer())
    expect(champion(page)).to_contain_text("No release is in shadow.")
    expect(champion(page)).to_contain_text("Releases are promoted by hand alone")
    expect(champion(page).get_by_role("button")).to_have_count(0)
    expect(section(page, "Experiments")).to_contain_text("No release has been in shadow yet.")


def test_the_verdict_is_told_in_words_with_its_intervals_around_zero(show):
    panel = champion(show(experiments_answer.answer(experiments_answer.better())))
    expect(panel.locator(".band").first).to_have_text("better")
    expect(panel).to_contain_text("its log loss is 0.0098 lower")
    expect(panel).to_contain_text("It waits for somebody to promote it.")
    chart = panel.get_by_role("img")
    expect(chart).to_have_accessible_name(re.compile("however often one looks"))
    expect(chart).to_have_accessible_description(
        re.compile(r"^Log loss: \+0\.0098 \(\+0\.0057 to \+0\.0139\), challenger better; Brier score: \+0\.0031")
    )
    expect(panel.locator("line.zero")).to_have_count(1)
    expect(panel.locator("line.interval.good")).to_have_count(3)
    panel.get_by_text("Show as a table").click()
    row = panel.locator("gain-intervals tr", has_text="ROC AUC")
    assert row.inner_text().split("\t") == ["ROC AUC", "+0.0122", "+0.0018", "+0.0226"]


@pytest.mark.parametrize(
    ("experiment", "badge", "tones"),
    [
        (experiments_answer.alike(), "alike", ["past", "past", "past"]),
        (experiments_answer.worse(), "worse", ["bad", "bad", "past"]),
    ],
    ids=["alike", "worse"],
)
def test_an_interval_that_holds_zero_is_neither_good_nor_bad(show, experiment, badge, tones):
    panel = champion(show(experiments_answer.answer(experiment)))
    expect(panel.locator(".band").first).to_have_text(badge)
    lines = panel.locator("line.interval")
    expect(lines).to_have_count(3)
    assert [line.get_attribute("class").split()[-1] for line in lines.all()] == tones


def test_how_many_outcomes_it_took_and_how_many_more_it_would_take_stands_there(show):
    panel = champion(show(experiments_answer.answer(experiments_answer.alike())))
    facts = [fact.inner_text().split("\n") for fact in panel.locator(".facts > div").all()]
    assert ["Outcomes known of both", "1,840"] in facts
    assert ["More outcomes it would take", "about 2,900"] in facts
    assert ["How it came there", "from retraining"] in facts


def test_without_outcomes_there_is_no_chart_but_how_they_differ_and_what_each_costs(show):
    panel = champion(show(experiments_answer.answer(experiments_answer.early())))
    expect(panel.locator(".band").first).to_have_text("too early")
    expect(panel).to_contain_text("30 of either are needed")
    expect(panel.locator("gain-intervals")).to_have_count(0)
    tiles = [tile.inner_text().split("\n")[:2] for tile in panel.locator(".tile").all()]
    assert tiles == [
        ["Get another answer", "4.1\u00a0%"],
        ["Call list", "11.8\u00a0%"],
        ["Probabilities differ by", "1.8 points"],
    ]
    row = panel.locator("tr", has_text="99 of 100 within")
    assert row.inner_text().split("\t")[1:] == ["0.44 ms", "1.92 ms"]
    expect(panel.locator("tr", has_text="Memory")).to_contain_text("31 MiB")


def test_what_each_costs_fits_on_the_narrowest_screen(show):
    early = experiments_answer.early()
    early["costs"]["challenger"]["single_p99_ms"] = 53.04
    page = show(experiments_answer.answer(early), viewport={"width": 320, "height": 800})
    place = champion(page).get_by_role("region", name="Time and memory")
    expect(place).to_contain_text("53.04 ms")
    assert place.evaluate("place => place.scrollWidth <= place.clientWidth")


def test_an_experiment_that_nobody_has_looked_at_is_asked_about_again(show):
    service = Service(
        experiments_answer.answer(experiments_answer.experiment()),
        experiments_answer.answer(experiments_answer.early()),
    )
    page = show(service)
    expect(champion(page)).to_contain_text("A worker is about to score with it.")
    expect(page.get_by_role("button", name="Promote", exact=True)).to_have_count(0)
    expect(champion(page).locator(".tile")).to_have_count(3, timeout=30_000)
    assert service.asked == 2


def test_a_failed_shadow_is_named_with_its_reason(show):
    page = show(experiments_answer.answer(None, experiments_answer.failed()))
    expect(champion(page)).to_contain_text(f"failed The last one, {CHALLENGER}: It could not be scored with 3 times")


def test_where_nothing_is_tracked_the_page_says_what_to_set(show):
    expect(champion(show(experiments_answer.off()))).to_contain_text("Set CHURN_TRACKING=on")


def test_an_api_of_before_there_were_experiments_shows_its_releases_alone(show):
    page = show(404, patience=["404"])
    expect(page.locator("history-table thead th")).to_have_count(6)
    expect(page.locator("experiments-panel")).to_have_count(0)
    expect(page.locator("experiment-list")).to_be_hidden()


def test_figures_that_are_being_computed_are_asked_for_again(show):
    service = Service(503, experiments_answer.answer(experiments_answer.better()))
    page = show(service, patience=["503"])
    expect(champion(page)).to_contain_text("its log loss is 0.0098 lower")


def test_a_failure_that_stands_there_stays_with_the_focus_when_the_page_fails_again(show):
    page = show(500, patience=["500"])
    again = champion(page).get_by_role("button", name="Try again")
    again.focus()
    with page.expect_response("**/experiments"):
        page.evaluate("dispatchEvent(new Event('online'))")
    expect(champion(page).get_by_role("alert")).to_have_count(1)
    expect(again).to_be_focused()


def test_promoting_asks_first_and_names_what_callers_will_see(show):
    better = experiments_answer.answer(experiments_answer.better())
    service = Service(better, better, better, experiments_answer.answer())
    page = show(service)
    question = ask(page, "Promote")
    expect(question).to_contain_text(f"Within seconds callers get its probabilities instead of those of {CHAMPION}")
    expect(question).to_contain_text("4.1\u00a0% of customers get another answer, and 11.8\u00a0% of the call list")
    expect(question).to_contain_text(f"{CHAMPION} then goes into shadow, from where it can be put back.")
    expect(question.get_by_role("button", name="Not yet")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Promote", exact=True)).to_be_focused()
    assert service.deeds == []
    ask(page, "Promote").get_by_role("button", name="Put it into service").click()
    expect(champion(page).get_by_role("status").first).to_contain_text(f"{CHALLENGER} is put into service.")
    expect(champion(page).get_by_role("heading", level=2)).to_be_focused()
    expect(champion(page)).to_contain_text("No release is in shadow.")
    assert service.deeds == [f"POST /{ID}/promote"]


def test_the_question_quotes_the_figures_that_are_known_when_it_is_asked(show):
    old = experiments_answer.better()
    new = old | {"disagreement": old["disagreement"] | {"sides": 0.307}}
    page = show(Service(experiments_answer.answer(old), experiments_answer.answer(new)))
    question = ask(page, "Promote")
    expect(question).to_contain_text("30.7\u00a0% of customers get another answer")
    expect(question.get_by_role("button", name="Not yet")).to_be_focused()


def test_a_question_of_which_the_verdict_is_another_by_now_is_taken_back(show):
    service = Service(
        experiments_answer.answer(experiments_answer.better()), experiments_answer.answer(experiments_answer.worse())
    )
    page = show(service)
    page.get_by_role("button", name="Promote", exact=True).click()
    panel = champion(page)
    expect(panel.get_by_role("status").first).to_have_text("This is how it is by now: see it before you decide.")
    expect(panel.get_by_role("group", name=re.compile(r"\?"))).to_have_count(0)
    expect(panel.get_by_role("heading", level=2)).to_be_focused()
    expect(ask(page, "Promote")).to_contain_text("By the outcomes so far it is worse.")
    assert service.deeds == []


def test_promoting_one_that_is_not_better_is_possible_but_warned_of(show):
    page = show(experiments_answer.answer(experiments_answer.worse()))
    question = ask(page, "Promote")
    expect(question).to_contain_text("By the outcomes so far it is worse.")
    expect(question.locator("button.danger")).to_have_text("Put it into service")


def test_promoting_the_former_champion_is_going_back(show):
    page = show(experiments_answer.answer(experiments_answer.better() | {"origin": "former"}))
    expect(ask(page, "Promote")).to_contain_text("It has served before: this goes back to it.")


def test_an_experiment_can_be_ended(show):
    alike = experiments_answer.answer(experiments_answer.alike())
    service = Service(alike, alike, experiments_answer.answer())
    page = show(service)
    question = ask(page, "End")
    expect(question).to_contain_text(f"{CHALLENGER} is no longer scored beside {CHAMPION}, which stays in service.")
    question.get_by_role("button", name="End the experiment").click()
    expect(champion(page).get_by_role("status").first).to_have_text(f"The experiment with {CHALLENGER} has ended.")
    assert service.deeds == [f"DELETE /{ID}"]


def test_a_release_is_put_into_shadow_from_its_row(show):
    service = Service(
        experiments_answer.answer(experiments_answer.alike()),
        experiments_answer.answer(experiments_answer.experiment(challenger=OLDER, id="exp_2")),
    )
    page = show(service)
    history = section(page, "History of releases")
    expect(history.locator("tr", has_text=CHALLENGER)).to_contain_text("in shadow")
    expect(history.locator("tr", has_text=CHAMPION).get_by_role("button")).to_have_count(0)
    question = ask(page, f"Put {OLDER} into shadow")
    expect(question).to_contain_text("answers stay as they are")
    expect(question).to_contain_text(f"The experiment with {CHALLENGER} ends.")
    question.get_by_role("button", name="Put it into shadow").click()
    expect(champion(page).get_by_role("status").first).to_have_text(f"{OLDER} is in shadow.")
    expect(history.locator("tr", has_text=OLDER)).to_contain_text("in shadow")
    assert service.deeds == [f'POST  {{"challenger":"{OLDER}"}}']


def test_a_key_that_may_not_is_told_what_it_lacks(show):
    service = Service(experiments_answer.answer(experiments_answer.alike()), deed=403)
    page = show(service, patience=["403"])
    page.evaluate("sessionStorage.setItem('churn-api-key', 'a-key-that-may-only-score')")
    ask(page, "End").get_by_role("button", name="End the experiment").click()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("Your key may not look at the service itself or change which release serves")
    expect(alert.get_by_role("button", name="Use another key")).to_be_visible()


def test_one_who_comes_too_late_is_told_why_and_sees_how_it_is_by_now(show):
    better = experiments_answer.answer(experiments_answer.better())
    service = Service(better, better, experiments_answer.answer(None, *experiments_answer.past(1)), deed=409)
    page = show(service, patience=["409"])
    ask(page, "Promote").get_by_role("button", name="Put it into service").click()
    expect(page.get_by_role("alert")).to_contain_text("Refused by 409")
    expect(champion(page)).to_contain_text("No release is in shadow.")
    expect(page.get_by_role("alert")).to_be_visible()


def test_experiments_are_told_newest_first_and_the_rest_on_demand(show):
    page = show(experiments_answer.answer(experiments_answer.alike(), *experiments_answer.past(12)))
    entries = section(page, "Experiments").get_by_role("listitem")
    expect(entries).to_have_count(10)
    expect(entries.nth(0)).to_contain_text(f"{CHALLENGER} against {CHAMPION} running")
    expect(entries.nth(2)).to_contain_text("promotedIt was better: over 7,210 outcomes")
    page.get_by_role("button", name="Show all 13").click()
    expect(entries).to_have_count(13)
    fewer = page.get_by_role("button", name="Show the first 10")
    expect(fewer).to_be_focused()
    fewer.click()
    expect(entries).to_have_count(10)


def test_retraining_is_told_with_its_reasons_and_what_was_asked_for(show):
    panel = section(show(experiments_answer.answer(retraining=experiments_answer.due())), "Training again")
    expect(panel.locator(".band").first).to_have_text("due")
    entries = panel.locator("ol > li")
    assert [entry.locator(".band").inner_text() for entry in entries.all()] == [
        "waits for a trainer",
        "training",
        "done",
        "failed",
    ]
    expect(entries.nth(1)).to_contain_text("2 attempts.")
    expect(entries.nth(2)).to_contain_text(f"{CHALLENGER} was trained, and is in shadow.")


def test_a_training_for_which_it_is_too_early_says_from_when_on(show):
    early = experiments_answer.retraining(reasons=["The last release was trained 41 days ago."], next="2026-12-06")
    panel = section(show(experiments_answer.answer(retraining=early)), "Training again")
    expect(panel).to_contain_text("due from December 6, 2026")
    expect(panel.get_by_role("listitem")).to_have_text("The last release was trained 41 days ago.")


def test_no_reason_to_train_again_is_said_too(show):
    panel = section(show(experiments_answer.answer()), "Training again")
    expect(panel).to_contain_text("not due There is no reason to train again.")


def test_buttons_are_not_printed_but_the_verdict_is(show):
    page = show(experiments_answer.answer(experiments_answer.better()))
    page.emulate_media(media="print")
    expect(page.get_by_role("button", name="Promote", exact=True)).to_be_hidden()
    expect(champion(page)).to_contain_text("its log loss is 0.0098 lower")
