"""The sections of a declaration's file: which keys and values each may have, and the faults in them."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from churn.customer.echo import echo
from churn.customer.line_numbers import LineNumbers

# Larger numbers are not told apart one by one, in JSON and in models.
_MAX_NUMBER = 2**53

ROLES = ("tenure", "monthly_value", "total_value")


class Kind(NamedTuple):
    """A kind of value: the words for it in a message, and the check whether a value is of this kind."""

    words: str
    fits: Callable[[Any], bool]


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_name(value: Any) -> bool:
    return _is_text(value) and value.isprintable() and value == value.strip()


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_text, value)) and len(set(value)) == len(value)


def _is_names(value: Any) -> bool:
    return _is_texts(value) and all(map(_is_name, value))


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is_table(value: Any, fits: Callable[[Any], bool] = _is_text) -> bool:
    return isinstance(value, dict) and bool(value) and all(map(fits, value.values()))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _MAX_NUMBER


def _is_rising(values: list[Any]) -> bool:
    return len(values) > 1 and all(map(_is_number, values)) and values == sorted(set(values))


def _is_values(value: Any) -> bool:
    return _is_names(value) or (_is_table(value) and all(map(_is_name, value)))


def _is_template(value: Any) -> bool:
    return _is_text(value) and not re.search(r"[{}]", value.replace("{}", ""))


def _is_words(value: Any) -> bool:
    """Whether it is a template, or a table of texts by number with a template for the other ones."""
    if not isinstance(value, dict):
        return _is_template(value)
    numbers = [key for key in value if key != "other"]
    return _is_table(value) and _is_template(value.get("other")) and all(map(_NUMERAL, numbers))


def _is_file_name(value: Any) -> bool:
    return _is_name(value) and not re.search(r"[/\\:]", value) and value not in (".", "..")


def _has(**kinds: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """A check whether a value is a table of exactly these keys, each with a value that fits."""
    return lambda value: (
        isinstance(value, dict)
        and value.keys() == kinds.keys()
        and all(fits(value[key]) for key, fits in kinds.items())
    )


# A number as a key: plain digits, which cannot be too many.
_NUMERAL = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,15})?").fullmatch

_is_offer = _has(to=_is_text, words=_is_text, held=_is_texts)

_TEXT = Kind("a text", _is_text)
_NAME = Kind("a text in one line, without blanks around it", _is_name)
_TEXTS = Kind("a list of texts, each once", _is_texts)
_NAMES = Kind("a list of texts in one line, each once, without blanks around them", _is_names)
_WORDS = Kind("a table with a text for each name", _is_table)
_NUMBER, _FLAG = (
    Kind("a number within ±2^53", _is_number),
    Kind("true or false", lambda value: isinstance(value, bool)),
)

TABLE = {
    **dict.fromkeys(("name", "id", "outcome"), _NAME),
    **dict.fromkeys(("left", "stayed", "set_aside", "groups", "segments"), _TEXTS),
    "missing": Kind("a list of what is written where a value is not known", _is_list),
    "file": Kind("the name of a file in CHURN_DATA_DIR, without a folder", _is_file_name),
    **dict.fromkeys(("currency", "services", "derived_columns"), _TEXT),
    "label_window_months": Kind("a whole number from 1", lambda value: type(value) is int and value > 0),
}
_FIELD = {
    "name": _NAME,
    **dict.fromkeys(("title", "group", "help"), _TEXT),
    "type": Kind('"category" or "number"', lambda value: value in ("category", "number")),
    "required": _FLAG,
    "columns": _NAMES,
    "blank": Kind('"unknown" or "value"', lambda value: value in ("unknown", "value")),
}
CATEGORY = _FIELD | {
    "values": Kind("a list of the values, each once, or a table with the words for each, no blanks around", _is_values),
    "other": _FLAG,
    "example": _TEXT,
    "aliases": _WORDS,
    "none": _TEXT,
    "protected": Kind("true, or a name for the group of each value", lambda value: value is True or _is_table(value)),
    "implied_by": Kind(
        "{ field, value, implies }",
        _has(field=_is_text, value=_is_text, implies=lambda value: isinstance(value, str)),
    ),
    "offers": Kind(
        "a list of { to, words, held }", lambda value: isinstance(value, list) and all(map(_is_offer, value))
    ),
}
NUMBER = _FIELD | {
    **dict.fromkeys(("low", "high", "example"), _NUMBER),
    "bands": Kind("a list of rising numbers", lambda value: isinstance(value, list) and _is_rising(value)),
    "whole": _FLAG,
    "unit": _TEXT,
    "words": Kind(
        "a text with {} for the number and no other braces, or a table of texts by number and such a text as other",
        _is_words,
    ),
    "role": Kind(", ".join(ROLES), lambda value: value in ROLES),
    "protected": Kind("true", lambda value: value is True),
    "when_absent": Kind(
        "{ product = [two fields], words }",
        _has(product=lambda value: _is_texts(value) and len(value) == 2, words=_is_text),
    ),
}
# There is one thing to expect so far; it is written out so that the file says what it means.
EXPECT = {
    **dict.fromkeys(("field", "from", "to"), _TEXT),
    "risk": Kind('"not higher"', lambda value: value == "not higher"),
    "words": Kind("{ from, to }", _has(**{"from": _is_text, "to": _is_text})),
}
LEFT_OUT = Kind("the reason, as a text", _is_text)
SIMILAR_COLUMN = _TEXTS
SIMILAR_VALUES = Kind("a table with a list of texts for each value", lambda value: _is_table(value, _is_texts))


class Section:
    """A section of the file, which collects its faults together with the lines in which they are.

    `place` is the section's position among those with its name, from 0. `sound` is whether it has no faults so far.
    """

    def __init__(self, lines: LineNumbers, name: str, place: int, held: Any, faults: list[tuple[int, str]]) -> None:
        self._lines, self._name, self._place, self._faults = lines, name, place, faults
        self.held: dict[str, Any] = held if isinstance(held, dict) else {}
        self.sound = True
        self._is_one = isinstance(held, dict)
        if not self._is_one:
            self._note(name, f"{name} = {echo(held)}: write a section of keys and values.")

    def fault(self, key: str, remedy: str) -> None:
        """Add a fault of a key; `remedy` is the sentence about what to do."""
        self._note(key, f"{key} = {echo(self.held[key])}: {remedy}" if key in self.held else f"{key}: {remedy}")

    def _note(self, key: str, sentence: str) -> None:
        self._faults.append((self._lines.of(self._name, self._place, key), sentence))
        self.sound = False

    def check(self, kinds: Mapping[str, Kind], needed: Iterable[str]) -> None:
        """Add a fault for each `needed` key that is missing, each unknown key, and each value that does not fit."""
        for key in needed:
            if key not in self.held and self._is_one:
                self.fault(key, f"it is needed; write {kinds[key].words}.")
        for key, value in self.held.items():
            if key not in kinds:
                self.fault(key, f"remove it; known are {', '.join(kinds)}.")
            elif not kinds[key].fits(value):
                self.fault(key, f"write {kinds[key].words}.")

    def require(self, key: str, given: Iterable[str], known: Iterable[str]) -> None:
        """Add a fault of the key if any of the `given` texts is not a `known` one."""
        listed = list(known)
        if wrong := [text for text in given if text not in listed]:
            self.fault(key, f"{', '.join(map(echo, wrong))} is not declared; known are {', '.join(map(echo, listed))}.")
