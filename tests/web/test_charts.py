"""The charts as elements of their own: text alternative, table, width, and what they make of odd data."""

import itertools
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.web.conftest import until_drawn


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
GAINS = {
    "title": "Gains",
    "lower": "worse",
    "higher": "better",
    "head": ["Figure", "Gain", "From", "To"],
    "rows": [
        {"text": "Loss", "value": 0.0098, "low": 0.0057, "high": 0.0139},
        {"text": "AUC", "value": -0.0043, "low": -0.0193, "high": 0.0107},
    ],
}
SHARES = {
    "title": "Left",
    "head": ["Customers", "Left", "Interval"],
    "rows": [
        {"text": "Called", "value": 0.38, "low": 0.35, "high": 0.41, "tone": "main"},
        {"text": "Others <b>", "value": 0.47, "low": 0.41, "high": 0.53, "tone": "past"},
    ],
}
PAIRS = {
    "title": "Shares",
    "what": "Value",
    "then": "Training",
    "now": "Now",
    "rows": [{"text": "Electronic check", "then": 0.25, "now": 0.5}, {"text": "Other <b>", "then": 0, "now": 0.031}],
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
        (
            "paired-bars",
            PAIRS,
            "Shares",
            "Electronic check: Training 25.0\u00a0%, Now 50.0\u00a0%; Other <b>: Training 0.0\u00a0%, Now 3.1\u00a0%",
        ),
        (
            "share-intervals",
            SHARES,
            "Left",
            "Called: 38.0\u00a0% (35.0\u00a0% to 41.0\u00a0%); Others <b>: 47.0\u00a0% (41.0\u00a0% to 53.0\u00a0%)",
        ),
        ("ratio-intervals", INTERVALS, "Odds", "DSL: 0.50 (0.30 to 0.90), less; Fiber: 3.00 (2.00 to 4.00), more"),
        (
            "gain-intervals",
            GAINS,
            "Gains",
            "Loss: +0.0098 (+0.0057 to +0.0139), better; AUC: \u22120.0043 (\u22120.0193 to +0.0107), not told apart",
        ),
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
        (
            "paired-bars",
            PAIRS,
            [["Electronic check", "25.0\u00a0%", "50.0\u00a0%"], ["Other <b>", "0.0\u00a0%", "3.1\u00a0%"]],
        ),
        (
            "share-intervals",
            SHARES,
            [
                ["Called", "38.0\u00a0%", "35.0\u00a0% to 41.0\u00a0%"],
                ["Others <b>", "47.0\u00a0%", "41.0\u00a0% to 53.0\u00a0%"],
            ],
        ),
        ("ratio-intervals", INTERVALS, [["DSL", "0.50", "0.30", "0.90"], ["Fiber", "3.00", "2.00", "4.00"]]),
        (
            "gain-intervals",
            GAINS,
            [
                ["Loss", "+0.0098", "+0.0057", "+0.0139"],
                ["AUC", "\u22120.0043", "\u22120.0193", "+0.0107"],
            ],
        ),
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


BANDS = """{ title: 'Months', x: { name: 'Month', top: 3, ticks: [0, 1, 2, 3], format: (at) => `Long month ${at}` },
    y: { name: 'Y', low: 0.5, top: 1, ticks: [0.5, 1], format: String }, summary: 'three', head: ['X'], rows: [],
    series: [{ name: 'One', tone: 'main', spread: 'band', points: [
        { x: 0, y: 0.6, low: 0.2, high: 0.7 }, { x: 1, y: 0.7, low: 0.6, high: 1.5 }, { x: 2, y: null },
        { x: 3, y: 0.9, low: 0.8, high: 1 }] },
    { name: 'Two', tone: 'past', dashed: true, points: [{ x: 0, y: 0.8 }, { x: 3, y: 0.8 }] }] }"""


@pytest.mark.parametrize("width", [320, 1280])
def test_bands_stop_at_gaps_and_stay_with_the_labels_within_the_picture(page, width):
    page.set_viewport_size({"width": width, "height": 800})
    page.evaluate(f"({SHOW})(['line-chart', {BANDS}])")
    chart = page.locator("line-chart")
    for shape, number in (
        ("polygon.area", 2),
        ("polyline.main", 2),
        ("line.spread", 1),
        ("circle", 1),
        ("polyline.past.dashed", 1),
    ):
        expect(chart.locator(shape)).to_have_count(number)
    heights = [float(point.split(",")[1]) for point in chart.locator("polygon").first.get_attribute("points").split()]
    grid = [float(line.get_attribute("y1")) for line in chart.locator("line.grid").all()]
    assert (min(heights), max(heights)) == pytest.approx((min(grid), max(grid)), abs=0.1)
    boxes = [text.bounding_box() for text in chart.locator("text", has_text="Long month").all()]
    assert boxes
    assert all(before["x"] + before["width"] < after["x"] for before, after in itertools.pairwise(boxes))
    assert boxes[-1]["x"] + boxes[-1]["width"] <= width


@pytest.mark.parametrize("data", [BARS, PAIRS], ids=["signed-bars", "paired-bars"])
@pytest.mark.parametrize("width", [320, 700, 1280])
def test_a_chart_is_drawn_anew_at_every_width_and_nothing_leaves_it(page, width, data):
    chart = show(page, "signed-bars" if data is BARS else "paired-bars", data)
    page.set_viewport_size({"width": width, "height": 800})
    until_drawn(page)
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
        ("paired-bars", PAIRS | {"rows": [{"text": "Nobody", "then": 0, "now": 0}]}),
        ("score-histogram", HISTOGRAM | {"bins": [{"low": 0, "high": 1, "counts": [0, 0]}]}),
        ("ratio-intervals", INTERVALS | {"rows": [{"text": "Same", "value": 1, "low": 1, "high": 1}]}),
        ("gain-intervals", GAINS | {"rows": [{"text": "Same", "value": 0, "low": 0, "high": 0}]}),
    ],
    ids=["zero", "empty", "nobody", "no customers", "no effect", "no gain"],
)
def test_empty_and_level_data_are_drawn_without_a_broken_number(page, tag, data):
    chart = show(page, tag, data)
    expect(chart.locator("svg")).to_be_visible()
    assert not {"NaN", "Infinity"} & set(chart.locator("svg").inner_html().split('"'))
