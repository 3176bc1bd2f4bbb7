"""Unit costs are read from what was measured, and documents are written between their marks."""

import json

import pytest

from scripts.units import MEASURED, measured, prices, replaced, table


def test_what_was_measured_says_when_by_what_and_where():
    about = measured().about
    assert "`make measure`" in about
    assert "cores" in about


def test_every_unit_is_a_positive_number_but_what_a_prediction_asks_of_the_store():
    units = measured()
    numbers = [value for value in vars(units).values() if isinstance(value, float | int)]
    assert all(number > 0 for number in numbers)
    assert json.loads(MEASURED.read_text())["requests"]["predict"]["s3"].get("PUT", 0) == 0


def test_a_row_of_a_job_costs_less_than_one_of_a_batch_and_that_less_than_a_request():
    units = measured()
    assert units.job_row < units.batch_row < units.predict


def test_prices_carry_their_date_and_region():
    found = prices()
    assert found["taken"].startswith("20")
    assert found["region"] == "us-east-1"


def test_a_section_is_written_between_its_marks_and_nothing_else_is_touched():
    text = "before\n<!-- a -->\nold\n<!-- end of a -->\nafter\n"
    assert replaced(text, {"a": "new\n"}) == "before\n<!-- a -->\nnew\n<!-- end of a -->\nafter\n"


def test_a_document_without_marks_is_refused():
    with pytest.raises(SystemExit, match="lacks the marks"):
        replaced("nothing", {"a": "new\n"})


def test_a_table_has_its_numbers_to_the_right():
    assert table(["a", "b"], [["x", "1"]]) == "| a | b |\n| --- | ---: |\n| x | 1 |\n"
