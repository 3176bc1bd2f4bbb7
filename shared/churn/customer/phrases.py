"""The words for a number, made from the template that its field declares."""

from collections.abc import Callable, Mapping

Phrase = Callable[[float], str]


def phrase_of(words: str | Mapping[str, str], currency: str, *, whole: bool, blank: str | None = None) -> Phrase:
    """A function from a number to the words for it.

    `words` is a template in which `{}` stands for the number, or such templates by number, with "other" for all other
    numbers. `currency` precedes the number, which then has two decimals; it is empty for what is no amount of money.
    `blank` are the words for NaN, a number that was left blank; None if that cannot be.
    """
    phrase = _phrase(words, currency, whole=whole)
    return phrase if blank is None else lambda number: phrase(number) if number == number else blank


def _phrase(words: str | Mapping[str, str], currency: str, *, whole: bool) -> Phrase:
    amount = f"{currency.replace('{', '{{')}{{:,.2f}}" if currency else "{:,.0f}" if whole else "{:,.6g}"
    if isinstance(words, str):
        return words.replace("{}", amount).format
    other = words["other"].replace("{}", amount).format
    own = {float(number): text for number, text in words.items() if number != "other"}
    return lambda number: own.get(number) or other(number)
