"""What a text means in a category: the spellings of values, the words for a missing value, and advice on others."""

import math
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from churn.customer.declaration import Declaration
from churn.customer.echo import MAX_ECHO, echo
from churn.customer.fields import BLANK, Category, Number
from churn.customer.likeness import Likeness

MISSING = frozenset(
    {
        *("na", "n/a", "n.a.", "#n/a", "#na", "#n/a n/a", "<na>", "null", "(null)", "<null>", "nan", "-nan", "none"),
        *("<none>", "nil", r"\n", "-", "--", "–", "—", "?", "unknown", "missing", "not available", "(blank)"),
    }
)
"""What programs and people write, in any letter case, where a value is not known; a declaration may say otherwise."""

NO, YES = ("n", "f", "false", "no"), ("y", "t", "true", "yes")
"""What programs and people write, in any letter case, for no and yes."""

# Those of them that may also mean "none of it", which is a value of some fields.
_NOTHING = frozenset({"none", "<none>", "nil", "-", "--", "–", "—"})

# More values than this tell nobody more, and a file with a fault in every row would have them all in every row.
_MOST_LISTED = 20

# Longer texts are not looked up: no spelling has so many characters, whatever blanks are in it.
_MAX_LENGTH = 200

# A whole number, also as floating-point numbers are written, with a decimal point or comma.
_WHOLE = re.compile(r"(0|-?[1-9][0-9]{0,14})(?:[.,]0*)?").fullmatch


def _spellings(field: Category) -> dict[Any, int]:
    """The code of every spelling of every value: as declared and in lower case, whole numbers, and the aliases."""
    codes: dict[Any, int] = {
        spelling: code for code, name in enumerate(field.names) for spelling in (folded(name), name)
    }
    codes |= {int(name): code for code, name in enumerate(field.names) if (match := _WHOLE(name)) and match[1] == name}
    return codes | {alias: field.code(value) for alias, value in (field.aliases or {}).items()}


class Spellings:
    """Looks up what texts and numbers mean in the fields of one declaration."""

    def __init__(self, declaration: Declaration) -> None:
        categories = declaration.categories
        self._fields = declaration.fields
        self.codes: dict[str, dict[Any, int]] = {
            name: _spellings(categories[name]) if name in categories else {} for name in declaration.fields
        }
        """By field, the code of every spelling of its values; empty for a number."""

        self.whole_numbers: dict[str, list[int]] = {
            name: sorted(spelling for spelling in spellings if isinstance(spelling, int))
            for name, spellings in self.codes.items()
        }
        """By field, the whole numbers that mean a value: 0 and 1 for two opposite values, and values that are such."""

        self.blanks: dict[str, float] = {
            name: math.nan if isinstance(field, Number) else field.code(BLANK)
            for name, field in declaration.fields.items()
            if field.blank_is_value
        }
        """What a blank is held as, by the fields in which it is a value: a code, or NaN for a number."""

        self._missing = declaration.missing
        self._absent = {name: self._absent_words(name) for name in declaration.fields}
        self._rest = {name: field.rest for name, field in categories.items()}
        self._likeness = {name: _likeness(field) for name, field in categories.items()}
        # Cached, since a table repeats its mistakes.
        self._value_meant = lru_cache(4096)(self._most_likely)

    def code_of(self, name: str, raw: Any) -> int | None:
        """The code of the value that is certainly meant, or None; of a value that is not absent."""
        code, rest = self._declared(name, raw), self._rest[name]
        return rest if code is None and rest is not None and self._is_unknown(name, raw) else code

    def _declared(self, name: str, raw: Any) -> int | None:
        """The code of the declared value that is meant, or None."""
        spellings = self.codes[name]
        if type(raw) is str:
            if raw in spellings:
                return spellings[raw]
            text = raw.strip()
            if (
                self.whole_numbers[name]
                and (number := _WHOLE(text))
                and (code := spellings.get(int(number[1]))) is not None
            ):
                return code
            return spellings.get(folded(text)) if len(text) <= _MAX_LENGTH else None
        return spellings.get(raw) if _is_number(raw) else None

    def _is_unknown(self, name: str, raw: Any) -> bool:
        """Whether this is a value, though not a declared one, rather than none of it or a value that is not known."""
        if not isinstance(raw, str):
            return self.takes(name, raw) and abs(raw) < math.inf
        text = raw.strip()
        return bool(text) and not self._says_missing(text) and not self._may_be_none(name, text)

    def texts(self, name: str) -> set[str]:
        """Every spelling of the category's values in lower case, but a blank."""
        return {spelling.casefold() for spelling in self.codes[name] if spelling and isinstance(spelling, str)}

    def absent_words(self, name: str) -> frozenset[str]:
        """The words, in lower case, that mean what a blank means in this field.

        There are none where the field is required and a blank is no value.
        """
        return self._absent[name]

    def _absent_words(self, name: str) -> frozenset[str]:
        field = self._fields[name]
        if field.required and not field.blank_is_value:
            return frozenset()
        return frozenset(
            word for word in self._missing if word not in self.codes[name] and not self._may_be_none(name, word)
        )

    def refused_words(self, name: str) -> set[str]:
        """The words, in lower case, that are no value of a category which takes unknown values, and no blank either."""
        words = {word for word in self._missing | _NOTHING if self._says_missing(word) or self._may_be_none(name, word)}
        return {word for word in words if word not in self.codes[name]} - self._absent[name]

    def is_absent(self, name: str, raw: Any) -> bool:
        """Whether this is a blank: None, an empty text, or a word such as "unknown" in a field that may be left out.

        The field is then absent, unless `blanks` has a value for it.
        """
        if raw is None:
            return True
        if type(raw) is not str:
            return False
        text = raw.strip()
        return not text or (len(text) <= _MAX_LENGTH and text.casefold() in self._absent[name])

    def takes(self, name: str, raw: Any) -> bool:
        """Whether values of this type can be read in this field: texts, and in some fields numbers."""
        return isinstance(raw, str) or (bool(self.whole_numbers[name]) and _is_number(raw))

    def advice(self, name: str, raw: Any) -> str:
        """A sentence after a blank about what to do with a value that cannot be read; empty without advice."""
        if not isinstance(raw, str) or len(text := raw.strip()) > MAX_ECHO:
            return ""
        field = self._fields[name]
        if field.required and self._says_missing(text):
            return f" {name} is required, and {echo(text)} says that it is not known."
        if not isinstance(field, Category):
            return ""
        if self._may_be_none(name, text):
            return f' Send "{field.none}" if there is none, or leave it blank if that is not known.'
        value = self._value_meant(name, text)
        return f' Did you mean "{value}"?' if value else ""

    def _says_missing(self, text: str) -> bool:
        return len(text) <= _MAX_LENGTH and text.casefold() in self._missing

    def _may_be_none(self, name: str, text: str) -> bool:
        field = self._fields[name]
        return isinstance(field, Category) and field.none is not None and text.casefold() in _NOTHING

    def _most_likely(self, name: str, text: str) -> str | None:
        return self._likeness[name].of(text)


def _likeness(field: Category) -> Likeness:
    similar = field.similar or {}
    return Likeness({value: similar.get(value, ()) for value in field.names if value and not value.isdigit()})


def folded(text: str) -> str:
    """The text as spellings are compared: in lower case, with single blanks."""
    return " ".join(text.split()).casefold()


def _is_number(raw: Any) -> bool:
    # Python's True equals 1 as a key, but a boolean is not accepted as a number.
    return isinstance(raw, int | float) and not isinstance(raw, bool)


def listed(field: Category) -> str:
    """The values as a list within a sentence: "No", "Yes" or "Maybe", in quotation marks."""
    names = [*field.names, *field.labels[:2]] if field.is_flag else field.names
    return either([name for name in dict.fromkeys(names) if name], blank=field.blank_is_value)


def either(names: Sequence[str], *, blank: bool = False) -> str:
    """The first of these names in quotation marks, how many more there are, and maybe a blank, with an "or"."""
    more = len(names) - _MOST_LISTED
    told = [f'"{name}"' for name in names[:_MOST_LISTED]]
    told += [f"one of {more} more"] if more > 0 else []
    told += ["blank"] if blank else []
    return " or ".join(filter(None, (", ".join(told[:-1]), told[-1])))
