"""The model page in a real browser, over the manifest that the trainer wrote."""

import re
from collections.abc import Callable
from typing import Any

import pytest
import requests
from playwright.sync_api import Locator, Page, expect


@pytest.fixture(scope="module")
def info(site: str) -> dict[str, Any]:
    return requests.get(f"{site}/model_info", timeout=10).json()


@pytest.fixture
def model(open_page: Callable[..., Page]) -> Page:
    page = open_page("#/model")
    expect(page.get_by_role("region", name="The release in service").first).to_be_visible()
    return page


def section(page: Page, title: str) -> Locator:
    return page.locator("section", has=page.get_by_role("heading", name=title, exact=True))


def test_the_release_in_service_is_named_with_its_checks(model, info):
    release = section(model, "The release in service")
    for text in (info["model_name"], info["version"], "made-up sample data"):
        expect(release).to_contain_text(text)
    release.get_by_text(f"{len(info['gates'])} of {len(info['gates'])} checks before release passed").click()
    for gate in info["gates"]:
        expect(release).to_contain_text(gate["detail"])


def test_quality_is_told_with_its_spread_and_against_saying_no_always(model, info):
    quality = section(model, "Quality")
    auc = info["metrics"]["cv"]["roc_auc"]
    expect(quality).to_contain_text(f"{auc['mean']:.3f} ± {auc['std']:.3f}")
    expect(quality).to_contain_text(f"{info['metrics']['test']['brier']:.3f}")
    expect(quality).to_contain_text(f"right {(1 - info['data']['churn_rate']) * 100:.1f}\u00a0% of the time")


def test_figures_of_the_test_rows_have_intervals_and_calibration_its_line(model, info):
    quality = section(model, "Quality")
    ends = info["metrics"]["test_intervals"]["roc_auc"]
    row = quality.locator("tr", has=model.get_by_role("rowheader", name="Ranking (ROC AUC)"))
    expect(row).to_contain_text(f"{ends['low']:.3f} to {ends['high']:.3f}")
    slope = info["recalibration"]["slope"]
    expect(quality).to_contain_text(
        f"Slope of calibration {slope['value']:.2f} ({slope['low']:.2f} to {slope['high']:.2f})"
    )


def test_the_reliability_curve_and_its_table_show_the_same(model, info):
    panel = section(model, "Are the probabilities right?")
    first = info["calibration"][0]
    words = f"predicted {first['mean_predicted'] * 100:.0f}\u00a0%, observed {first['observed'] * 100:.0f}\u00a0%"
    expect(panel.get_by_role("img")).to_have_accessible_description(re.compile(re.escape(words)))
    expect(panel.locator("circle")).to_have_count(len(info["calibration"]))
    panel.get_by_text("Show as a table").click()
    expect(panel.locator("tbody tr")).to_have_count(len(info["calibration"]))


def test_the_score_distribution_counts_the_test_rows_by_outcome(model, info):
    panel = section(model, "Does it tell them apart?")
    panel.get_by_text("Show as a table").click()
    cells = [int(text.replace(",", "")) for text in panel.locator("tbody td").all_inner_texts()]
    assert sum(cells[::2]) == sum(info["score_distribution"]["stayed"])
    assert sum(cells[1::2]) == sum(info["score_distribution"]["churned"])


def test_moving_the_threshold_shows_what_it_would_mean_by_keyboard_too(model, info):
    explorer = section(model, "Whom to flag")
    slider = explorer.get_by_label("Threshold", exact=True)
    expect(explorer.locator("output")).to_contain_text("50\u00a0% threshold")
    slider.press("End")
    last = info["thresholds"][-1]
    expect(slider).to_have_attribute("aria-valuetext", f"{last['threshold'] * 100:.0f}\u00a0%")
    for key, words in (("flagged", "flagged"), ("caught", "caught"), ("false_alarms", "false alarms")):
        expect(explorer.locator("output")).to_contain_text(re.compile(rf"{int(last[key] + 0.5)}\s+{words}"))
    slider.press("ArrowLeft")
    expect(explorer.locator("output")).to_contain_text(f"{info['thresholds'][-2]['threshold'] * 100:.0f}\u00a0%")
    expect(slider).to_be_focused()


def test_drivers_have_signs_and_intervals(model, info):
    panel = section(model, "What goes with leaving")
    fields = info["drivers"]["fields"]
    panel.get_by_text("Show as a table").click()
    expect(panel.locator("tbody tr")).to_have_count(10)
    panel.get_by_role("button", name=f"Show all {len(fields)}").click()
    expect(panel.locator("tbody tr")).to_have_count(len(fields))
    top = fields[0]
    for value in (top["odds_ratio"], top["low"], top["high"]):
        expect(panel.locator("tbody tr").first).to_contain_text(f"{value:.2f}")


def test_all_candidates_are_compared_with_the_one_in_service(model, info):
    panel = section(model, "The candidates")
    expect(panel.locator("tbody tr")).to_have_count(len(info["comparison"]["candidates"]))
    expect(panel.locator("tr", has=model.locator(".band"))).to_contain_text(info["model_name"])
    expect(panel).to_contain_text(info["comparison"]["selection"]["reason"])
    one = next(one for one in info["comparison"]["candidates"] if not one["champion"])
    row = panel.locator("tr", has=model.get_by_role("rowheader", name=one["model_name"]))
    loss = one["against_champion"]["log_loss"]
    signed = [f"{loss[name]:+.4f}".replace("-", "\u2212") for name in ("mean", "low", "high")]
    expect(row).to_contain_text(f"{signed[0]} ({signed[1]} to {signed[2]})")


def test_fairness_is_told_by_group_with_intervals(model, info):
    panel = section(model, "Does it treat groups alike?")
    for group in info["fairness"]["groups"]:
        row = panel.locator("tr", has=model.get_by_role("rowheader", name=group["group"], exact=True))
        expect(row).to_contain_text(f"{group['false_positive_rate']['value'] * 100:.1f}\u00a0%")
    gaps = panel.get_by_role("region", name="Widest gaps, table")
    expect(gaps.locator("tbody tr")).to_have_count(len(info["fairness"]["gaps"]))
    gap = info["fairness"]["gaps"][0]
    expect(gaps).to_contain_text(f"{gap['highest']}, {gap['lowest']}")


def test_the_data_is_named_and_a_sample_is_called_one(model, info):
    panel = section(model, "The data")
    expect(panel).to_contain_text(info["data"]["sha256"])
    expect(panel).to_contain_text("good for trying the product out, and for nothing else")


def test_the_trainers_plots_are_shown_with_a_name_each(model, info):
    names = [name for name in info["files"] if name.endswith(".png")]
    pictures = section(model, "The trainer\u2019s plots").get_by_role("img")
    expect(pictures).to_have_count(len(names))
    for at in range(len(names)):
        pictures.nth(at).scroll_into_view_if_needed()
        expect(pictures.nth(at)).to_have_js_property("complete", value=True)
        assert pictures.nth(at).evaluate("image => image.naturalWidth") > 300


def test_earlier_releases_are_listed(model, info):
    history = section(model, "History of releases")
    expect(history.locator("tr", has_text="in service")).to_contain_text(info["version"])


def test_the_model_card_can_be_taken_away(model, info, tmp_path):
    with model.expect_download() as download:
        model.get_by_role("link", name="Model card").click()
    assert download.value.suggested_filename == f"churn-model-card-{info['version']}.html"
    download.value.save_as(tmp_path / "card.html")
    assert info["model_name"] in (tmp_path / "card.html").read_text()


def test_the_about_page_says_what_it_must_not_be_used_for_and_where_to_read_on(open_page):
    page = open_page("#/about")
    expect(page.get_by_role("heading", name="What it must not be used for")).to_be_visible()
    expect(page.get_by_role("main").get_by_role("link", name="API documentation")).to_have_attribute("href", "/docs")
    expect(page.get_by_role("main")).to_contain_text("/metrics")
    for link in page.get_by_role("main").get_by_role("link").all():
        assert page.request.get(link.get_attribute("href")).ok


def test_the_pictures_line_follows_the_slider(model, info):
    explorer = section(model, "Whom to flag")
    marker = explorer.locator("line.marker")
    before = float(marker.get_attribute("x1"))
    explorer.get_by_label("Threshold", exact=True).press("Home")
    expect(explorer.locator("output")).to_contain_text(f"{info['thresholds'][0]['threshold'] * 100:.0f} % threshold")
    assert float(marker.get_attribute("x1")) < before


def test_the_pages_heading_and_its_sections_are_printed(model):
    model.emulate_media(media="print")
    expect(model.get_by_role("heading", level=1)).to_be_visible()
    expect(model.get_by_role("navigation")).to_be_hidden()


def test_no_table_is_cut_off_on_a_laptop(model, cut_off):
    expect(section(model, "The candidates").get_by_role("table")).to_be_visible()
    assert cut_off(model) == []


def test_no_card_stands_beside_a_gap_on_a_laptop(model):
    """Sections of half the width come in pairs."""
    model.set_viewport_size({"width": 1280, "height": 800})
    halves = model.evaluate(
        "[...document.querySelectorAll('.sections > *')]"
        ".filter((part) => part.offsetWidth < part.parentElement.offsetWidth)"
        ".map((part) => part.offsetTop)"
    )
    assert halves
    assert halves[::2] == halves[1::2]
