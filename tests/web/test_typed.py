"""What was typed into the form: read as it was meant, and kept until it is cleared."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect


@pytest.fixture
def filled(page: Page) -> Page:
    """The customer page with the example customer under a name, not yet predicted."""
    page.get_by_role("button", name="Example customer").click()
    page.get_by_label("Customer ID").fill("K-77")
    return page


def answers(page: Page) -> dict[str, str]:
    return dict(
        page.locator("customer-form :is(input, select)").evaluate_all("all => all.map((e) => [e.name, e.value])")
    )


def predict(page: Page) -> None:
    page.get_by_role("button", name="Predict churn").click()
    expect(page.locator(".verdict")).to_be_visible()


def look_at_another_page(page: Page) -> None:
    page.get_by_role("link", name="Model", exact=True).click()
    expect(page.get_by_role("heading", name="Quality")).to_be_visible()
    page.get_by_role("link", name="Customer", exact=True).click()


def go_back(page: Page) -> None:
    page.get_by_role("link", name="About", exact=True).click()
    expect(page.get_by_role("heading", name="What it does")).to_be_visible()
    page.go_back()


AWAY = {"another page": look_at_another_page, "back": go_back, "reload": Page.reload}
# What Chromium does where cookies and site data are blocked.
BLOCK = """for (const name of ['sessionStorage', 'localStorage']) {
    Object.defineProperty(window, name, { get() { throw new DOMException('Access is denied.', 'SecurityError'); } });
}"""


@pytest.mark.parametrize("away", AWAY.values(), ids=AWAY)
@pytest.mark.parametrize("blocked", [False, True], ids=["site data", "site data blocked"])
def test_what_was_typed_is_there_again_with_its_answer_and_in_no_address(open_page, away, blocked):
    page = open_page("#/about")
    if blocked:
        page.context.add_init_script(BLOCK)
    page.goto("/#/customer")
    page.reload()
    page.get_by_role("button", name="Example customer").click()
    page.get_by_label("Customer ID").fill("K-77")
    predict(page)
    page.get_by_label("Tenure", exact=True).fill("2")
    expect(page.locator("customer-comparison")).to_be_visible()
    typed = answers(page)
    away(page)
    expect(page.locator(".verdict")).to_be_visible()
    assert answers(page) == typed
    assert page.evaluate("location.hash") in {"", "#/customer"}


def test_an_unfinished_form_comes_back_without_being_judged(filled):
    filled.get_by_label("Tenure", exact=True).fill("")
    filled.reload()
    expect(filled.get_by_label("Customer ID")).to_have_value("K-77")
    expect(filled.locator("customer-result")).to_contain_text("The result appears here.")
    expect(filled.locator(".field-error:not([hidden])")).to_have_count(0)


def test_what_a_link_brought_and_was_changed_is_not_undone_by_a_reload(open_page):
    page = open_page("#/customer?gender=Male&SeniorCitizen=0&tenure=5&Contract=One+year&MonthlyCharges=70")
    expect(page.locator(".verdict")).to_be_visible()
    page.get_by_label("Tenure", exact=True).fill("60")
    page.reload()
    expect(page.get_by_label("Tenure", exact=True)).to_have_value("60")
    assert page.evaluate("location.hash") == "#/customer"


@pytest.mark.parametrize("press", ["Clear", "Example customer"])
def test_one_press_that_replaces_answers_is_undone_by_another(page, press):
    page.get_by_label("Tenure", exact=True).fill("7")
    page.get_by_label("Contract", exact=True).select_option("Two year")
    typed = answers(page)
    page.get_by_role("button", name=press).click()
    page.get_by_role("button", name="Bring my answers back").click()
    assert answers(page) == typed
    expect(page.get_by_role("button", name="Bring my answers back")).to_be_hidden()


def test_where_nothing_was_typed_there_is_nothing_to_bring_back(page):
    page.get_by_role("button", name="Example customer").click()
    expect(page.get_by_role("button", name="Bring my answers back")).to_be_hidden()


READ = "async (text) => (await import('/assets/customer/numbers.js')).readings(text)"


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("65.5", [65.5]),
        ("65,50", [65.5]),
        ("65,5", [65.5]),
        (".5", [0.5]),
        ("$65.50", [65.5]),
        ("65.50 €", [65.5]),
        ("1,324.80", [1324.8]),
        ("1.324,80", [1324.8]),
        ("1'234.50", [1234.5]),
        ("1 324,80", [1324.8]),
        ("1\u00a0324", [1324]),
        ("1,234,567", [1234567]),
        ("1.234.567", [1234567]),
        ("1397.475", [1397.475]),
        ("0.123", [0.123]),
        ("-3", [-3]),
        ("\u22123", [-3]),
        ("1.324", [1324, 1.324]),
        ("1,324", [1324, 1.324]),
        ("0x10", []),
        ("1e2", []),
        ("Infinity", []),
        ("12,34,567", []),
        ("1,2,3", []),
        ("(55.20)", []),
        ("", []),
        ("much", []),
    ],
)
def test_a_number_is_read_as_it_was_meant_or_not_at_all(module_page: Page, text, numbers):
    assert module_page.evaluate(READ, text) == numbers


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1,324", "Monthly charges can be read in two ways: for “1,324” write 1324, or 1.3240 if that is meant."),
        ("0x10", "Monthly charges must be a number such as 65.50; got “0x10”."),
        ("1e2", "Monthly charges must be a number such as 65.50; got “1e2”."),
    ],
    ids=["two ways", "hexadecimal", "exponent"],
)
def test_a_number_that_is_none_or_two_is_asked_about(filled, text, words):
    filled.get_by_label("Monthly charges", exact=True).fill(text)
    filled.get_by_role("button", name="Predict churn").click()
    expect(filled.locator("#field-MonthlyCharges-error")).to_have_text(words)


def test_a_decimal_comma_is_sent_as_the_number_that_it_is(filled):
    filled.get_by_label("Monthly charges", exact=True).fill("65,50")
    with filled.expect_request("**/predict*") as asked:
        filled.get_by_role("button", name="Predict churn").click()
    assert asked.value.post_data_json["MonthlyCharges"] == 65.5


def test_who_the_customer_is_changes_without_asking_and_without_being_read_out(filled: Page):
    predict(filled)
    asked: list[str] = []
    filled.on("request", lambda request: asked.append(request.url))
    filled.evaluate("""new MutationObserver(() => { window.rewritten = true; }).observe(
        document.querySelector('customer-result > [role=status]'),
        { childList: true, subtree: true, characterData: true })""")
    filled.get_by_label("Customer ID").fill("K-78")
    expect(filled.locator(".customer-id")).to_have_text("K-78")
    filled.wait_for_timeout(600)  # longer than an answer waits for the end of a word
    assert not asked
    assert not filled.evaluate("window.rewritten")


def test_an_answer_that_is_taken_back_shows_no_fault_and_asks_nothing(filled: Page):
    predict(filled)
    asked: list[str] = []
    filled.get_by_label("Tenure", exact=True).fill("500")
    expect(filled.locator("customer-result")).to_have_attribute("data-stale", "")
    filled.on("request", lambda request: asked.append(request.url))
    filled.get_by_label("Tenure", exact=True).fill("24")
    expect(filled.locator("customer-result")).not_to_have_attribute("data-stale", "")
    expect(filled.locator(".field-error:not([hidden])")).to_have_count(0)
    assert not asked


def test_nothing_is_asked_or_refused_before_the_first_prediction(page):
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.get_by_label("Tenure", exact=True).fill("500")
    page.wait_for_timeout(600)
    expect(page.locator(".field-error:not([hidden])")).to_have_count(0)
    page.get_by_role("button", name="Example customer").click()
    page.wait_for_timeout(600)
    assert not [url for url in asked if "/predict" in url]


def test_one_question_is_asked_once_however_often_enter_is_pressed(filled: Page):
    asked: list[str] = []
    filled.on("request", lambda request: asked.append(request.url))
    filled.evaluate("""() => { const real = fetch; window.fetch = async (...all) => {
        if (String(all[0]).startsWith('/predict')) await new Promise((go) => setTimeout(go, 400));
        return real(...all);
    }; }""")
    filled.get_by_label("Customer ID").focus()
    for _ in range(10):
        filled.keyboard.press("Enter")
    expect(filled.locator(".verdict")).to_be_visible()
    assert len([url for url in asked if "/predict" in url]) == 1


def test_the_first_prediction_shows_that_it_is_waited_for(filled: Page):
    filled.route("**/predict*", lambda _: None)
    filled.get_by_role("button", name="Predict churn").click()
    expect(filled.locator("customer-result")).to_contain_text("Working it out…")
    expect(filled.locator("customer-result")).not_to_contain_text("The result appears here.")
    filled.unroute_all(behavior="ignoreErrors")


def test_what_was_opened_stays_open_when_an_answer_changes(filled: Page):
    filled.get_by_label("Internet service", exact=True).select_option("")
    predict(filled)
    filled.locator(".unknown summary").click()
    reasons = filled.locator("customer-reasons")
    reasons.get_by_role("button", name=re.compile(r"Show all \d+ reasons")).click()
    reasons.get_by_text("Show as a table").click()
    number = reasons.locator("tbody tr").count()
    assert number > 5
    filled.get_by_label("Tenure", exact=True).fill("2")
    expect(filled.locator("customer-comparison")).to_be_visible()
    expect(reasons.locator("tbody tr")).to_have_count(number)
    expect(reasons.locator("details")).to_have_attribute("open", "")
    expect(filled.locator(".unknown")).to_have_attribute("open", "")
    expect(reasons.get_by_role("button", name="Show the first 5")).to_have_attribute("aria-expanded", "true")


def test_the_summary_leads_to_each_field_that_wants_attention(filled: Page):
    filled.get_by_label("Tenure", exact=True).fill("500")
    filled.get_by_label("Monthly charges", exact=True).fill("much")
    filled.get_by_role("button", name="Predict churn").click()
    filled.get_by_role("list", name="Fields that need attention").get_by_role("button", name="Monthly charges").click()
    expect(filled.get_by_label("Monthly charges", exact=True)).to_be_focused()


def test_the_form_stays_where_the_code_for_the_answer_does_not_arrive(open_page: Callable[..., Page]):
    page = open_page("#/about", patience=["ERR_FAILED"])
    page.route("**/customer/answer.js", lambda route: route.abort())
    page.get_by_role("link", name="Customer", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("did not arrive. Check the connection.")
    page.get_by_role("button", name="Example customer").click()
    page.get_by_label("Tenure", exact=True).fill("3")
    page.get_by_role("button", name="Predict churn").click()
    page.unroute("**/customer/answer.js")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".verdict")).to_be_visible()
    expect(page.get_by_label("Tenure", exact=True)).to_have_value("3")
