"""What a column's name means: for certain, for a program to go by, or most likely, for a person to be asked."""

from functools import lru_cache

from churn.customer.declaration import Declaration
from churn.customer.likeness import MAX_LENGTH, Likeness
from churn.customer.likeness import fold as fold

# Words that say nothing about which field is meant.
_FILLERS = ("a", "an", "the", "of", "in", "is", "has", "have", "was", "does", "did", "customer", "cust", "account")

# Words of other tables that a single slip would make a word of ours.
_OTHERS = ("contact", "change")


class ColumnNames:
    """The names of one declaration's fields, of its id and of its outcome."""

    def __init__(self, declaration: Declaration) -> None:
        self.known = (*declaration.fields, declaration.id, declaration.outcome)
        """The fields in the data set's order, then the customer's id and the outcome."""

        self._folded = {fold(name): name for name in self.known}
        similar = {name: declaration.similar_columns.get(name, ()) for name in self.known}
        # An id is not guessed.
        self._likeness = Likeness(similar, _FILLERS, _OTHERS, unguessed=(declaration.id,))
        self._likely = lru_cache(1024)(self._most_likely)

    def field_of(self, name: str) -> str | None:
        """The known name that this one is for certain: the same letters, whatever case, blanks and separators."""
        if name in self.known:
            return name
        name = name.strip()
        return self._folded.get(fold(name)) if len(name) <= MAX_LENGTH else None

    def likely(self, name: str) -> str | None:
        """The known name that this one most likely means, where that is certain enough to be put to a person."""
        return self._likely(name) if len(name) <= MAX_LENGTH else self.field_of(name)

    def _most_likely(self, name: str) -> str | None:
        return self.field_of(name) or self._likeness.of(name)
