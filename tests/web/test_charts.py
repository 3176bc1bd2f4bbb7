"""The charts as elements of their own: text alternative, table, width, and what they make of odd data."""

from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect


@pytest.fixture(scope="module")
def page(module_page: Page) -> Page:
    """One page for all: nothing here changes the site."""
    return module_page


BARS = {
    "title": "Effects",
    "zero": "average",
    "lower": "lowers",
    "higher": "raises",
    "head": ["Reason", "Effect", "Odds times"],
    "rows": [{"text": "Two-year contract", "value": -0.81}, {"text": "Fiber optic <b>", "value": 0.4}],
}
HISTOGRAM = {
    "title": "Scores",
    "unit": "customers",
    "series": [{"name": "Stayed", "tone": "good"}, {"name": "Left", "tone": "bad"}],
    "bins": [{"low": 0, "high": 0.5, "counts": [30, 10]}, {"low": 0.5, "high": 1, "counts": [5, 1000]}],
}
INTERVALS = {
    "title": "Odds",
    "lower": "less",
    "higher": "more",
    "head": ["Difference", "Odds times", "From", "To"],
    "rows": [
        {"text": "DSL", "value": 0.5, "low": 0.3, "high": 0.9},
        {"text": "Fiber", "value": 3, "low": 2, "high": 4},
    ],
}
LINES = """{ title: 'Curve', x: { name: 'X', top: 1, format: String }, y: { name: 'Y', top: 1, format: String },
    diagonal: true, marker: 0.5, summary: 'from 0 to 1', head: ['X', 'Y'], rows: [['0', '0'], ['1', '1']],
    series: [{ name: 'One', tone: 'main', dots: true, points: [{ x: 0, y: 0 }, { x: 1, y: 1 }] }] }"""

SHOW = """([tag, data]) => {
    const chart = document.createElement(tag);
    document.querySelector('main').replaceChildren(chart);
    chart.data = data;
}"""


def show(page: Page, tag: str, data: dict[str, Any]) -> Locator:
    page.evaluate(SHOW, [tag, data])
    return page.locator(tag)


@pytest.mark.parametrize(
    ("tag", "data", "name", "words"),
    [
        ("signed-bars", BARS, "Effects", "Two-year contract: \u22120.81, lowers; Fiber optic <b>: +0.40, raises"),
        (
            "score-histogram",
            HISTOGRAM,
            "Scores",
            "1,045 customers; the fullest slice is 50\u00a0% to 100\u00a0% (1,005)",
        ),
        ("ratio-intervals", INTERVALS, "Odds", "DSL: 0.50 (0.30 to 0.90), less; Fiber: 3.00 (2.00 to 4.00), more"),
    ],
)
def test_a_chart_is_a_picture_with_a_name_and_its_figures_in_words(page, tag, data, name, words):
    picture = show(page, tag, data).get_by_role("img")
    expect(picture).to_have_accessible_name(name)
    expect(picture).to_have_accessible_description(words)


@pytest.mark.parametrize(
    ("tag", "data", "cells"),
    [
        ("signed-bars", BARS, [["Two-year contract", "\u22120.81", "0.44"], ["Fiber optic <b>", "+0.40", "1.49"]]),
        (
            "score-histogram",
            HISTOGRAM,
            [["0\u00a0% to 50\u00a0%", "30", "10"], ["50\u00a0% to 100\u00a0%", "5", "1,000"]],
        ),
        ("ratio-intervals", INTERVALS, [["DSL", "0.50", "0.30", "0.90"], ["Fiber", "3.00", "2.00", "4.00"]]),
    ],
)
def test_a_chart_shows_the_same_as_a_table_by_keyboard(page, tag, data, cells):
    chart = show(page, tag, data)
    chart.locator("summary").press("Enter")
    rows = [row.split("\t") for row in chart.locator("tbody tr").all_inner_texts()]
    assert rows == cells


def test_lines_draw_axes_diagonal_marker_and_dots(page):
    page.evaluate(f"({SHOW})(['line-chart', {LINES}])")
    chart = page.locator("line-chart")
    for shape, number in (("circle", 2), ("polyline", 1), ("line.reference", 1), ("line.marker", 1)):
        expect(chart.locator(shape)).to_have_count(number)
    expect(chart.get_by_role("img")).to_have_accessible_description("from 0 to 1")


@pytest.mark.parametrize("width", [320, 700, 1280])
def test_a_chart_is_drawn_anew_at_every_width_and_nothing_leaves_it(page, width):
    chart = show(page, "signed-bars", BARS)
    page.set_viewport_size({"width": width, "height": 800})
    page.wait_for_timeout(100)
    picture = chart.locator("svg").bounding_box()
    frame = chart.bounding_box()
    assert picture is not None
    assert frame is not None
    assert frame["width"] - 2 <= picture["width"] <= frame["width"]
    for text in chart.locator("svg text").all():
        box = text.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width


def test_lowering_bars_point_left_and_raising_bars_right(page):
    chart = show(page, "signed-bars", BARS)
    zero = float(chart.locator("line.zero").get_attribute("x1"))
    good, bad = chart.locator("rect.good"), chart.locator("rect.bad")
    assert float(good.get_attribute("x")) < zero
    assert float(bad.get_attribute("x")) == pytest.approx(zero)
    assert float(good.get_attribute("width")) == pytest.approx(2.025 * float(bad.get_attribute("width")), rel=1e-3)


@pytest.mark.parametrize(
    ("tag", "data"),
    [
        ("signed-bars", BARS | {"rows": [{"text": "Nothing", "value": 0}]}),
        ("signed-bars", BARS | {"rows": []}),
        ("score-histogram", HISTOGRAM | {"bins": [{"low": 0, "high": 1, "counts": [0, 0]}]}),
        ("ratio-intervals", INTERVALS | {"rows": [{"text": "Same", "value": 1, "low": 1, "high": 1}]}),
    ],
    ids=["zero", "empty", "no customers", "no effect"],
)
def test_empty_and_level_data_are_drawn_without_a_broken_number(page, tag, data):
    chart = show(page, tag, data)
    expect(chart.locator("svg")).to_be_visible()
    assert not {"NaN", "Infinity"} & set(chart.locator("svg").inner_html().split('"'))
