"""What a column's name means: for certain, for a program to go by, or most likely, for a person to be asked."""

from functools import lru_cache

from churn.customer.declaration import FIELDS, ID, LABEL
from churn.customer.likeness import MAX_LENGTH, Likeness
from churn.customer.likeness import fold as fold

KNOWN = (*FIELDS, ID, LABEL)
"""The fields in the data set's order, then the customer's id and the outcome."""

_FOLDED = {fold(name): name for name in KNOWN}

# Words that say nothing about which field is meant.
_FILLERS = ("a", "an", "the", "of", "in", "is", "has", "have", "was", "does", "did", "customer", "cust", "account")

# What else a field is called.
_SYNONYMS = {
    "gender": ("sex",),
    "SeniorCitizen": ("senior",),
    "tenure": ("tenure months", "tenure in months", "months with company", "months as customer", "months on book"),
    "MultipleLines": ("phone multiple lines",),
    "InternetService": ("internet service type",),
    "OnlineSecurity": ("internet online security", "online security service"),
    "OnlineBackup": ("internet online backup", "online backup service"),
    "DeviceProtection": ("internet device protection", "device protection plan"),
    "TechSupport": ("internet tech support", "premium tech support", "technical support", "premium technical support"),
    "StreamingTV": ("internet streaming tv", "streaming television"),
    "StreamingMovies": ("internet streaming movies",),
    "Contract": ("contract type",),
    "PaperlessBilling": ("paperless", "paperless bills"),
    "PaymentMethod": ("payment type",),
    "MonthlyCharges": ("monthly bill", "monthly fee", "charges month", "charges per month", "monthly charges usd"),
    "TotalCharges": ("total charges usd",),
    "customerID": ("client id", "customer number", "cust id", "client number", "customer no"),
    "Churn": ("churned", "churn label", "churn value", "churn flag", "churn status", "churn indicator"),
}

# Words of other tables that a single slip would make a word of ours.
_OTHERS = ("contact", "change")

# An id is not guessed.
_LIKENESS = Likeness({name: _SYNONYMS.get(name, ()) for name in KNOWN}, _FILLERS, _OTHERS, unguessed=(ID,))


def field_of(name: str) -> str | None:
    """The known name that this one is for certain: the same letters, whatever case, blanks and separators."""
    if name in KNOWN:
        return name
    name = name.strip()
    return _FOLDED.get(fold(name)) if len(name) <= MAX_LENGTH else None


def likely(name: str) -> str | None:
    """The known name that this one most likely means, where that is certain enough to be put to a person."""
    return _likely(name) if len(name) <= MAX_LENGTH else field_of(name)


@lru_cache(1024)
def _likely(name: str) -> str | None:
    return field_of(name) or _LIKENESS.of(name)
