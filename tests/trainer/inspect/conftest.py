"""Columns and tables of made-up customers for the drafter."""

import random
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from churn_trainer.inspect.column import Column, cleaned
from churn_trainer.inspect.draft import Table, draft
from churn_trainer.inspect.reading import Sheet

ROWS = 400


def made(name: str, texts: Sequence[object]) -> Column:
    """A column of these cells, "" for a blank one."""
    cells = [str(text) for text in texts]
    distinct = list(dict.fromkeys(cell for cell in cells if cell))
    codes = np.array([distinct.index(cell) if cell else -1 for cell in cells], np.int32)
    return cleaned(Column(name, pl.Series(name, distinct, pl.String), codes))


@pytest.fixture(scope="session")
def column() -> Callable[[str, Sequence[object]], Column]:
    """A function that makes a column of a name and cells."""
    return made


@pytest.fixture(scope="session")
def drafted() -> Callable[..., Table]:
    """A function that drafts the declaration of a table of ROWS customers, given as cells by column.

    Without them it has a `Churn` that one in four customers has, and a `Customer ID`.
    """

    def of(columns: dict[str, Sequence[object]], named: str | None = None, *, plain: bool = False) -> Table:
        usual = {} if plain else {"Customer ID": [f"C{row * 7919 % 10007}" for row in range(ROWS)], "Churn": churn()}
        return draft(Sheet([made(name, cells) for name, cells in (usual | columns).items()], []), named)

    return of


def churn() -> list[str]:
    chance = random.Random(3)
    return [chance.choice(["Yes", "No", "No", "No"]) for _ in range(ROWS)]


@pytest.fixture(scope="session")
def gone() -> list[bool]:
    """Whether each customer of such a table left."""
    return [outcome == "Yes" for outcome in churn()]


@pytest.fixture
def chance() -> random.Random:
    return random.Random(17)


@pytest.fixture
def as_file(tmp_path: Path) -> Callable[[str | bytes, str], Path]:
    """A function that writes a file of the test's folder."""

    def write(content: str | bytes, name: str = "customers.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write
