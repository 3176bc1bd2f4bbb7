"""How a number is told in words, by the template that its field declares."""

from collections.abc import Callable, Mapping

Phrase = Callable[[float], str]


def phrase_of(words: str | Mapping[str, str], currency: str, *, whole: bool) -> Phrase:
    """A function from a number to its words; `{}` in them stands for the number, `currency` is empty where it is none.

    Words by number ("0", "1" and "other") are for numbers that are told in a way of their own.
    """
    amount = f"{currency.replace('{', '{{')}{{:,.2f}}" if currency else "{:,.0f}" if whole else "{:,.6g}"
    if isinstance(words, str):
        return words.replace("{}", amount).format
    other = words["other"].replace("{}", amount).format
    own = {float(number): text for number, text in words.items() if number != "other"}
    return lambda number: own.get(number) or other(number)
