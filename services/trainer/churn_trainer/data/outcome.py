"""Who left: which column of a table says so, which ones only give it away, and what its cells mean."""

import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

from churn.customer.columns import field_of, likely
from churn.customer.declaration import LABEL

# Longer names mean nothing that is looked for here.
_MAX_LENGTH = 100

_LEFT = r"(churn(ed|ers?|ing)?|attrit(ion|ed)|exit(ed)?|left|leave|leavers?|cancell?ed|lapsed|terminated)"
_BEFORE = r"(is|has|did|the|target|label|flag|y)*(customers?|clients?|cust|account|users?|subscribers?)?"
_KIND = r"flag|label|value|status|state|ind(icator)?|outcome|target|class|binary|bool|numeric|encoded|yes(no)?|yn|01|1"
_PERIOD = (
    r"next(month|quarter|year)|(in|within)?(the)?(next)?[1-9][0-9]*(d|m|q|y|days?|weeks?|months?|quarters?|years?)"
)
_AFTER = rf"(customers?|clients?|accounts?)?({_KIND})*({_PERIOD})?"
_OUTCOME = re.compile(rf"{_BEFORE}{_LEFT}{_AFTER}|(customer|client|account|subscriber)status")
# The same in words that other columns have as well.
_PERHAPS = re.compile(r"target|outcome|label")

# The outcome the other way round: a Yes there is a customer who stayed.
_REVERSED = re.compile(rf"{_BEFORE}(not?|non|un){_LEFT}{_AFTER}|{_BEFORE}{_LEFT}(no|0)")
_PERHAPS_REVERSED = re.compile(rf"{_BEFORE}(retained|retention|stayed|active){_AFTER}")

# What is only known once a customer has left, or what another model made from the answer.
_LEAK = re.compile(
    r"churn|attrition|cltv|(left|leaving|exit|cancel(led|lation)?|termination)(reason|date)|satisfactionscore"
)

# What cells say, in lower case.
_STAYED = "no,n,0,false,f,stayed,stay,retained,active,existing customer,not churned,no churn"
_GONE = "yes,y,1,true,t,churned,churn,left,leaver,exited,cancelled,canceled,lost,attrited,attrited customer"
_CODES = dict.fromkeys(_STAYED.split(","), 0) | dict.fromkeys(_GONE.split(","), 1)

EXPECTED = f'{LABEL} must be "No" or "Yes" (0 or 1, false or true, and stayed or churned are read as well)'


class Outcome(NamedTuple):
    """What the names of a header say of the outcome.

    `column` is its place, where that is certain, and then `leaks` are the names of all others that tell it or follow
    from it. Without one, `candidates` may be it, `turned` say who stayed, and `leaks` only follow from it."""

    column: int | None
    candidates: list[str]
    turned: list[str]
    leaks: list[str]


def find(names: Sequence[str]) -> Outcome:
    """Sort a header's names. More than one column of the outcome's own name are left to the caller."""
    kinds = [_kind(name) for name in names]
    column = kinds.index("own") if "own" in kinds else _alone(names, kinds)
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


def _alone(names: Sequence[str], kinds: list[str]) -> int | None:
    """The place of the one column that can be meant, if its name is beyond doubt."""
    if kinds.count("candidate") != 1 or "turned" in kinds:
        return None
    place = kinds.index("candidate")
    return place if likely(names[place]) == LABEL else None


def _kind(name: str) -> str:
    """What a column is to the outcome; empty for nothing."""
    if field_of(name) == LABEL:
        return "own"
    folded = _folded(name)
    if _REVERSED.fullmatch(folded):
        return "turned"
    if likely(name) == LABEL or _OUTCOME.fullmatch(folded):
        return "candidate"
    if _LEAK.search(folded):
        return "leak"
    if _PERHAPS.fullmatch(folded):
        return "perhaps"
    return "perhaps turned" if _PERHAPS_REVERSED.fullmatch(folded) else ""


def code_of(cell: str) -> int | None:
    """0 for who stayed, 1 for who left, None for anything else."""
    key = " ".join(cell.split()).casefold()
    # "1.0" is what pandas makes of 1, "False." is how an older table of public use has it.
    return _CODES.get(key.removesuffix(".0").removesuffix("."))


def _folded(name: str) -> str:
    """The letters and digits of a name in lower case."""
    text = unicodedata.normalize("NFKC", name[:_MAX_LENGTH]).casefold()
    return "".join(char for char in text if char.isalnum())
