"""What a text means for a category: how each value is spelled, what says that it is missing, and what to ask about."""

import re
from functools import lru_cache
from typing import Any

from churn.customer.declaration import CATEGORIES, FIELDS
from churn.customer.echo import MAX_ECHO, echo
from churn.customer.fields import Category
from churn.customer.likeness import Likeness

MISSING = frozenset(
    {
        *("na", "n/a", "n.a.", "#n/a", "#na", "#n/a n/a", "<na>", "null", "(null)", "<null>", "nan", "-nan", "none"),
        *("<none>", "nil", r"\n", "-", "--", "–", "—", "?", "unknown", "missing", "not available", "(blank)"),
    }
)
"""What programs and people write where a value is not known, in lower case."""

# The same words where they may also mean that there is none of it.
_NOTHING = frozenset({"none", "<none>", "nil", "-", "--", "–", "—"})

# No spelling is longer, however many blanks there are in it.
_MAX_LENGTH = 200

# A nought or a one as a table of floating-point numbers writes it, with a decimal comma too.
_FLAG = re.compile(r"([01])(?:[.,]0*)?").fullmatch

_YEAR = (
    "{0} year",
    "{0} yr",
    "{0} yrs",
    "{0} year contract",
    "{0} yr contract",
    "{1} months",
    "{1} mo",
    "{1} months contract",
)
_MEANT: dict[str, dict[str, tuple[str, ...]]] = {
    "Contract": {
        "Month-to-month": ("month to month contract", "monthly", "monthly contract", "m2m", "mtm"),
        "One year": (*(text.format("one", "12") for text in _YEAR), "yearly", "annual", "annual contract"),
        "Two year": (*(text.format("two", "24") for text in _YEAR), "biennial"),
    },
    "InternetService": {
        "DSL": ("dsl internet", "adsl", "vdsl"),
        "Fiber optic": ("fiber", "fibre", "fibre optic", "optical fiber", "optical fibre", "fiber optic internet"),
        "No": ("no internet", "no internet service", "without internet"),
    },
    "PaymentMethod": {
        "Bank transfer (automatic)": ("bank transfer", "auto bank transfer", "bank transfer automated"),
        "Credit card (automatic)": ("credit card", "auto credit card", "credit card automated"),
        "Electronic check": ("e check", "electronic cheque", "e cheque"),
        "Mailed check": ("mail check", "mailed cheque", "mail cheque", "check by mail", "cheque by mail"),
    },
    "MultipleLines": {"No phone service": ("no phone",), "No": ("single line",)},
}
_NO_INTERNET = {"No internet service": ("no internet", "without internet")}


def _spellings(field: Category) -> dict[Any, int]:
    """Every spelling of every value, as declared and folded, with the value's code."""
    codes: dict[Any, int] = {
        spelling: code for code, name in enumerate(field.names) for spelling in (name, name.casefold())
    }
    return codes | {alias: field.code(value) for alias, value in (field.aliases or {}).items()}


def _likeness(name: str, field: Category) -> Likeness:
    meant = _MEANT.get(name, _NO_INTERNET if "No internet service" in field.names else {})
    return Likeness({value: meant.get(value, ()) for value in field.names if not value.isdigit()})


SPELLINGS = {name: _spellings(field) if isinstance(field, Category) else {} for name, field in FIELDS.items()}
"""By field, every spelling of its values with the value's code; of a number there is none."""

_LIKENESS = {name: _likeness(name, field) for name, field in CATEGORIES.items()}
TAKES_NUMBERS = frozenset(name for name, spellings in SPELLINGS.items() if 1 in spellings)
"""The fields of two opposite values, which 0 and 1 mean too."""


def code_of(name: str, raw: Any) -> int | None:
    """The code of the value that is meant, None where none is for certain."""
    spellings = SPELLINGS[name]
    if type(raw) is str:
        if raw in spellings:
            return spellings[raw]
        text = raw.strip()
        if name in TAKES_NUMBERS and (flag := _FLAG(text)) is not None:
            return spellings[int(flag[1])]
        return spellings.get(" ".join(text.split()).casefold()) if len(text) <= _MAX_LENGTH else None
    # True is 1 to a dictionary, and no number to us.
    return spellings.get(raw) if isinstance(raw, int | float) and not isinstance(raw, bool) else None


def texts(name: str) -> set[str]:
    """Every spelling of the category's values in lower case."""
    return {spelling.casefold() for spelling in SPELLINGS[name] if isinstance(spelling, str)}


def absent_words(name: str) -> set[str]:
    """The words, in lower case, that leave the field out."""
    return set() if FIELDS[name].required else {word for word in MISSING if not _may_be_none(name, word)}


def is_absent(name: str, raw: Any) -> bool:
    """Whether there is no value: null, blank, or for a field that may be left out a word that says so."""
    if raw is None:
        return True
    if type(raw) is not str:
        return False
    text = raw.strip()
    return not text or (_says_missing(text) and not FIELDS[name].required and not _may_be_none(name, text))


def _says_missing(text: str) -> bool:
    return len(text) <= MAX_ECHO and text.casefold() in MISSING


def _may_be_none(name: str, text: str) -> bool:
    field = FIELDS[name]
    return isinstance(field, Category) and field.none is not None and text.casefold() in _NOTHING


def takes(name: str, raw: Any) -> bool:
    """Whether values of this type are read in this field at all."""
    return isinstance(raw, str) or (
        name in TAKES_NUMBERS and isinstance(raw, int | float) and not isinstance(raw, bool)
    )


def listed(field: Category) -> str:
    """The values as a sentence lists them."""
    names = ["0", "1", "No", "Yes"] if field.names == ("0", "1") else list(field.names)
    return ", ".join(f'"{name}"' for name in names[:-1]) + f' or "{names[-1]}"'


def advice(name: str, raw: Any) -> str:
    """What to do about a value that is not read, as a sentence of its own; empty where that is not certain."""
    if not isinstance(raw, str) or len(text := raw.strip()) > MAX_ECHO:
        return ""
    field = FIELDS[name]
    if field.required and _says_missing(text):
        return f" {name} is required, and {echo(text)} says that it is not known."
    if not isinstance(field, Category):
        return ""
    if _may_be_none(name, text):
        return f' Send "{field.none}" if there is none, or leave it blank if that is not known.'
    value = _value_meant(name, text)
    return f' Did you mean "{value}"?' if value else ""


@lru_cache(4096)
def _value_meant(name: str, text: str) -> str | None:
    """Remembered, since a table repeats its mistakes."""
    return _LIKENESS[name].of(text)
