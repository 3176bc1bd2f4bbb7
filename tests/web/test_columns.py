"""A job's results as the worker holds them: sorted, filtered, cut to the riskiest."""

from typing import Any

import pytest
from playwright.sync_api import Page


@pytest.fixture(scope="module")
def page(module_page: Page) -> Page:
    """One page for all: nothing here changes the site."""
    return module_page


ROWS = [
    ["1", "C", "No", "0.100000", "low", "Two-year contract", "DSL internet", "", "2"],
    ["2", "A", "Yes", "0.900000", "high", "Month-to-month contract", "Fiber optic internet", "No tech support"],
    ["3", "B", "No", "0.400000", "medium", "Fiber optic internet", "", ""],
    ["4", "A", "Yes", "0.700000", "high", "No tech support", "Month-to-month contract", ""],
    ["5", "", "No", "1.000000", "high", "", "", ""],
]

ASK = """async ([rows, kept, query]) => {
    const { ResultColumns } = await import('/assets/batch/columns.js');
    const columns = new ResultColumns();
    rows.forEach((row) => columns.add(row));
    columns.keepRiskiest(kept);
    return {
        found: columns.find(query).map((at) => columns.row(at)),
        total: columns.total,
        bins: columns.bins,
        bands: columns.bands,
        reasons: columns.reasons(),
        averaged: columns.averaged,
    };
}"""


def ask(page: Page, kept: int = 100, **query: Any) -> dict[str, Any]:
    answer: dict[str, Any] = page.evaluate(ASK, [ROWS, kept, {"sort": "row", "descending": False} | query])
    return answer


def rows(answer: dict[str, Any]) -> list[int]:
    return [row["row"] for row in answer["found"]]


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("row", [1, 2, 3, 4, 5]),
        ("customerID", [5, 2, 4, 3, 1]),
        ("churn_probability", [1, 3, 4, 2, 5]),
        ("prediction", [1, 3, 5, 2, 4]),
        ("risk_band", [1, 3, 4, 2, 5]),
        ("reason_1", [5, 3, 2, 4, 1]),
        ("assumed", [2, 3, 4, 5, 1]),
    ],
)
def test_every_column_sorts_both_ways(page, sort, order):
    assert rows(ask(page, sort=sort)) == order
    assert rows(ask(page, sort=sort, descending=True)) == order[::-1]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"band": "high"}, [2, 4, 5]),
        ({"reason": "Month-to-month contract"}, [2, 4]),
        ({"reason": "no such reason"}, []),
        ({"text": "FIBER"}, [2, 3]),
        ({"text": " b "}, [2, 3]),
        ({"text": "5"}, [5]),
        ({"band": "high", "reason": "No tech support", "text": "a"}, [2, 4]),
    ],
    ids=lambda value: "-".join(value.values()) if isinstance(value, dict) else None,
)
def test_filters_narrow_together(page, query, expected):
    assert rows(ask(page, **query)) == expected


def test_what_is_counted_is_all_of_it_and_what_is_kept_is_the_riskiest(page):
    answer = ask(page, kept=2)
    assert rows(answer) == [2, 5]
    assert answer["total"] == 5
    assert answer["bands"] == {"low": 1, "medium": 1, "high": 3}
    assert sum(answer["bins"]) == 5
    assert answer["bins"][19] == 1
    assert answer["found"][0]["reasons"] == ["Month-to-month contract", "Fiber optic internet", "No tech support"]


def test_the_reasons_that_most_share_come_first(page):
    assert [reason["number"] for reason in ask(page)["reasons"]] == [2, 2, 2, 1, 1]


def test_a_row_without_reasons_has_none(page):
    assert ask(page, text="5")["found"][0]["reasons"] == []


def test_how_many_fields_were_averaged_is_kept_by_row_and_the_rows_are_counted(page):
    answer = ask(page)
    assert [row["assumed"] for row in answer["found"]] == [2, 0, 0, 0, 0]
    assert answer["averaged"] == 1


POSITIONS = "async (head) => (await import('/assets/batch/columns.js')).positionsIn(head)"


def test_a_column_that_a_jobs_options_left_out_moves_no_other(page):
    head = ["row", "customerID", "prediction", "churn_probability", "risk_band", "reason_1", "assumed"]
    assert page.evaluate(POSITIONS, head) == [0, 1, 2, 3, 4, 5, -1, -1, 6]


KIND = "async (text) => (await import('/assets/batch/columns.js')).kindOf(text)"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Customer for 49 months", "Customer for … months"),
        ("Customer for 1 month", "Customer for … months"),
        ("$1,572.00 billed so far", "$… billed so far"),
        ("Month-to-month contract", "Month-to-month contract"),
    ],
)
def test_reasons_that_differ_by_a_figure_alone_are_one_kind(page, text, kind):
    assert page.evaluate(KIND, text) == kind


DEFUSED = "async (text) => (await import('/assets/lib/csv.js')).defused(text)"


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("@sam", "'@sam"),
        ("-1+2", "'-1+2"),
        ("\tx", "'\tx"),
        ("+15550100123", "+15550100123"),
        ("+49 (30) 901-820", "+49 (30) 901-820"),
        ("-0042", "-0042"),
        ("7590-VHVEG", "7590-VHVEG"),
    ],
)
def test_a_cell_that_would_run_is_made_text_and_numbers_stay_as_they_are(page, text, cell):
    assert page.evaluate(DEFUSED, text) == cell
