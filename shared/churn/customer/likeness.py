"""Which text of a closed list another text probably means, if that is certain enough to ask a person about.

People follow a hint, so a wrong one does more harm than none. Similarity is therefore no reason for one. A text is
taken for one of the list if it has the same letters, the same words in another order, or the words of a known synonym,
or if a long word has one typing error. Any other text means nothing.
"""

import re
import unicodedata
from collections.abc import Collection, Mapping

# Longer texts are not compared, since nothing in a list is as long.
MAX_LENGTH = 100

# Punctuation that changes the meaning: "!Churn", "Churn %" and "# Dependents" are other columns than those without.
_MEANINGFUL = frozenset("!#%&@")

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W\d_]+|[!#%&@+<>=~]")
_NUMBERS = {"1": "one", "2": "two", "12": "twelve", "24": "twenty-four"}

# In shorter words no typing error is assumed, since another letter often makes another word.
_LONG = 5

# Words written together are not compared if the last one is this short: "StreamingTB" may not be "StreamingTV".
_SHORT = 3


def fold(text: str) -> str:
    """A text's letters and digits, whatever their case and width, without blanks, separators and currency signs."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(char for char in folded if char.isalnum() or not _is_separator(char))


def _is_separator(char: str) -> bool:
    category = unicodedata.category(char)
    return char not in _MEANINGFUL and (category[0] in "PZC" or category == "Sc")


def words(text: str) -> list[str]:
    """The words of a text in lower case and in the singular; "tenure_months" and "TenureMonths" both have two."""
    found = _WORDS.findall(unicodedata.normalize("NFKC", text))
    return [_NUMBERS.get(word) or _singular(word.casefold()) for word in found]


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


class Likeness:
    """A closed list of texts, each with its synonyms."""

    def __init__(
        self,
        synonyms: Mapping[str, Collection[str]],
        fillers: Collection[str] = (),
        others: Collection[str] = (),
        unguessed: Collection[str] = (),
    ) -> None:
        """`synonyms` has the texts of the list as keys.

        `fillers` are words without a meaning here. A text with one of the words `others` is not taken for a misspelled
        one, as they are one letter away from words of the list. No typing errors are assumed in the texts `unguessed`.
        """
        self._fillers, self._others = frozenset(fillers), tuple(others)
        phrases = {phrase: text for text, listed in synonyms.items() for phrase in (*listed, text)}
        self._by_words = {frozenset(words(phrase)): text for phrase, text in phrases.items()}
        self._by_folded = {_singular(fold(phrase)): text for phrase, text in phrases.items()}
        guessed = [text for text in synonyms if text not in unguessed]
        self._apart = [(text, words(text)) for text in guessed]
        self._joined = [(text, "".join(ours)) for text, ours in self._apart if len(ours) > 1 and len(ours[-1]) > _SHORT]

    def of(self, text: str) -> str | None:
        """The text of the list that is probably meant, or None."""
        if len(text) > MAX_LENGTH:
            return None
        if (same := self._by_folded.get(_singular(fold(text)))) is not None:
            return same
        found = words(text)
        for kept in (found, [word for word in found if word not in self._fillers]):
            if (meant := self._by_words.get(frozenset(kept))) is not None:
                return meant
        return self._one_slip(found, "".join(found))

    def _one_slip(self, found: list[str], joined: str) -> str | None:
        """The only text whose words differ from these by at most one letter each: missing, extra, wrong or swapped."""
        if not found or any(other in joined for other in self._others):
            return None
        meant = {text for text, ours in self._apart if len(ours) == len(found) and all(map(_is_near, found, ours))}
        meant |= {text for text, ours in self._joined if _is_near(joined, ours)}
        return meant.pop() if len(meant) == 1 else None


def _is_near(word: str, ours: str) -> bool:
    if word[0] != ours[0] or abs(len(word) - len(ours)) > 1:
        return False
    if word == ours:
        return True
    shorter = min(len(word), len(ours))
    if shorter < _LONG:
        return False
    start = next((at for at in range(shorter) if word[at] != ours[at]), shorter)
    left, right = word[start:], ours[start:]
    if left[1:] == right or left == right[1:] or left[1:] == right[1:]:
        return True
    return left[:2] == right[1::-1] and left[2:] == right[2:]
