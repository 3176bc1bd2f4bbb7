"""The words for a number, made from the template that its field declares."""

from collections.abc import Callable, Mapping

Phrase = Callable[[float], str]

# From here on seven digits precede the point, and fewer than that would be written with an exponent.
_SIX_DIGITS = 999_999.5


def money(amount: float, currency: str, digits: str) -> str:
    """An amount, its digits formatted as told, with the currency before it and a minus before both: −$4.00."""
    return f"{'−' if amount < 0 else ''}{currency}{abs(amount):{digits}}"


def phrase_of(words: str | Mapping[str, str], currency: str, *, whole: bool, blank: str | None = None) -> Phrase:
    """A function from a number to the words for it.

    `words` is a template in which `{}` stands for the number, or such templates by number, with "other" for all other
    numbers. `currency` precedes the number, which then has two decimals; it is empty for what is no amount of money.
    `blank` are the words for NaN, a number that was left blank; None if that cannot be.
    """
    phrase = _phrase(words, currency, whole=whole)
    return phrase if blank is None else lambda number: phrase(number) if number == number else blank


def _phrase(words: str | Mapping[str, str], currency: str, *, whole: bool) -> Phrase:
    told = _teller(currency, whole=whole)
    if isinstance(words, str):
        return lambda number: words.replace("{}", told(number))
    other = words["other"]
    own = {float(number): text for number, text in words.items() if number != "other"}
    return lambda number: own.get(number) or other.replace("{}", told(number))


def _teller(currency: str, *, whole: bool) -> Phrase:
    """A function from a number to its digits, with six of them that count, or all that precede the point."""
    if currency:
        return lambda number: money(number, currency, ",.2f")
    if whole:
        return "{:,.0f}".format
    return lambda number: f"{number:,.6g}" if abs(number) < _SIX_DIGITS else f"{number:,.0f}"
