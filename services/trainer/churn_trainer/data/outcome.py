"""The outcome: which column of a table holds it, which others give it away, and what its cells mean."""

import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from churn.customer import spellings
from churn.schema import Schema
from churn_trainer.data.declared import is_built_in

# Longer names are cut before they are matched, so that a regular expression cannot take long.
_MAX_LENGTH = 100

# Parts of the folded names of outcomes: what customers do, and what may stand before and after it.
LEFT = r"(churn(ed|ers?|ing)?|attrit(ion|ed)|exit(ed)?|left|leave|leavers?|cancell?ed|lapsed|terminated)"
BEFORE = r"(is|has|did|the|target|label|flag|y)*(customers?|clients?|cust|account|users?|subscribers?)?"
_KIND = r"flag|label|value|status|state|ind(icator)?|outcome|target|class|binary|bool|numeric|encoded|yes(no)?|yn|01|1"
_PERIOD = (
    r"next(month|quarter|year)|(in|within)?(the)?(next)?[1-9][0-9]*(d|m|q|y|days?|weeks?|months?|quarters?|years?)"
)
AFTER = rf"(customers?|clients?|accounts?)?({_KIND})*({_PERIOD})?"
_OUTCOME = re.compile(rf"{BEFORE}{LEFT}{AFTER}|(customer|client|account|subscriber)status")
# Names that may mean the outcome, but also something else.
_PERHAPS = re.compile(r"target|outcome|label")

# The outcome the other way round: a Yes there means a customer who stayed.
_REVERSED = re.compile(rf"{BEFORE}(not?|non|un){LEFT}{AFTER}|{BEFORE}{LEFT}(no|0)")
_PERHAPS_REVERSED = re.compile(rf"{BEFORE}(retained|retention|stayed|active){AFTER}")

# What is known only once a customer has left, or what another model has computed from the outcome.
_LEAK = re.compile(
    r"churn|attrition|cltv|(left|leaving|exit|cancel(led|lation)?|termination)(reason|date)|satisfactionscore"
)

# The words of cells, in lower case: those that say it by themselves, and those that answer the question in the name.
STAYED = frozenset({"stayed", "stay", "retained", "active", "existing customer", "not churned", "no churn"})
GONE = frozenset(
    {
        *("churned", "churn", "left", "leaver", "exited", "cancelled", "canceled", "lost"),
        *("attrited", "attrited customer"),
    }
)
YES, NO = frozenset({*spellings.YES, "1"}), frozenset({*spellings.NO, "0"})
_CODES = dict.fromkeys(STAYED | NO, 0) | dict.fromkeys(GONE | YES, 1)

# What `code_of` returns for customers who are not trained on, though nothing is wrong with them.
SET_ASIDE = -1


def expected(schema: Schema) -> str:
    """What a cell of the outcome must be, as a sentence without its full stop."""
    if is_built_in(schema):
        return f'{schema.outcome} must be "No" or "Yes" (0 or 1, false or true, and stayed or churned are read as well)'
    *most, last = (f'"{value}"' for value in (*schema.left, *schema.stayed, *schema.set_aside))
    return f"{schema.outcome} must be {', '.join(most)} or {last}, as declared by left, stayed and set_aside"


class Outcome(NamedTuple):
    """What the names of a header say about the outcome.

    `column` is its position, where that is certain; `leaks` are then all other names that repeat it or follow from it.
    Where it is None, `candidates` may be the outcome, `turned` say who stayed, and `leaks` only follow from it.
    """

    column: int | None
    candidates: list[str]
    turned: list[str]
    leaks: list[str]


def find(names: Sequence[str], schema: Schema) -> Outcome:
    """Sort a header's names. It is up to the caller to refuse more than one column of the outcome's own name.

    A declaration of one's own says which column is the outcome and which are fields, so no other one is judged.
    """
    if not is_built_in(schema):
        own = [place for place, name in enumerate(names) if schema.column_names.field_of(name) == schema.outcome]
        return Outcome(own[0] if own else None, [], [], [])
    kinds = [_kind(name, schema) for name in names]
    column = kinds.index("own") if "own" in kinds else _alone(names, kinds, schema)
    if column is not None:
        telling = ("candidate", "turned", "leak")
        others = [
            name
            for place, (name, kind) in enumerate(zip(names, kinds, strict=True))
            if kind in telling and place != column
        ]
        return Outcome(column, [], [], others)

    def of(*wanted: str) -> list[str]:
        return [name for name, kind in zip(names, kinds, strict=True) if kind in wanted]

    return Outcome(None, of("candidate") or of("perhaps"), of("turned") or of("perhaps turned"), of("leak"))


def _alone(names: Sequence[str], kinds: list[str], schema: Schema) -> int | None:
    """The position of the only column that can be meant, if its name leaves no doubt."""
    if kinds.count("candidate") != 1 or "turned" in kinds:
        return None
    place = kinds.index("candidate")
    return place if schema.column_names.likely(names[place]) == schema.outcome else None


def _kind(name: str, schema: Schema) -> str:
    """How a column relates to the outcome; empty if it does not."""
    if schema.column_names.field_of(name) == schema.outcome:
        return "own"
    folded = folded_name(name)
    if _REVERSED.fullmatch(folded):
        return "turned"
    if schema.column_names.likely(name) == schema.outcome or _OUTCOME.fullmatch(folded):
        return "candidate"
    if _LEAK.search(folded):
        return "leak"
    if _PERHAPS.fullmatch(folded):
        return "perhaps"
    return "perhaps turned" if _PERHAPS_REVERSED.fullmatch(folded) else ""


def code_of(cell: str, schema: Schema) -> int | None:
    """0 for a customer who stayed, 1 for one who left, SET_ASIDE for one who did neither, None for any other cell.

    The declared words are read in any letter case, and for the shipped schema the usual ones as well.
    """
    if cell in schema.left or cell in schema.stayed:
        return int(cell in schema.left)
    return _codes(schema).get(folded_cell(cell))


@cache
def _codes(schema: Schema) -> dict[str, int]:
    if is_built_in(schema):
        return _CODES
    declared = ((schema.left, 1), (schema.stayed, 0), (schema.set_aside, SET_ASIDE))
    return {folded_cell(word): code for words, code in declared for word in words}


def folded_cell(cell: str) -> str:
    """The cell as words are compared with it: pandas writes "1.0" for 1, and an older public table has "False."."""
    return spellings.folded(cell).removesuffix(".0").removesuffix(".")


def folded_name(name: str) -> str:
    """The letters and digits of a name in lower case."""
    text = unicodedata.normalize("NFKC", name[:_MAX_LENGTH]).casefold()
    return "".join(char for char in text if char.isalnum())
