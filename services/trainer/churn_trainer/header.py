"""Checking the header of a customer table: all that a row needs is there once, and nothing gives the answer away."""

import difflib
import re
from collections.abc import Callable

from churn.customer import FIELDS, ID, LABEL
from churn_trainer.errors import BrokenTable

NEEDED = (*FIELDS, LABEL)
KNOWN = (ID, *NEEDED)

# Columns of the data set's 33-column edition, and their like, that are only known once a customer has left or that
# another model made from the answer.
_LEAKS = re.compile(
    r"churn|cltv|attrition|exited|left(reason|date)|satisfactionscore|customerstatus|cancel", re.IGNORECASE
)

_OTHER_DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "bars"}


def check(cells: list[str], table: str, repair: Callable[[str], None]) -> list[str]:
    """The known name of each column, empty for a column that is left out. Raises BrokenTable with every fault."""
    names = [cell.strip() for cell in cells]
    if not any(names):
        raise BrokenTable(table, ["It is empty; a header row and customers are needed."])
    faults = _shape_faults(names) or [*_leaks(names), *_missing(names), *_repeated(names)]
    if faults:
        raise BrokenTable(table, faults)
    if names != cells:
        repair("header: outer blanks removed")
    extra = [name for name in names if name not in KNOWN]
    if extra:
        repair(f"extra columns left out: {', '.join(extra)}")
    return [name if name in KNOWN else "" for name in names]


def _shape_faults(names: list[str]) -> list[str]:
    if len(names) > 1:
        return []
    for delimiter, words in _OTHER_DELIMITERS.items():
        if names[0].count(delimiter) >= len(FIELDS):
            return [f"Its cells are separated by {words}; save it with commas."]
    return []


def _leaks(names: list[str]) -> list[str]:
    leaks = [name for name in names if name != LABEL and _LEAKS.search(re.sub(r"[\s_-]", "", name))]
    if not leaks:
        return []
    return [f"It has columns that give the answer away ({', '.join(leaks)}): remove them."]


def _missing(names: list[str]) -> list[str]:
    missing = [name for name in NEEDED if name not in names]
    if not missing:
        return []
    if len(missing) == len(NEEDED):
        return [f"It has no header row with the data set's names; the first line must be {','.join(KNOWN)}."]
    hints = [_hint(name, names) for name in missing]
    return [f"Missing columns: {', '.join(hints)}."]


def _hint(name: str, names: list[str]) -> str:
    others = {other.casefold(): other for other in names if other not in KNOWN}
    near = difflib.get_close_matches(name.casefold(), others, 1)
    return f"{name} (is it {others[near[0]]!r}?)" if near else name


def _repeated(names: list[str]) -> list[str]:
    repeated = sorted({name for name in names if name in KNOWN and names.count(name) > 1})
    return [f"Repeated columns: {', '.join(repeated)}; keep one of each."] if repeated else []
