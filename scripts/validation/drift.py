"""Whether drift is seen where there is some, and not where there is none.

A look compares n customers with a release's own, all fields at once. Both are drawn from the real table anew at each
look, so that there is no drift but by chance; then bills rise by a tenth.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from churn.schema import built_in
from churn.tracking.drift import LARGE, FieldDrift, field_drift
from churn.tracking.reference import FieldReference
from churn_trainer.data import sources
from churn_trainer.data.table import Table, load
from churn_trainer.evaluation.drift_reference import reference_of

TELCO = built_in("telco")

Row = tuple[str, str, str, bool]

SIZES = (50, 100, 300, 1_000, 3_000, 10_000)
LOOKS = 1_000

# The customers of a release: four fifths of the table.
TRAINED_ON = 5_634

_BILL = "MonthlyCharges"
_RAISED = 1.1


def results(table: Path) -> Iterator[Row]:
    """False alarms and seen rises by the number of rows."""
    people = load(sources.source_of("file", table.name, lambda: table.open("rb")), TELCO)[0]
    fields = reference_of(TELCO, people.customers, np.array([])).fields
    places = {name: _places(fields[name], people.column(name)) for name in TELCO.fields}
    for rows in SIZES:
        rng = np.random.default_rng(rows)
        looks = [_look(fields, places, rows, rng) for _ in range(LOOKS)]
        noted = sum(any(drift.is_noted for drift in look) for look in looks)
        yield (f"looks that note a drift where there is none, {rows:,} rows", *_rare(noted))
        if rows == SIZES[1]:
            yield _usual_limit(looks)
    for rows in SIZES[1:]:
        yield _raised(people, fields[_BILL], rows)


def _places(field: FieldReference, column: NDArray[np.float64]) -> NDArray[np.intp]:
    """The bin of each value."""
    if field.cuts is None:
        return column.astype(np.intp)
    return np.searchsorted(field.cuts, column)


def _look(
    fields: Mapping[str, FieldReference], places: dict[str, NDArray[np.intp]], rows: int, rng: np.random.Generator
) -> list[FieldDrift]:
    size = len(places[_BILL])
    then, now = rng.integers(size, size=TRAINED_ON), rng.integers(size, size=rows)
    return [_drift(fields[name], held[then], held[now]) for name, held in places.items()]


def _drift(field: FieldReference, then: NDArray[np.intp], now: NDArray[np.intp]) -> FieldDrift:
    bins = len(field.bins)
    drawn = replace(field, counts=tuple(np.bincount(then, minlength=bins).tolist()))
    return field_drift(drawn, np.bincount(now, minlength=bins))


def _rare(count: int) -> tuple[str, str, bool]:
    return f"{count} of {LOOKS:,}", "at most 5", count <= 5


def _usual_limit(looks: list[list[FieldDrift]]) -> Row:
    over = sum(any(drift.psi > LARGE for drift in look) for look in looks)
    return (
        f"the same by PSI > {LARGE} alone, {SIZES[1]:,} rows: the guard is needed",
        f"{over} of {LOOKS:,}",
        "more than 500",
        over > 500,
    )


def _raised(people: Table, field: FieldReference, rows: int) -> Row:
    rng = np.random.default_rng(rows)
    column = people.column(_BILL)
    then, now = _places(field, column), _places(field, _RAISED * column)
    size = len(column)
    seen = sum(
        _drift(field, then[rng.integers(size, size=TRAINED_ON)], now[rng.integers(size, size=rows)]).is_large
        for _ in range(LOOKS)
    )
    return (
        f"bills ten percent higher are a large drift, {rows:,} rows",
        f"{seen / LOOKS:.1%}",
        "at least 95%",
        (seen >= 0.95 * LOOKS),
    )
