"""Which field a column's name means: for certain, so that it can be read, or probably, so that a person is asked."""

from functools import lru_cache

from churn.customer.declaration import Declaration
from churn.customer.likeness import MAX_LENGTH, Likeness
from churn.customer.likeness import fold as fold

# Words of a name that do not tell which field is meant.
_FILLERS = ("a", "an", "the", "of", "in", "is", "has", "have", "was", "does", "did", "customer", "cust", "account")

# Words in names of other tables that are one letter away from a word of ours and mean something else.
_OTHERS = ("contact", "change")


class ColumnNames:
    """Recognizes the names of one declaration's fields, id and outcome."""

    def __init__(self, declaration: Declaration) -> None:
        self.known = (*declaration.fields, declaration.id, declaration.outcome)
        """The names of the fields in the data set's order, then of the id and of the outcome."""

        read = {column: name for name, field in declaration.fields.items() for column in field.columns}
        self._folded = {fold(column): name for column, name in (read | {name: name for name in self.known}).items()}
        similar = {name: declaration.similar_columns.get(name, ()) for name in self.known}
        # A misspelled id is not guessed, since other columns may hold ids too.
        self._likeness = Likeness(similar, _FILLERS, _OTHERS, unguessed=(declaration.id,))
        self._left_out = frozenset(map(fold, declaration.leave_out))
        self._likely = lru_cache(1024)(self._most_likely)

    def field_of(self, name: str) -> str | None:
        """The known name that has this one, or one that it is read under, but for case, blanks and separators.

        None without one.
        """
        if name in self.known:
            return name
        name = name.strip()
        return self._folded.get(fold(name)) if len(name) <= MAX_LENGTH else None

    def likely(self, name: str) -> str | None:
        """The known name that this one probably means, if that is certain enough for a question; else None.

        A column that is declared to be left out means none.
        """
        return self._likely(name) if len(name) <= MAX_LENGTH else self.field_of(name)

    def _most_likely(self, name: str) -> str | None:
        return None if fold(name) in self._left_out else self.field_of(name) or self._likeness.of(name)
