"""What a text means in a category: the spellings of values, the words for a missing value, and advice on others."""

import re
from functools import lru_cache
from typing import Any

from churn.customer.declaration import Declaration
from churn.customer.echo import MAX_ECHO, echo
from churn.customer.fields import Category, Field
from churn.customer.likeness import Likeness

MISSING = frozenset(
    {
        *("na", "n/a", "n.a.", "#n/a", "#na", "#n/a n/a", "<na>", "null", "(null)", "<null>", "nan", "-nan", "none"),
        *("<none>", "nil", r"\n", "-", "--", "–", "—", "?", "unknown", "missing", "not available", "(blank)"),
    }
)
"""What programs and people write, in any letter case, where a value is not known."""

# Those of them that may also mean "none of it", which is a value of some fields.
_NOTHING = frozenset({"none", "<none>", "nil", "-", "--", "–", "—"})

# Longer texts are not looked up: no spelling has so many characters, whatever blanks are in it.
_MAX_LENGTH = 200

# 0 or 1, also as floating-point numbers are written, with a decimal point or comma.
_FLAG = re.compile(r"([01])(?:[.,]0*)?").fullmatch


def _spellings(field: Category) -> dict[Any, int]:
    """The code of every spelling of every value: as declared and in lower case, and the aliases."""
    codes: dict[Any, int] = {
        spelling: code for code, name in enumerate(field.names) for spelling in (name, name.casefold())
    }
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

        self.takes_numbers = frozenset(name for name, spellings in self.codes.items() if 1 in spellings)
        """The names of the fields with two opposite values, which may be written 0 and 1."""

        self._likeness = {name: _likeness(field) for name, field in categories.items()}
        # Cached, since a table repeats its mistakes.
        self._value_meant = lru_cache(4096)(self._most_likely)

    def code_of(self, name: str, raw: Any) -> int | None:
        """The code of the value that is certainly meant, or None."""
        spellings = self.codes[name]
        if type(raw) is str:
            if raw in spellings:
                return spellings[raw]
            text = raw.strip()
            if name in self.takes_numbers and (flag := _FLAG(text)) is not None:
                return spellings[int(flag[1])]
            return spellings.get(" ".join(text.split()).casefold()) if len(text) <= _MAX_LENGTH else None
        # Python's True equals 1 as a key, but a boolean is not accepted as a number.
        return spellings.get(raw) if isinstance(raw, int | float) and not isinstance(raw, bool) else None

    def texts(self, name: str) -> set[str]:
        """Every spelling of the category's values in lower case."""
        return {spelling.casefold() for spelling in self.codes[name] if isinstance(spelling, str)}

    def absent_words(self, name: str) -> set[str]:
        """The words, in lower case, that mean that the field is absent; empty for a required field."""
        field = self._fields[name]
        return set() if field.required else {word for word in MISSING if not _may_be_none(field, word)}

    def is_absent(self, name: str, raw: Any) -> bool:
        """Whether there is no value: None, a blank, or, in an optional field, a word such as "unknown"."""
        if raw is None:
            return True
        if type(raw) is not str:
            return False
        text, field = raw.strip(), self._fields[name]
        return not text or (_says_missing(text) and not field.required and not _may_be_none(field, text))

    def takes(self, name: str, raw: Any) -> bool:
        """Whether values of this type can be read in this field: texts, and in some fields numbers."""
        return isinstance(raw, str) or (
            name in self.takes_numbers and isinstance(raw, int | float) and not isinstance(raw, bool)
        )

    def advice(self, name: str, raw: Any) -> str:
        """A sentence after a blank about what to do with a value that cannot be read; empty without advice."""
        if not isinstance(raw, str) or len(text := raw.strip()) > MAX_ECHO:
            return ""
        field = self._fields[name]
        if field.required and _says_missing(text):
            return f" {name} is required, and {echo(text)} says that it is not known."
        if not isinstance(field, Category):
            return ""
        if _may_be_none(field, text):
            return f' Send "{field.none}" if there is none, or leave it blank if that is not known.'
        value = self._value_meant(name, text)
        return f' Did you mean "{value}"?' if value else ""

    def _most_likely(self, name: str, text: str) -> str | None:
        return self._likeness[name].of(text)


def _likeness(field: Category) -> Likeness:
    similar = field.similar or {}
    return Likeness({value: similar.get(value, ()) for value in field.names if not value.isdigit()})


def _says_missing(text: str) -> bool:
    return len(text) <= MAX_ECHO and text.casefold() in MISSING


def _may_be_none(field: Field, text: str) -> bool:
    return isinstance(field, Category) and field.none is not None and text.casefold() in _NOTHING


def listed(field: Category) -> str:
    """The values as a list within a sentence: "No", "Yes" or "Maybe", in quotation marks."""
    names = [*field.names, *field.labels] if field.is_flag else list(field.names)
    return ", ".join(f'"{name}"' for name in names[:-1]) + f' or "{names[-1]}"'
