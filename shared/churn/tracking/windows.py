"""The predictions of the last weeks, counted by weeks back from today in the bins of their releases' references."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl

from churn.tracking.drift import LAST, drift_of
from churn.tracking.field_counts import by_window
from churn.tracking.layout import PREDICTIONS, month_of
from churn.tracking.predictions import COLUMNS, columns_of
from churn.tracking.reference import Counts
from churn.tracking.releases import About
from churn.tracking.scanning import Table, TableReader

# Of a file, read at a time.
_ROWS = 50_000

# Who scores his customers once a month has LAST windows in so many, and need not have begun with this one.
_MONTHS = LAST + 1


def drifts(reader: TableReader, releases: Mapping[str, About], today: date) -> dict[str, dict[str, Any] | None]:
    """The `drift` of each release as GET /quality shows it; None without a reference, or without late predictions."""
    counted: dict[str, list[tuple[date, Counts]]] = {version: [] for version in releases}
    for month in _newest_first(today):
        # One more than is looked at: the oldest window may begin in the month before.
        wanted = {version for version, windows in counted.items() if len({since for since, _ in windows}) <= LAST}
        if not wanted:
            break
        for entry in reader.store.list(PREDICTIONS + month):
            with reader.passing_over(entry.key):
                table = reader.table(entry.key, COLUMNS)
                found = {name for piece in table.pieces(_ROWS, "release") for name in piece["release"].unique()}
                for version in sorted(wanted & found):
                    counted[version] += _counted(table, releases[version], today)
    return {version: _drift(releases[version], windows) for version, windows in counted.items()}


def _newest_first(today: date) -> Iterator[str]:
    """The folders of the months in which the last windows may lie."""
    month = datetime(today.year, today.month, 1, tzinfo=UTC)
    for _ in range(_MONTHS):
        yield month_of(month)
        month = (month - timedelta(days=1)).replace(day=1)


def _counted(table: Table, about: About, today: date) -> list[tuple[date, Counts]]:
    """The counts of a release's rows of a file."""
    if about.reference is None or about.schema is None:
        return []
    columns = [pl.col(name).cast(kind) for name, kind in columns_of(about.schema).items() if name != "customer_id"]
    found: list[tuple[date, Counts]] = []
    for piece in table.pieces(_ROWS, *columns, where=pl.col("release") == about.version):
        found += by_window(piece, about.schema, about.reference, today)
    return found


def _drift(about: About, windows: list[tuple[date, Counts]]) -> dict[str, Any] | None:
    if about.reference is None or about.schema is None:
        return None
    return drift_of(about.reference, about.schema, windows)
