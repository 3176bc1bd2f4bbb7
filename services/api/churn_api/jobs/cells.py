"""Cells of the CSVs that jobs write: harmless to spreadsheets, quoted where they must be."""

import re

import polars as pl

# Spreadsheets take a cell that starts so for a formula (OWASP, "CSV Injection").
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")

_SPECIAL = r'[",\r\n]'
_START = rf"^[{re.escape(''.join(FORMULA_STARTS))}]"
_ANYWHERE = f"{_START}|{_SPECIAL}"
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


def written_column(texts: pl.Series, *, plain: bool) -> pl.Series:
    """Each text as a cell; only those that need it are touched one by one. In plain ones nothing is special within."""
    needy = texts.str.contains(_START if plain else _ANYWHERE)
    if not needy.any():
        return texts
    held = texts.to_list()
    for row in needy.fill_null(value=False).arg_true().to_list():
        held[row] = written(held[row])
    return pl.Series(texts.name, held, pl.String)
