"""What a column's name means: for certain, for a program to go by, or most likely, for a person to be asked.

A name that is turned into another field's than its own scores a table of nonsense, and a hint that does so is followed.
So nothing here goes by how similar two names look: the same letters are the same name, the same words in another order
or a known synonym are worth a question, and so is one slip of the pen in a long word. All else is left unanswered.
"""

import re
import unicodedata
from functools import lru_cache

from churn.customer import FIELDS, ID, LABEL

KNOWN = (*FIELDS, ID, LABEL)
"""The fields in the data set's order, then the customer's id and the outcome."""

# Longer than any name that is meant; what is longer is not looked at.
_MAX_LENGTH = 100

# Punctuation that is no mere separator: "!Churn", "Churn %" and "# Dependents" mean something else.
_MEANINGFUL = frozenset("!#%&@")

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W\d_]+|[!#%&@+<>=~]")

# Words that say nothing about which field is meant.
_FILLERS = frozenset({"a", "an", "the", "of", "in", "is", "has", "have", "was", "does", "customer", "cust", "account"})

# What else a field is called, as words.
_SYNONYMS = {
    "gender": ("sex",),
    "SeniorCitizen": ("senior",),
    "tenure": ("tenure month", "month tenure", "month with company", "month as customer", "month on book"),
    "MultipleLines": ("phone multiple line", "multiple phone line"),
    "InternetService": ("internet service type", "type internet service"),
    "OnlineSecurity": ("internet online security", "online security service"),
    "OnlineBackup": ("internet online backup", "online backup service"),
    "DeviceProtection": ("internet device protection", "device protection plan"),
    "TechSupport": ("internet tech support", "premium tech support", "technical support", "premium technical support"),
    "StreamingTV": ("internet streaming tv", "streaming television"),
    "StreamingMovies": ("internet streaming movie",),
    "Contract": ("contract type",),
    "PaperlessBilling": ("paperless", "paperless bill"),
    "PaymentMethod": ("payment type", "method payment"),
    "MonthlyCharges": ("monthly bill", "monthly fee", "charge month", "monthly charge usd"),
    "TotalCharges": ("charge total", "total charge usd"),
    "customerID": ("client id", "customer number", "cust id", "client number", "customer no"),
    "Churn": ("churned", "churn label", "churn value", "churn flag", "churn status", "churn indicator"),
}

# Words of other tables that a single slip would make a word of ours.
_OTHER_WORDS = ("contact", "change")

# A slip in a shorter word makes another word.
_LONG = 5


def fold(name: str) -> str:
    """A name's letters and digits, whatever their case and width, without blanks, separators and currency signs."""
    text = unicodedata.normalize("NFKC", name).casefold()
    return "".join(char for char in text if char.isalnum() or not _is_separator(char))


def _is_separator(char: str) -> bool:
    category = unicodedata.category(char)
    return char not in _MEANINGFUL and (category[0] in "PZC" or category == "Sc")


_FOLDED = {fold(name): name for name in KNOWN}


def field_of(name: str) -> str | None:
    """The known name that this one is for certain: the same letters, whatever case, blanks and separators."""
    if name in KNOWN:
        return name
    name = name.strip()
    return _FOLDED.get(fold(name)) if len(name) <= _MAX_LENGTH else None


@lru_cache(1024)
def likely(name: str) -> str | None:
    """The known name that this one most likely means, where that is certain enough to be put to a person."""
    if (known := field_of(name)) is not None:
        return known
    if len(name) > _MAX_LENGTH:
        return None
    words = _words(name)
    for kept in (words, [word for word in words if word not in _FILLERS]):
        if (known := _BY_WORDS.get(frozenset(kept))) is not None:
            return known
    return _BY_FOLDED.get(_singular(fold(name))) or _one_slip(words)


def _words(name: str) -> list[str]:
    """The words of a name in lower case and in the singular; "tenure_months", "TenureMonths" and so on are two."""
    return [_singular(word.casefold()) for word in _WORDS.findall(unicodedata.normalize("NFKC", name))]


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def _one_slip(words: list[str]) -> str | None:
    """The one field whose words these are but for a single letter each that is missing, wrong, doubled or swapped."""
    if not words or any(other in "".join(words) for other in _OTHER_WORDS):
        return None
    found = {name for name, ours in _SLIPPED if len(ours) == len(words) and all(map(_is_near, words, ours))}
    return found.pop() if len(found) == 1 else None


def _is_near(word: str, ours: str) -> bool:
    if word == ours:
        return True
    if min(len(word), len(ours)) < _LONG or word[0] != ours[0] or abs(len(word) - len(ours)) > 1:
        return False
    start = next((at for at, (a, b) in enumerate(zip(word, ours, strict=False)) if a != b), min(len(word), len(ours)))
    left, right = word[start:], ours[start:]
    if left[1:] == right or left == right[1:] or left[1:] == right[1:]:
        return True
    return left[:2] == right[1::-1] and left[2:] == right[2:]


def _by_words() -> dict[frozenset[str], str]:
    """Known names and synonyms as sets of words."""
    phrases = {phrase: name for name, phrases in _SYNONYMS.items() for phrase in phrases}
    spelled = {" ".join(_words(name)): name for name in KNOWN}
    return {frozenset(phrase.split(" ")): name for phrase, name in (phrases | spelled).items()}


_BY_WORDS = _by_words()

# The same without separators: "tenuremonths", "monthlycharge".
_BY_FOLDED = {
    _singular(text.replace(" ", "")): name
    for name in KNOWN
    for text in (fold(name), *_SYNONYMS.get(name, ()))
    if text != "senior"
}

# Each name's words as they are split, and, where its last word is long, as the one word that lower case makes of it.
# An id is not guessed.
_SLIPPED = [
    (name, words)
    for name in KNOWN
    if name != ID
    for words in [_words(name), *([[_singular(fold(name))]] if len(_words(name)[-1]) >= _LONG else [])]
]
