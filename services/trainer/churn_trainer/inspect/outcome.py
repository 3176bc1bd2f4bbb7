"""Finding the column that says who left, and what its values mean."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from churn.customer import spellings
from churn_trainer.data.outcome import GONE, NO, STAYED, YES, folded_cell, folded_name
from churn_trainer.inspect import names
from churn_trainer.inspect.column import Column

# Words that say it by themselves.
_GONE = GONE | {"churned customer", "gone", "closed", "lapsed", "terminated"}
_HERE = STAYED | {"staying", "kept", "current", "existing", "loyal"}
_NEW = frozenset({"joined", "new", "new customer", "pending", "trial", "prospect"})

# More values have no outcome.
_MOST_VALUES = 6

# A column that is blank for more rows than this does not say who left.
_MOST_BLANK = 0.2


class Meaning(NamedTuple):
    """The values of the outcome: of customers who left, who stayed, and who did neither."""

    left: tuple[str, ...] = ()
    stayed: tuple[str, ...] = ()
    set_aside: tuple[str, ...] = ()


class Outcome(NamedTuple):
    """The column of the outcome and its meaning.

    `doubt` is a sentence with what a person has to decide before anything can be trained; empty without doubt. `column`
    is None where no column can be named. `same` are the names of columns that hold the same outcome once more.
    """

    column: Column | None
    meaning: Meaning = Meaning()
    doubt: str = ""
    same: tuple[str, ...] = ()

    @property
    def gone(self) -> NDArray[np.bool_] | None:
        """Whether each row left; with an unknown meaning, whether it has the rarer of two values. None if unknown."""
        if self.column is None:
            return None
        texts = list(self.column.texts)
        left = self.meaning.left or ((texts[int(np.argmin(self.column.counts))],) if len(texts) == 2 else ())
        codes = [texts.index(text) for text in left]
        return np.isin(self.column.codes, codes) if codes else None

    @property
    def counted(self) -> NDArray[np.bool_]:
        """Whether each row left or stayed, shape (n,); only with a column."""
        if self.column is None:
            raise ValueError("There is no outcome.")
        texts = list(self.column.texts)
        aside = [texts.index(text) for text in self.meaning.set_aside]
        return ~self.column.blank & ~np.isin(self.column.codes, aside)


def find(columns: Sequence[Column], named: str | None = None) -> Outcome:
    """The outcome among the columns, or the column that a person has `named`."""
    if named is not None:
        column = next((column for column in columns if folded_name(column.name) == folded_name(named)), None)
        return (
            _of(column) if column else Outcome(None, doubt=f'There is no column "{named}"; name the one that is there.')
        )
    possible = [
        column for column in columns if 2 <= len(column.texts) <= _MOST_VALUES and column.blank_share <= _MOST_BLANK
    ]
    certain = [(column, meaning) for column in possible if (meaning := _meaning(column))]
    if not certain:
        return _guessed(possible)
    column, meaning = max(certain, key=lambda one: not one[0].is_numeric)
    others = [other for other, _ in certain if other is not column]
    same = tuple(other.name for other in others if _agree(column, meaning, other))
    apart = [other.name for other in others if other.name not in same]
    if apart:
        listed = ", ".join(f'"{name}"' for name in (column.name, *apart))
        return Outcome(None, doubt=f"More than one column may say who left ({listed}) and they disagree: name one.")
    return Outcome(column, meaning, same=same)


def _of(column: Column) -> Outcome:
    meaning = _meaning(column) or _by_words(column)
    if meaning:
        return Outcome(column, meaning)
    return Outcome(column, doubt=f'Which values of "{column.name}" ({_listed(column)}) mean that a customer left?')


def _guessed(possible: Sequence[Column]) -> Outcome:
    """An outcome of which only the column is likely, or nothing is."""
    named = [column for column in possible if names.OUTCOME(folded_name(column.name))]
    likely = named or [column for column in possible if names.PERHAPS_OUTCOME(folded_name(column.name))]
    if len(likely) == 1:
        column = likely[0]
        return Outcome(
            column,
            doubt=f'Is "{column.name}" the outcome, and which of its values ({_listed(column)}) are of those who left?',
        )
    listed = ", ".join(f'"{column.name}"' for column in likely)
    found = f"{listed} may be it" if likely else "no column says so by its name or its values"
    return Outcome(None, doubt=f"Which column says who left? Of this table {found}.")


def _meaning(column: Column) -> Meaning | None:
    """The meaning of a column that certainly is an outcome, else None."""
    name = folded_name(column.name)
    own = _by_own_words(column)
    if own:
        return own
    if len(column.texts) != 2:
        return None
    if names.REVERSED(name):
        meaning = _by_words(column)
        return Meaning(meaning.stayed, meaning.left) if meaning else None
    return _by_words(column) if names.OUTCOME(name) else None


def _by_own_words(column: Column) -> Meaning | None:
    """The meaning of values such as "Churned", "Stayed" and "Joined"; None if they do not say both of the first two."""
    words = {text: spellings.folded(text) for text in column.texts}
    left = tuple(text for text, word in words.items() if word in _GONE)
    stayed = tuple(text for text, word in words.items() if word in _HERE)
    others = tuple(text for text in words if text not in left + stayed)
    if not left or not stayed or any(words[text] not in _NEW for text in others):
        return None
    return Meaning(left, stayed, others)


def _by_words(column: Column) -> Meaning | None:
    """The meaning of two values such as yes and no, or 1 and 0."""
    words = {text: folded_cell(text) for text in column.texts}
    left = tuple(text for text, word in words.items() if word in YES)
    stayed = tuple(text for text, word in words.items() if word in NO)
    return Meaning(left, stayed) if len(left) == len(stayed) == 1 and len(words) == 2 else None


def _agree(column: Column, meaning: Meaning, other: Column) -> bool:
    """Whether another column holds the same outcome for each row that has one."""
    outcome, again = Outcome(column, meaning), Outcome(other, _meaning(other) or Meaning())
    both = outcome.counted & again.counted
    return (
        bool((outcome.gone[both] == again.gone[both]).all())
        if outcome.gone is not None and again.gone is not None
        else False
    )


def _listed(column: Column) -> str:
    return ", ".join(f'"{text}"' for text in column.most_common(_MOST_VALUES))
