"""The words for a number, made from the template that its field declares."""

from collections.abc import Callable, Mapping

Phrase = Callable[[float], str]

# From here on seven digits precede the point, and fewer than that would be written with an exponent.
_SIX_DIGITS = 999_999.5


def money(amount: float, currency: str, digits: str) -> str:
    """An amount, its digits formatted as told, with the currency before it and a minus before both: −$4.00."""
    return f"{'−' if amount < 0 else ''}{before_digits(currency)}{abs(amount):{digits}}"


def before_digits(currency: str) -> str:
    """The currency as it stands before digits: a symbol close to them, a code, which ends with a letter, set off."""
    return f"{currency}\N{NO-BREAK SPACE}" if currency[-1:].isalpha() else currency


def percent(share: float, decimals: int) -> str:
    """A share in percent: 0.385 → "38.5 %"."""
    return f"{share * 100:.{decimals}f}\N{NO-BREAK SPACE}%"


def phrase_of(words: str | Mapping[str, str], currency: str, *, whole: bool, blank: str | None = None) -> Phrase:
    """A function from a number to the words for it.

    `words` is a template in which `{}` stands for the number, or such templates by number, with "other" for all other
    numbers. `currency` precedes the number, which then has two decimals; it is empty for what is no amount of money.
    `blank` are the words for NaN, a number that was left blank; None if that cannot be.
    """
    phrase = _phrase(words, currency, whole=whole)
    return phrase if blank is None else lambda number: phrase(number) if number == number else blank


def _phrase(words: str | Mapping[str, str], currency: str, *, whole: bool) -> Phrase:
    if isinstance(words, str):
        return _filled(words, currency, whole=whole)
    other = _filled(words["other"], currency, whole=whole)
    own = {float(number): text for number, text in words.items() if number != "other"}
    return lambda number: own.get(number) or other(number)


def _filled(template: str, currency: str, *, whole: bool) -> Phrase:
    """A function from a number to a template with its digits: six of them that count, or all that precede the point.

    Every number of a large file goes through it, so that Python's own formatting fills the whole template at once.
    """
    if currency:
        amount = _format(template, before_digits(currency), ",.2f")
        below = _format(template, f"−{before_digits(currency)}", ",.2f")
        return lambda number: below(-number) if number < 0 else amount(abs(number))  # −0.0 is not below 0
    if whole:
        return _format(template, "", ",.0f")
    short, long = _format(template, "", ",.6g"), _format(template, "", ",.0f")
    return lambda number: short(number) if abs(number) < _SIX_DIGITS else long(number)


def _format(template: str, before: str, digits: str) -> Phrase:
    """Fills in a number formatted as told, wherever `{}` stands in the template, with a text before it."""
    parts = (part.replace("{", "{{").replace("}", "}}") for part in template.split("{}"))
    before = before.replace("{", "{{").replace("}", "}}")
    return f"{before}{{0:{digits}}}".join(parts).format
