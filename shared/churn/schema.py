"""A customer's declaration together with what is derived from it: readers, columns of models, and descriptions."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, fields
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Any

from churn.customer import loading
from churn.customer.columns import ColumnNames
from churn.customer.declaration import Declaration
from churn.customer.features import Feature, Features, plain_features
from churn.customer.fields import Field, Number
from churn.customer.json_schema import json_schema
from churn.customer.reading import Reader
from churn.customer.spellings import Spellings
from churn.customer.telco import telco_features
from churn.errors import BrokenDeclaration

BUILT_IN = ("telco",)
"""The names of the declarations that ship with the product."""

# Schemas kept by their text: most releases carry the same one, and deriving everything from it takes some time.
_KEPT = 8

_SHIPPED_OUTCOME = ["Churn", ["yes"], ["no"], []]

_HAND_MADE: dict[str, Callable[[Declaration], list[Feature]]] = {"telco": telco_features}


class Schema(Declaration):
    """A declaration and what is derived from it; each part is made when it is first needed, and kept."""

    title = "customer table"
    """What a table of these customers is called in a sentence."""

    @cached_property
    def spellings(self) -> Spellings:
        """Looks up the meaning of a text in a field."""
        return Spellings(self)

    @cached_property
    def column_names(self) -> ColumnNames:
        """Looks up the field that a column's name means."""
        return ColumnNames(self)

    @cached_property
    def reader(self) -> Reader:
        """Reads customers from JSON objects and from rows of a CSV file."""
        return Reader(self, self.spellings, self.column_names)

    @cached_property
    def features(self) -> Features:
        """The columns that models see. Raises KeyError or ValueError if those written by hand do not fit the fields."""
        return Features(_HAND_MADE[self.derived_columns](self) if self.derived_columns else plain_features(self))

    @cached_property
    def json_schema(self) -> dict[str, Any]:
        """A customer as JSON Schema; it is shared, so it must not be changed."""
        return json_schema(self, self.spellings)

    @cached_property
    def hash(self) -> str:
        """SHA-256 over what the fields and the outcome mean, and the columns; titles and other words do not count."""
        meaning = {name: _meaning(field) for name, field in self.fields.items()}
        outcome = [self.outcome, *(_compared(spellings) for spellings in (self.left, self.stayed, self.set_aside))]
        # Releases of the shipped customers were hashed before the outcome counted.
        counted = [] if outcome == _SHIPPED_OUTCOME else [outcome]
        return hashlib.sha256(json.dumps([meaning, self.features.names, *counted]).encode()).hexdigest()

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled by its text, as for the processes of a cluster: what is derived from it is made there again."""
        return _schema, (self.source,)


def load_schema(text: str, name: str) -> Schema:
    """The schema that a file's text declares; `name` is the file's name in messages.

    Raises BrokenDeclaration with every fault.
    """
    try:
        return _schema(text)
    except BrokenDeclaration as error:
        raise BrokenDeclaration(name, error.faults) from error


@lru_cache(_KEPT)
def _schema(text: str) -> Schema:
    declaration = loading.load(text, "The file")
    schema = Schema(**{field.name: getattr(declaration, field.name) for field in fields(declaration)})
    try:
        # A formula asks for its fields only when it is used.
        schema.features.of(schema.customer(getattr(field, "low", 0) for field in schema.fields.values()))
    except (KeyError, ValueError, AttributeError, ArithmeticError) as error:
        remedy = (
            f"leave derived_columns out, or make it one of {', '.join(_HAND_MADE)} with all that it is made of"
            if schema.derived_columns
            else "give the field or the value another name"
        )
        raise BrokenDeclaration("The file", [f"Its derived columns cannot be made ({error}); {remedy}."]) from error
    return schema


@cache
def built_in(name: str) -> Schema:
    """The schema of this name that ships with the product, one of BUILT_IN. Raises FileNotFoundError for another."""
    file = f"{name}.toml"
    return load_schema((Path(loading.__file__).parent / file).read_text(encoding="utf-8"), file)


def _compared(spellings: tuple[str, ...]) -> list[str]:
    return sorted(text.strip().casefold() for text in spellings)


def _meaning(field: Field) -> list[Any]:
    if isinstance(field, Number):
        return [field.low, field.high, field.whole, field.required, *(["blank"] if field.blank_is_value else [])]
    rule = asdict(field.implied_by) if field.implied_by else None
    return [field.names, field.required, rule, *(["other"] if field.other else [])]
