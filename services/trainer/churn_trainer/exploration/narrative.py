"""An exploration report in sentences that are made from its figures."""

from collections.abc import Iterator
from typing import Any

from churn.customer.phrases import before_digits
from churn.schema import Schema

# Rates are called different only where their 95 % intervals do not touch.
_WORTH_TELLING = 5


def plain_words(report: dict[str, Any], schema: Schema) -> list[str]:
    """The findings of a report of `explore` as sentences, the most important first."""
    told = (_contrasts, _strongest, _segment, _caveats)
    return [*_overall(report), *(sentence for tell in told for sentence in tell(report, schema))]


def _percent(share: float) -> str:
    return f"{share:.1%}".replace("%", " %")


def _value(schema: Schema, name: str, value: str) -> str:
    field = schema.numbers.get(name)
    if field is None:
        return f'"{value}"'
    if field.blank_is_value and value == "blank":
        return "no value"
    return f"{before_digits(field.unit)}{value}" if field.money else f"{value} {field.unit}".rstrip()


def _overall(report: dict[str, Any]) -> Iterator[str]:
    churn = report["churn"]
    yield f"{churn['churned']:,} of {churn['customers']:,} customers left: {_percent(churn['rate'])}."


def _contrasts(report: dict[str, Any], schema: Schema) -> Iterator[str]:
    """Sentences about the fields whose groups differ most, beyond chance."""
    gaps = []
    for name, rates in report["churn_by_field"].items():
        usable = [rate for rate in rates if rate["customers"] >= 50]
        if len(usable) > 1:
            worst, best = max(usable, key=lambda rate: rate["rate"]), min(usable, key=lambda rate: rate["rate"])
            if worst["low"] > best["high"]:
                gaps.append((worst["rate"] - best["rate"], name, worst, best))
    gaps.sort(key=lambda gap: -gap[0])
    for _, name, worst, best in gaps[:_WORTH_TELLING]:
        first, second = (
            f"{_percent(one['rate'])} of customers with {_value(schema, name, one['value'])}" for one in (worst, best)
        )
        yield f"{schema.fields[name].title}: {first} left, {second}."


def _strongest(report: dict[str, Any], schema: Schema) -> Iterator[str]:
    values = report["cramers_v"]
    if values:
        name = next(iter(values))
        title = schema.fields[name].title.lower()
        yield f"Of the categories, {title} goes most closely with leaving (Cramér's V {values[name]:.2f})."
        weakest = list(values)[-1]
        yield f"{schema.fields[weakest].title} says the least about it (Cramér's V {values[weakest]:.2f})."


def _segment(report: dict[str, Any], schema: Schema) -> Iterator[str]:
    compared = report["segments_compared"]
    if report["segments"] and (first := report["segments"][0])["low"] > report["churn"]["rate"]:
        who = " and ".join(
            f"{schema.fields[name].title.lower()} {_value(schema, name, value)}"
            for name, value in first["fields"].items()
        )
        rate = f"{_percent(first['rate'])} ({_percent(first['low'])} to {_percent(first['high'])})"
        yield (
            f"The riskiest of {compared:,} pairs of traits is {who}: of {first['customers']:,}, {rate} left; "
            "the interval allows for so many comparisons."
        )
    elif compared:
        yield f"None of {compared:,} pairs of traits stands out by more than chance."


def _caveats(report: dict[str, Any], schema: Schema) -> Iterator[str]:
    duplicates = report["duplicates"]
    if duplicates["conflicting_groups"]:
        yield (
            f"{duplicates['conflicting_groups']:,} groups of customers alike in every field hold both outcomes: "
            "no model of these fields can be right about all of them."
        )
    for name, number in report["numbers"].items():
        count = number["outliers"]["count"]
        if count:
            yield f"{schema.fields[name].title}: {count:,} values lie far outside the usual range."
    for kind, count in report["repairs"].items():
        yield f"Repaired: {kind}" + (f" ({count:,} {'time' if count == 1 else 'times'})." if count else ".")
