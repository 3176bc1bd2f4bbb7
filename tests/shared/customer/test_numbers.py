"""What a text can mean as a number: nothing, one, or two that are a thousand times apart."""

import re

import pytest

from churn.customer.numbers import around, meant

LONGEST = "65.50" + " " * (64 - len("65.50") - len("USD")) + "USD"


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("1.324", (1.324, 1324.0)),
        ("1,324", (1.324, 1324.0)),
        ("999.999", (999.999, 999_999.0)),
        ("-999,999", (-999.999, -999_999.0)),
        ("+1.324", (1.324, 1324.0)),
        ("1.3240", (1.324,)),
        ("0.324", (0.324,)),
        ("1000.999", (1000.999,)),
        ("1.324.800", (1_324_800.0,)),
        ("1,324,800", (1_324_800.0,)),
        ("1.324,80", (1324.8,)),
        ("1,324.80", (1324.8,)),
        ("1,324,800.5", (1_324_800.5,)),
        ("1.324.800,5", (1_324_800.5,)),
        ("1'324.5", (1324.5,)),
        ("(55.20)", (-55.2,)),
        ("$-5", (-5.0,)),
        ("-$5", (-5.0,)),
        ("5-", (-5.0,)),
        ("\u22125", (-5.0,)),
        ("+5 EUR", (5.0,)),
        (LONGEST, (65.5,)),
        (LONGEST.replace(" ", "  ", 1), ()),
        ("--5", ()),
        ("-5-", ()),
        ("(-5)", ()),
        ("(5", ()),
        ("5)", ()),
        ("5 months", ()),
        ("", ()),
    ],
)
def test_an_amount_means_what_is_written(text: str, numbers: tuple[float, ...]) -> None:
    assert meant(text, "$") == numbers


@pytest.mark.parametrize(("text", "numbers"), [("5 months", (5.0,)), ("5 Mo", (5.0,)), ("$5", ()), ("5 years", ())])
def test_months_have_a_unit_of_their_own(text: str, numbers: tuple[float, ...]) -> None:
    assert meant(text, "months") == numbers


@pytest.mark.parametrize("unit", ["GB", "km/h", "a-b c", "(x)", "#&~", "1.5 l", "^$"])
def test_the_pattern_of_a_unit_is_one_for_browsers_too(unit: str) -> None:
    before, after = around(unit)
    assert before == ""
    assert re.fullmatch(after, unit)
    # With the flags u and v, browsers refuse an escape of anything but syntax.
    assert set(re.findall(r"\\(.)", after)) <= set("^$\\.*+?()[]{}|/")
    assert meant(f"5 {unit}", unit) == (5.0,)
