"""What reading a table asks of the schema of its rows: `churn.schema.Schema` for customers, and one for outcomes."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol, TypeVar


class ColumnNames(Protocol):
    """Looks up the fields that columns' names mean."""

    def field_of(self, name: str) -> str | None:
        """The field that this name certainly means, else None."""

    def likely(self, name: str) -> str | None:
        """The field that it probably means, so that a person is asked, else None."""


Row_co = TypeVar("Row_co", covariant=True)


class RowReader(Protocol[Row_co]):
    """Reads rows."""

    def read(self, record: Mapping[str, Any], *, every_fault: bool = True) -> Row_co:
        """A row by its fields' names. Raises ValidationError, with the first fault at least."""


class RowSchema(Protocol):
    """The fields of a table's rows."""

    @property
    def title(self) -> str:
        """What the table is called in a sentence."""

    @property
    def id(self) -> str:
        """The field of a customer's id, which may be absent from `fields`."""

    @property
    def outcome(self) -> str | None:
        """The field that may be there and is not read, if there is one."""

    @property
    def fields(self) -> Mapping[str, Any]:
        """The fields by name; a table without a column of any of them is refused."""

    @property
    def required(self) -> Sequence[str]:
        """The fields without whose column a table is refused."""

    @property
    def numbers(self) -> Collection[str]:
        """The fields that may have decimal commas."""

    @property
    def column_names(self) -> ColumnNames:
        """Recognizes a header."""

    @property
    def reader(self) -> RowReader[Any]:
        """Reads the rows."""
