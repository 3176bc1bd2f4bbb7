"""What the name of a column says about it, in the words that operators use."""

import re

from churn.customer.likeness import words
from churn_trainer.data.outcome import AFTER, BEFORE, LEFT, folded_name

# Longer names are cut before they are matched, so that a regular expression cannot take long.
_MAX_LENGTH = 100

OUTCOME = re.compile(rf"{BEFORE}{LEFT}{AFTER}|(customer|client|account|subscriber|subscription)status").fullmatch
"""Whether a folded name is that of an outcome."""

PERHAPS_OUTCOME = re.compile(r"target|outcome|label|class|y|status|state").fullmatch
"""Whether a folded name may be that of an outcome, or of something else."""

REVERSED = re.compile(rf"{BEFORE}(not?|non|un){LEFT}{AFTER}|{BEFORE}(retained|retention|stayed){AFTER}").fullmatch
"""Whether a folded name says that the customer stayed."""

KNOWN_AFTERWARDS = re.compile(
    r"churn|attrition|cltv|lifetimevalue|(left|leav(e|ing)|exit|cancel(led|lation)?|termination|closing)(reason|date|category)"
    r"|reasonfor(leaving|cancel|exit)|retention(call|offer|team)|save(d|offer)"
).search
"""Whether a folded name is of what is known only once a customer leaves, or of what another model has made of that."""

# Patterns over the words of a name, with a blank before and after each.
_IDS = re.compile(
    r" (id|ids|uuid|guid|key|clientnum|phone number|telephone( number)?|msisdn|account (number|no)"
    r"|(customer|client|cust|subscriber|account|policy|member|user|contract) (id|no|nr|number|num|key|code)) "
).search
_ID_JOINED = re.compile(r"(customer|client|cust|subscriber|account|member|user)(id|no|nr|num|number|key)").fullmatch
_ROW_NUMBERS = re.compile(r"|c|x|unnamed[0-9]*|index|idx|row(number|no|id|num)?|nr|no|n|lfdnr").fullmatch
_PERSONAL = re.compile(
    r" (surname|((first|last|full|family|given|middle|maiden|customer|client|user) ?)?name|e ?mail( address)?"
    r"|((street|home) )?address|street|((tele)?phone|mobile)( number)?|ssn|passport|iban) "
).search
_COORDINATES = re.compile(r" (lat|latitude|lon|lng|long|longitude|lat long|lat lon|coordinate) ").fullmatch
_CODES = re.compile(
    r" (code|zip|zip ?code|postal|postcode|plz|area code|region|zone|class|type|category|cluster|segment) "
).search
_PROTECTED = re.compile(
    r" (gender|sex|female|male|senior|senior ?citizen|birth\w*|married|marital|partner|spouse|widowed"
    r"|(numberof|number of )?dependent( count)?|child|children|kid|religion|race|ethnic\w*|nationality|citizenship"
    r"|disab\w*|pregnan\w*|(under|over) [0-9]+) |^ (customer |client )?age ?((in )?year|group|band|range)? $"
).search
_MONEY = re.compile(
    r"charge|bill|price|fee|revenue|spend|spent|amount|salary|income|balance|refund|cost|payment value|credit limit"
    r"| (mrr|arr) |turnover|deposit"
).search
_NO_MONEY = re.compile(
    r"paperless|method|type|plan|count|number of|cycle|delay|ratio|percent|score| ct |chng|change"
).search

ROLES = {
    "tenure": re.compile(
        r"(customer)?tenure((in)?months?|months?)?|months?(with\w*|incompany|inservice|onbook|ascustomer)|accountlength"
        r"|subscription(length|age)(months)?|customer(age|since)months|subscriptionage|lengthofservice|seniority"
    ).fullmatch,
    "monthly_value": re.compile(
        r"(avg|average|current)?monthly(charges?|bill|fee|revenue|spend|price|amount)(usd|eur|amount)?"
        r"|charges?(per)?month(ly)?|bill(ing)?avg|avgbill|averagebill|avgmonthlybill|mrr(amount)?"
    ).fullmatch,
    "total_value": re.compile(
        r"total(charges?|spend|spent|billed|revenue|amount|bill)(usd|eur)?|charges?total|lifetimespend|amountbilled"
    ).fullmatch,
}
"""By role, whether a folded name has it."""

_SPLIT = re.compile(r"[\W_]+|(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[a-z])(?=[0-9])")


def title(name: str) -> str:
    """A name as it stands above a field of a form: "MonthlyCharges" is "Monthly charges"."""
    parts = [part for part in _SPLIT.split(name) if part]
    if not parts:
        return name.strip("{}") or "?"
    first, *others = parts
    lower = [part if part.isupper() and len(part) > 1 else part.lower() for part in others]
    return " ".join([first if first.isupper() else first[:1].upper() + first[1:], *lower])


def spaced(name: str) -> str:
    """The words of a name in lower case and singular, each with a blank before and after."""
    return f" {' '.join(words(name[:_MAX_LENGTH]))} "


def is_id(name: str) -> bool:
    """Whether the name is that of a number that a customer is known by."""
    return bool(_IDS(spaced(name)) or _ID_JOINED(folded_name(name)))


def is_row_number(name: str) -> bool:
    """Whether the name is that of a row's number, or there is none."""
    return bool(_ROW_NUMBERS(folded_name(name)))


def is_personal(name: str) -> bool:
    """Whether the name is that of what tells who somebody is, or where to reach them."""
    return bool(_PERSONAL(spaced(name)))


def is_coordinate(name: str) -> bool:
    """Whether the name is that of a place on the map."""
    return bool(_COORDINATES(spaced(name)))


def is_code(name: str) -> bool:
    """Whether a number with this name is probably a code."""
    return bool(_CODES(spaced(name)) or folded_name(name).endswith(("zipcode", "postcode")))


def is_protected(name: str) -> bool:
    """Whether the name is that of a trait by which people should not be treated differently."""
    return bool(_PROTECTED(spaced(name)))


def is_count(name: str) -> bool:
    """Whether the name is that of how many there are of something."""
    return any(f" {word} " in spaced(name) for word in ("number", "num", "count", "total"))


def is_money(name: str) -> bool:
    """Whether a number with this name is probably an amount of money."""
    text = spaced(name)
    return bool(_MONEY(text)) and not _NO_MONEY(text)
