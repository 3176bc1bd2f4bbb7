"""Numbers as people and programs write them.

Besides plain numeric text, these are read: a decimal comma, thousands in groups, a currency or a unit, and brackets
around a negative amount. A text can mean two numbers if three digits follow its only point or comma: 1.324 is 1,324 to
half of the world.
"""

import re
from collections.abc import Callable
from functools import lru_cache

# What may separate thousands besides the comma and the point: an apostrophe, a space or a non-breaking space.
_GAP = "['’ \u00a0\u2009\u202f]"
_GROUPED = "|".join(
    (
        r"[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]+)?",
        r"[1-9][0-9]{0,2}(?:\.[0-9]{3})+(?:,[0-9]+)?",
        rf"[1-9][0-9]{{0,2}}(?:{_GAP}[0-9]{{3}})+(?:[.,][0-9]+)?",
    )
)
_SIMPLE = r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_COMMA = r"[0-9]*,[0-9]+(?:[eE][+-]?[0-9]+)?"
BODY = f"(?:{_SIMPLE}|{_COMMA}|{_GROUPED})"
"""The digits of a number, without sign, currency and unit, as a pattern for Python and for JSON Schema alike."""

_CURRENCIES = "USD|EUR|GBP|CHF|CAD|AUD|NZD|INR|BRL|JPY|CNY|SEK|NOK|DKK|PLN|CZK|HUF|ZAR|MXN"
_SYMBOLS = "[$€£¥₹₩₪₫₴₺₽]"
_MONEY_BEFORE = f"(?:{_SYMBOLS}|US[$]|{_CURRENCIES})"
_MONEY_AFTER = f"(?:{_SYMBOLS}|{_CURRENCIES})"
_MONTHS = "(?:[Mm]onths?|MONTHS?|[Mm]os?|[Mm]ths?)"

_is_simple = re.compile(f"[+-]?{_SIMPLE}").fullmatch
_is_grouped = re.compile(_GROUPED).fullmatch
_is_comma = re.compile(_COMMA).fullmatch
_is_money = re.compile(_MONEY_BEFORE).fullmatch

# Longer texts are not searched for a unit or a sign; plain digits may be longer, as programs write them.
_MAX_DRESSED = 64


def around(unit: str) -> tuple[str, str]:
    """The patterns of what may precede and what may follow a number in this unit; empty if nothing may."""
    if _is_money(unit):
        return _MONEY_BEFORE, _MONEY_AFTER
    return "", _MONTHS if unit == "months" else escaped(unit)


def escaped(text: str) -> str:
    """A pattern of this very text, in Python and in ECMAScript, which allows no needless escapes."""
    return re.sub(r"[\\^$.*+?()\[\]{}|/]", r"\\\g<0>", text)


@lru_cache
def _dressed(unit: str) -> Callable[[str], re.Match[str] | None]:
    before, after = around(unit)
    return re.compile(
        rf"(\()?\s*([+-]?)\s*(?:{before or '(?!)'})?\s*([+-]?)\s*({BODY})\s*(?:{after})?\s*(-?)\s*(\))?"
    ).fullmatch


def meant(text: str, unit: str) -> tuple[float, ...]:
    """The numbers that a text can mean in a field with this unit: none, one or two.

    If there are two, the first takes the point or comma as a decimal mark; the second, which takes it as a separator of
    thousands, is a thousand times as large.
    """
    text = text.strip()
    if _is_simple(text):
        return _doubled(text, ".")
    if len(text) > _MAX_DRESSED or (match := _dressed(unit)(text.replace("\u2212", "-"))) is None:
        return ()
    opened, sign, inner, body, after, closed = match.groups("")
    marks = "".join((opened, sign, inner, after))
    if len(marks) > 1 or bool(opened) != bool(closed):
        return ()
    return tuple(-number if marks in ("(", "-") else number for number in _read(body))


def _read(body: str) -> tuple[float, ...]:
    if _is_simple(body):
        return _doubled(body, ".")
    if _is_comma(body):
        return _doubled(body, ",")
    decimal = "," if body.rfind(",") > body.rfind(".") else "."
    if body.count(decimal) > 1:
        decimal = ""
    kept = "".join(char if char.isdigit() else "." for char in body if char.isdigit() or char == decimal)
    return (float(kept),)


def _doubled(text: str, mark: str) -> tuple[float, ...]:
    decimal = float(text if mark == "." else text.replace(",", "."))
    if text[-4:-3] == mark and len(digits := text.lstrip("+-")) <= len("999.999") and _is_grouped(digits):
        return (decimal, float(text.replace(mark, "")))
    return (decimal,)
