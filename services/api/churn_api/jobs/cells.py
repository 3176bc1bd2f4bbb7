"""Cells of the CSVs that jobs write: harmless to spreadsheets, quoted where they must be."""

import re

import polars as pl

# Spreadsheets take a cell that starts so for a formula (OWASP, "CSV Injection").
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")

_SPECIAL = r'[",\r\n]'
_is_special = re.compile(_SPECIAL).search


def defused(text: str) -> str:
    """The text, made a plain one for spreadsheets by a leading apostrophe if it would run."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def written(text: str) -> str:
    """The text as a cell."""
    text = defused(text)
    if _is_special(text):
        return '"' + text.replace('"', '""') + '"'
    return text


def written_column(texts: pl.Series) -> pl.Series:
    """Each text as a cell; only those that need it are touched one by one."""
    needy = texts.str.head(1).is_in(FORMULA_STARTS) | texts.str.contains(_SPECIAL)
    if not needy.any():
        return texts
    held = texts.to_list()
    for row in needy.fill_null(value=False).arg_true().to_list():
        held[row] = written(held[row])
    return pl.Series(texts.name, held, pl.String)
