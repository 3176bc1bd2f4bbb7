"""Values repeated in messages: short, whole where they are short, and harmless."""

from typing import Any

import pytest

from churn.customer.echo import MAX_ECHO, echo, shortened


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ([1, 2, 3], "[1, 2, 3]"),
        ([1, 2, 3, 4], "[1, 2, 3, …]"),
        ((1, [2]), "[1, [2]]"),
        ([[[1]]], "[[[…]]]"),
        ([], "[]"),
        ({"a": 1, "b": 2, "c": 3}, '{"a": 1, "b": 2, "c": 3}'),
        ({"a": 1, "b": 2, "c": 3, "d": 4}, "{…}"),
        ({"a": {"b": 1}}, '{"a": {"b": 1}}'),
        ({"a": {"b": {"c": 1}}}, '{"a": {"b": {…}}}'),
        ({"a": [1]}, '{"a": [1]}'),
        (10**1999, "a number of 2,000 digits"),
        (2**4096 - 1, str(2**4096)[: MAX_ECHO - 1] + "…"),
        (2**4096, "a number of 1,234 digits"),
        (True, "true"),
        (None, "null"),
        (float("inf"), "Infinity"),
        ({1}, "set"),
        ("a\u202eb", '"a\\u202eb"'),
        ("男性", '"男性"'),
    ],
)
def test_a_value_is_shown_as_it_is_written(value: Any, shown: str) -> None:
    assert echo(value) == shown


def test_a_text_is_cut_to_the_most_that_is_shown() -> None:
    whole = "x" * MAX_ECHO
    assert shortened(whole) == whole
    assert shortened(whole + "y") == "x" * (MAX_ECHO - 1) + "…"
    assert len(echo("x" * 1_000)) == MAX_ECHO
