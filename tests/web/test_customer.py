"""The customer page in a real browser, over the real API."""

import json
import re
import subprocess
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from playwright.sync_api import Locator, Page, Route, expect
from tests.telco import FIELDS, GROUPS, REQUIRED

ADD_ONS = ("Online security", "Online backup", "Device protection", "Tech support", "Streaming TV", "Streaming movies")
PERCENT = re.compile(r"(\d+\.\d)\u00a0%")


def answer_example(page: Page) -> Locator:
    """Predicts the example customer; the result's live region."""
    page.get_by_role("button", name="Example customer").click()
    page.get_by_role("button", name="Predict churn").click()
    expect(page.locator(".verdict")).to_be_visible()
    return page.locator("customer-result > [role=status]")


def probability(page: Page) -> float:
    found = PERCENT.search(page.locator(".verdict .probability").inner_text())
    assert found
    return float(found[1])


def field(page: Page, title: str) -> Locator:
    return page.get_by_label(title, exact=True)


def test_a_first_prediction_takes_three_actions(open_page):
    page = open_page()  # 1
    page.get_by_role("button", name="Example customer").click()  # 2
    page.get_by_role("button", name="Predict churn").click()  # 3
    expect(page.locator("customer-result > [role=status]")).to_contain_text(PERCENT)


def test_the_form_asks_what_the_schema_declares_in_its_groups_and_words(page):
    for name, definition in FIELDS.items():
        control = field(page, definition.title)
        expect(control).to_have_attribute("name", name)
        expect(control).to_have_attribute("aria-required", str(name in REQUIRED).lower())
        expect(control).to_have_accessible_description(re.compile(".+"))
    assert tuple(page.locator("legend").all_inner_texts()) == GROUPS


def test_not_knowing_is_an_answer_to_every_question_that_is_not_required(page):
    for name, definition in FIELDS.items():
        control = field(page, definition.title)
        if control.evaluate("control => control.tagName") == "SELECT":
            first = control.locator("option").first
            expect(first).to_have_text("Choose…" if name in REQUIRED else "I don't know")


def test_the_answer_agrees_with_the_api_in_number_words_and_colour(page, site):
    answer_example(page)
    customer = customer_of(page)
    answer = requests.post(f"{site}/predict", json=customer, timeout=10).json()
    assert probability(page) == round(answer["churn_probability"] * 100, 1)
    card = page.locator(".verdict")
    expect(card).to_have_class(re.compile("leave" if answer["prediction"] == "Yes" else "stay"))
    expect(card.locator(".headline")).to_contain_text("leave" if answer["prediction"] == "Yes" else "stay")
    expect(card.locator(".band")).to_have_text(f"{answer['risk_band']} risk")
    expect(card).to_contain_text(f"{answer['confidence'] * 100:.1f}\u00a0%")


def customer_of(page: Page) -> dict[str, Any]:
    """The customer as the page's own link carries it."""
    page.evaluate("navigator.clipboard.writeText = async (text) => { window.copied = text; }")
    page.get_by_role("button", name="Copy link").click()
    expect(page.locator(".said")).to_have_text("Copied.")
    return dict(parse_qsl(urlsplit(page.evaluate("window.copied")).fragment.partition("?")[2]))


@pytest.mark.parametrize(
    ("contract", "months", "internet", "tone"),
    [("Two year", "72", "No", "stay"), ("Month-to-month", "1", "Fiber optic", "leave")],
    ids=["loyal", "leaving"],
)
def test_staying_is_green_and_leaving_is_red(page, contract, months, internet, tone):
    # The example is changed before it is predicted: a card that the next answer replaces has no colour.
    page.get_by_role("button", name="Example customer").click()
    field(page, "Internet service").select_option(internet)
    field(page, "Contract").select_option(contract)
    field(page, "Tenure").fill(months)
    field(page, "Monthly charges").fill("20" if tone == "stay" else "110")
    field(page, "Total charges").fill("")
    field(page, "Senior citizen").select_option("Yes")
    page.get_by_role("button", name="Predict churn").click()
    expect(page.locator(f".verdict.{tone}")).to_be_visible()
    red, green, _ = (int(part) for part in re.findall(r"\d+", color(page.locator(".headline")))[:3])
    assert (green > red) == (tone == "stay")


def color(locator: Locator) -> str:
    return str(locator.evaluate("element => getComputedStyle(element).color"))


def test_without_internet_the_add_ons_are_fixed_and_come_back_with_it(page):
    page.get_by_role("button", name="Example customer").click()
    field(page, "Online backup").select_option("Yes")
    field(page, "Internet service").select_option("No")
    for title in ADD_ONS:
        expect(field(page, title)).to_be_disabled()
        expect(field(page, title)).to_have_value("No internet service")
    field(page, "Internet service").select_option("DSL")
    expect(field(page, "Online backup")).to_have_value("Yes")
    expect(field(page, "Online security")).to_have_value("No")
    assert "No internet service" not in field(page, "Online backup").locator("option").all_inner_texts()


def test_every_fault_stands_beside_its_field_and_the_first_takes_the_focus(page):
    field(page, "Gender").select_option("Male")
    field(page, "Tenure").fill("500")
    field(page, "Monthly charges").fill("much")
    page.get_by_role("button", name="Predict churn").click()
    expect(page.get_by_role("alert").filter(has_text="fields need attention")).to_be_visible()
    for title in ("Senior citizen", "Tenure", "Contract", "Monthly charges"):
        expect(field(page, title)).to_have_attribute("aria-invalid", "true")
        expect(field(page, title)).to_have_accessible_description(re.compile(r"must|missing|required|is"))
    expect(field(page, "Tenure")).to_have_accessible_description(re.compile("between 0 and 100.*500"))
    expect(field(page, "Gender")).not_to_have_attribute("aria-invalid", "true")
    expect(field(page, "Senior citizen")).to_be_focused()


def test_a_fault_goes_away_with_the_next_good_answer(page):
    answer_example(page)
    field(page, "Tenure").fill("500")
    expect(field(page, "Tenure")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("customer-result")).to_have_attribute("data-stale", "")
    field(page, "Tenure").fill("50")
    expect(field(page, "Tenure")).to_have_attribute("aria-invalid", "false")
    expect(page.locator("customer-result")).not_to_have_attribute("data-stale", "")
    expect(page.locator("customer-comparison")).to_contain_text("24 months \u2192 50 months")


def test_unknown_answers_give_a_range_and_are_listed(page):
    answer_example(page)
    expect(page.locator(".facts")).not_to_contain_text("Range")
    for title in ("Internet service", *ADD_ONS):
        field(page, title).select_option("")
    page.get_by_role("button", name="Predict churn").click()
    expect(page.locator(".facts")).to_contain_text(re.compile(r"Range\s*\d+\u00a0% to \d+\u00a0%"))
    page.locator(".unknown summary").click()
    expect(page.locator(".unknown")).to_contain_text("Internet service, Online security")


def test_the_reasons_read_as_a_sentence_a_chart_and_a_table(page):
    answer_example(page)
    reasons = page.locator("customer-reasons")
    expect(reasons).to_contain_text(re.compile(r"(Raised|Lowered) by: .+\."))
    picture = reasons.get_by_role("img")
    expect(picture).to_have_accessible_description(re.compile(r"[+\u2212]\d\.\d\d, (raises|lowers) the risk"))
    reasons.get_by_text("Show as a table").click()
    expect(reasons.locator("tbody tr")).to_have_count(5)
    reasons.get_by_role("button", name="Show all 19 reasons").click()
    expect(reasons.locator("tbody tr")).to_have_count(19)
    sizes = [
        abs(float(text.replace("\u2212", "-"))) for text in reasons.locator("tbody td:nth-child(2)").all_inner_texts()
    ]
    assert sizes == sorted(sizes, reverse=True)


def test_a_recommendation_is_tried_with_one_click_and_undone_with_another(page):
    answer_example(page)
    before = probability(page)
    offer = page.locator("customer-recommendations li").first
    promised = PERCENT.findall(offer.inner_text())[1]
    offer.get_by_role("button", name="Try it").click()
    comparison = page.locator("customer-comparison")
    expect(comparison).to_contain_text("the risk is lower")
    assert probability(page) == float(promised)
    expect(comparison.get_by_role("button", name="Undo")).to_be_focused()
    page.keyboard.press("Enter")
    expect(comparison).to_be_hidden()
    assert probability(page) == before


def test_changing_an_answer_shows_old_and_new_side_by_side(page):
    answer_example(page)
    before = probability(page)
    field(page, "Contract").select_option("Month-to-month")
    field(page, "Monthly charges").fill("99")
    sides = page.locator("customer-comparison .side .probability")
    expect(page.locator("customer-comparison li")).to_have_count(2)
    assert [float(PERCENT.search(text)[1]) for text in sides.all_inner_texts()] == [before, probability(page)]
    page.get_by_role("button", name="Undo all").click()
    expect(page.locator("customer-comparison")).to_be_hidden()
    expect(field(page, "Contract")).to_have_value("One year")
    assert probability(page) == before


def test_predicting_again_makes_a_new_starting_point(page):
    answer_example(page)
    field(page, "Contract").select_option("Two year")
    expect(page.locator("customer-comparison")).to_be_visible()
    page.get_by_role("button", name="Predict churn").click()
    expect(page.locator("customer-comparison")).to_be_hidden()


def test_clearing_starts_over(page):
    answer_example(page)
    page.get_by_role("button", name="Clear").click()
    expect(page.locator(".verdict")).to_have_count(0)
    expect(field(page, "Tenure")).to_have_value("")
    expect(field(page, "Customer ID")).to_be_focused()


def test_a_link_carries_the_customer_and_no_server_sees_it(open_page):
    page = open_page()
    asked: list[str] = []
    answer_example(page)
    customer = customer_of(page)
    assert len(customer) == len(FIELDS)
    there = open_page()
    there.on("request", lambda request: asked.append(request.url))
    there.goto(page.evaluate("window.copied"))
    there.reload()
    expect(there.locator(".verdict")).to_be_visible()
    assert probability(there) == probability(page)
    expect(field(there, "Contract")).to_have_value("One year")
    assert asked
    assert not [url for url in asked if "tenure" in url.partition("#")[0]]


def test_the_copied_json_and_the_copied_command_give_the_same_answer(page, site):
    answer_example(page)
    field(page, "Customer ID").fill("it's 1")
    page.get_by_role("button", name="Predict churn").click()
    expect(page.locator(".customer-id")).to_have_text("it's 1")
    page.evaluate("navigator.clipboard.writeText = async (text) => { window.copied = text; }")
    page.get_by_role("button", name="Copy JSON").click()
    customer = json.loads(page.evaluate("window.copied"))
    page.get_by_role("button", name="Copy curl").click()
    command = page.evaluate("window.copied")
    printed = json.loads(subprocess.run(["bash", "-c", command], capture_output=True, check=True).stdout)
    posted = requests.post(f"{site}/predict", json=customer, timeout=10).json()
    assert printed["churn_probability"] == posted["churn_probability"]
    assert printed["customerID"] == "it's 1"


def test_text_is_copied_over_plain_http_as_well(page):
    answer_example(page)
    page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page.get_by_role("button", name="Copy JSON").click()
    expect(page.locator(".said")).to_have_text("Copied.")


def test_the_whole_path_works_by_keyboard(page):
    page.get_by_role("button", name="Example customer").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Predict churn")).to_be_focused()
    field(page, "Tenure").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".verdict")).to_be_visible()
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == "Try it":
            break
    page.keyboard.press("Space")
    expect(page.locator("customer-comparison")).to_be_visible()


def test_what_a_customer_is_called_is_never_markup(page):
    answer_example(page)
    field(page, "Customer ID").fill("<b id=x>'\"&amp;")
    page.get_by_role("button", name="Predict churn").click()
    expect(page.locator(".customer-id")).to_have_text("<b id=x>'\"&amp;")


def test_an_older_answer_never_replaces_a_newer_one(page):
    answer_example(page)
    held: list[Route] = []

    def hold_first(route: Route) -> None:
        held.append(route) if not held else route.continue_()

    page.route("**/predict*", hold_first)
    field(page, "Tenure").fill("3")
    expect(page.locator("customer-result")).to_have_attribute("data-busy", "")
    field(page, "Tenure").fill("60")
    expect(page.locator("customer-comparison")).to_contain_text("60 months")
    newest = probability(page)
    page.unroute("**/predict*")
    page.wait_for_timeout(200)
    assert probability(page) == newest


# A refusal from the network would stand in the console, where nothing else may stand.
FAIL_ONCE = """([status, body]) => {
    const real = fetch;
    let failed = false;
    window.fetch = (path, options) => {
        if (failed || !path.startsWith('/predict')) return real(path, options);
        failed = true;
        return Promise.resolve(new Response(JSON.stringify(body), { status }));
    };
}"""


def fail_once(page: Page, status: int, error: str, errors: list[dict[str, str]]) -> None:
    body = {"success": False, "error": error, "error_type": "E", "errors": errors, "request_id": "abc"}
    page.evaluate(FAIL_ONCE, [status, body])


def test_faults_that_only_the_api_sees_stand_beside_their_fields_as_well(page):
    page.get_by_role("button", name="Example customer").click()
    contradiction = {"field": "TechSupport", "code": "contradiction", "message": "TechSupport contradicts."}
    strange = {"field": "shoe", "code": "unknown", "message": "shoe is no field."}
    fail_once(page, 422, "2 fields need attention.", [contradiction, strange])
    page.get_by_role("button", name="Predict churn").click()
    expect(field(page, "Tech support")).to_be_focused()
    expect(field(page, "Tech support")).to_have_accessible_description(re.compile("TechSupport contradicts."))
    expect(page.get_by_role("alert").filter(has_text="shoe is no field.")).to_be_visible()


def test_a_service_that_fails_is_named_and_can_be_asked_again(page):
    fail_once(page, 503, "No model has been released yet.", [])
    page.get_by_role("button", name="Example customer").click()
    page.get_by_role("button", name="Predict churn").click()
    alert = page.locator("customer-result").get_by_role("alert")
    expect(alert).to_contain_text("No model has been released yet.")
    expect(alert).to_contain_text("abc")
    alert.get_by_role("button", name="Try again").click()
    expect(page.locator(".verdict")).to_be_visible()


def test_a_printed_card_has_the_result_the_answers_and_the_release(page):
    answer_example(page)
    page.emulate_media(media="print")
    expect(page.locator(".verdict")).to_be_visible()
    expect(page.locator(".record")).to_contain_text("One year")
    expect(page.locator(".record")).to_contain_text(re.compile(r"release \d{8}_\d{6}"))
    expect(page.locator("customer-recommendations li").first).to_contain_text(PERCENT)
    expect(page.locator("customer-form")).to_be_hidden()
    expect(page.get_by_role("navigation")).to_be_hidden()


VERDICT = "async (answer) => (await import('/assets/customer/words.js')).verdict(answer)"


@pytest.mark.parametrize(
    ("prediction", "band", "words"),
    [
        ("Yes", "high", "Likely to leave"),
        ("Yes", "medium", "More likely to leave than to stay"),
        ("No", "medium", "Likely to stay, but worth watching"),
        ("No", "low", "Likely to stay"),
    ],
)
def test_the_headline_says_how_sure_it_is(module_page, prediction, band, words):
    assert module_page.evaluate(VERDICT, {"prediction": prediction, "risk_band": band}) == words


def test_the_pictures_range_and_mark_lie_where_the_numbers_say(page):
    page.get_by_role("button", name="Example customer").click()
    field(page, "Payment method").select_option("")
    with page.expect_response("**/predict*") as response:
        page.get_by_role("button", name="Predict churn").click()
    answer = response.value.json()
    low, high = answer["probability_range"]
    assert high - low > 0.02, "a narrower range is drawn wider, so that it can be seen"
    expect(page.locator(".scale .range")).to_be_visible()

    def edges(name: str) -> tuple[float, float]:
        scale, part = page.locator(".scale").bounding_box(), page.locator(f".scale .{name}").bounding_box()
        assert scale
        assert part
        start = (part["x"] - scale["x"]) / scale["width"]
        return start, start + part["width"] / scale["width"]

    assert edges("range") == pytest.approx((low, high), abs=0.01)
    assert sum(edges("mark")) / 2 == pytest.approx(answer["churn_probability"], abs=0.01)


@pytest.mark.parametrize(
    ("ends", "told"), [((0.2298, 0.2301), "23\u00a0%"), ((0.2298, 0.31), "23\u00a0% to 31\u00a0%")]
)
def test_a_range_of_no_width_is_one_number(page, ends, told):
    def answered(route):
        response = route.fetch()
        route.fulfill(response=response, json=response.json() | {"probability_range": ends})

    page.route("**/predict*", answered)
    page.get_by_role("button", name="Example customer").click()
    field(page, "Internet service").select_option("")
    page.get_by_role("button", name="Predict churn").click()
    expect(page.locator(".facts div", has_text="Range").locator("dd")).to_have_text(told)
    expect(page.locator("details.unknown")).to_contain_text(f"For the middle 80\u00a0% of them it is {told}.")


def test_amounts_are_told_as_amounts(page):
    answer_example(page)
    field(page, "Monthly charges").fill("70.5")
    expect(page.locator("customer-comparison")).to_contain_text("→ $70.50")


def test_what_is_tried_out_is_not_sent_as_the_customers_own(page):
    sent: list[Any] = []
    page.on("request", lambda request: sent.append(request.post_data_json) if "/predict" in request.url else None)
    page.get_by_role("button", name="Example customer").click()
    field(page, "Customer ID").fill("7590-VHVEG")
    page.get_by_role("button", name="Predict churn").click()
    expect(page.locator(".verdict")).to_be_visible()
    field(page, "Monthly charges").fill("70.5")
    expect(page.locator("customer-comparison")).to_contain_text("→ $70.50")
    page.reload()
    expect(page.locator(".verdict")).to_be_visible()
    assert [customer.get("customerID") for customer in sent] == ["7590-VHVEG", None, None]
    with page.expect_request("**/predict*") as asked:
        page.get_by_role("button", name="Predict churn").click()
    assert asked.value.post_data_json["customerID"] == "7590-VHVEG"
