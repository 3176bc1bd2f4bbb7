"""The declaration of the release in service as programs and forms read it."""

from typing import Annotated, Any, Literal, TypeAlias

from msgspec import Meta, Struct

from churn.customer.fields import Field, ImpliedBy, Number, Offer, Product
from churn.schema import Schema
from churn_api.answers import RiskBand, risk_bands


class _DeclaredField(Struct, frozen=True, tag_field="type"):
    name: Annotated[str, Meta(description="The name in JSON and in the header of a file.")]
    title: str
    help: Annotated[str, Meta(description="A sentence about it; may be empty.")]
    group: str
    required: bool
    blank: Annotated[
        Literal["unknown", "value"],
        Meta(description="Whether a blank means that nothing is known, which is averaged, or is a value like others."),
    ]
    columns: Annotated[tuple[str, ...], Meta(description="Other names that a column may have in a file.")]
    protected: Annotated[bool, Meta(description="A trait of people that the model should treat alike; never offered.")]
    example: str | float


class Choice(Struct, frozen=True):
    """A value of a category; "" is the blank where that is a value."""

    value: str | int
    label: Annotated[str, Meta(description="What forms show for it.")]
    words: Annotated[str, Meta(description="What reasons say.")]


class DeclaredCategory(_DeclaredField, frozen=True, tag="category"):
    """A field that has one of a list of values."""

    values: list[Choice]
    other: Annotated[bool, Meta(description="Whether values that are not listed are taken, all of them as Other.")]
    implied_by: Annotated[ImpliedBy | None, Meta(description="The rule by which another field implies a value.")]
    offers: Annotated[tuple[Offer, ...], Meta(description="What a retention team can change.")]


class DeclaredNumber(_DeclaredField, frozen=True, tag="number"):
    """A field that is a number from `low` to `high`, both allowed."""

    low: float
    high: float
    whole: Annotated[bool, Meta(description="Without a fraction.")]
    unit: Annotated[str, Meta(description="May be empty; an amount of money if it is the schema's currency.")]
    role: Annotated[str | None, Meta(description="tenure, monthly_value, total_value, or null for anything else.")]
    when_absent: Annotated[Product | None, Meta(description="The two numbers whose product it then is.")]


DeclaredField: TypeAlias = DeclaredCategory | DeclaredNumber


class SchemaAnswer(Struct, frozen=True):
    """The customers of the release in service, as they are declared."""

    name: str
    hash: Annotated[str, Meta(description="SHA-256 over what the fields and the outcome mean, and the columns.")]
    id: Annotated[str, Meta(description="The name of the id, which is echoed as customerID.")]
    outcome: Annotated[str, Meta(description="The column that says who left; it is ignored.")]
    label_window_months: Annotated[int | None, Meta(description="Within how many months somebody left who did.")]
    currency: str
    groups: Annotated[list[str], Meta(description="The groups of fields, in their order.")]
    fields: Annotated[list[DeclaredField], Meta(description="In the order of the data set.")]
    features: Annotated[list[str], Meta(description="The columns that models see.")]
    risk_bands: Annotated[list[RiskBand], Meta(description="The same for all declarations, the lowest first.")]


def schema_info(schema: Schema) -> SchemaAnswer:
    """The answer of /schema."""
    return SchemaAnswer(
        schema.name,
        schema.hash,
        schema.id,
        schema.outcome,
        schema.label_window_months,
        schema.currency,
        list(schema.groups),
        [_declared(name, field) for name, field in schema.fields.items()],
        list(schema.features.names),
        risk_bands(),
    )


def _declared(name: str, field: Field) -> DeclaredField:
    common: dict[str, Any] = {
        "name": name,
        "title": field.title,
        "help": field.description,
        "group": field.group,
        "required": field.required,
        "blank": "value" if field.blank_is_value else "unknown",
        "columns": field.columns,
        "protected": bool(field.protected),
        "example": field.example,
    }
    if isinstance(field, Number):
        return DeclaredNumber(
            **common,
            low=field.low,
            high=field.high,
            whole=field.whole,
            unit=field.unit,
            role=field.role,
            when_absent=field.when_absent,
        )
    return DeclaredCategory(
        **common,
        values=[Choice(**option) for option in field.options],
        other=field.other,
        implied_by=field.implied_by,
        offers=field.offers,
    )
