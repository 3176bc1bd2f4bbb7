"""Cells of the CSVs that jobs write: harmless to spreadsheets, quoted where they must be."""

import io
import re
from collections.abc import Callable

import polars as pl

# Spreadsheets take a cell that starts so for a formula (OWASP, "CSV Injection").
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")

# A number, or a telephone number of as many digits as E.164 allows: it computes to nothing but a number.
_HARMLESS = (
    r"^(?:[+-](?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
    r"|\+[ ()]*[0-9](?:[ ()./-]{0,3}[0-9]){6,14})\z"
)
_START = rf"^[{re.escape(''.join(FORMULA_STARTS))}]"
_SPECIAL = r'[",\r\n]'
_is_special = re.compile(_SPECIAL).search
_is_harmless = re.compile(_HARMLESS.replace(r"\z", r"\Z")).match


def defused(text: str) -> str:
    """The text, made a plain one for spreadsheets by a leading apostrophe if it would run."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) and not _is_harmless(text) else text


def quoted(text: str) -> str:
    """The text as a cell."""
    return '"' + text.replace('"', '""') + '"' if _is_special(text) else text


def written(text: str) -> str:
    """The text as a cell that is harmless."""
    return quoted(defused(text))


def defused_column(texts: pl.Series) -> pl.Series:
    """Each text made harmless; the same object where all of them are."""
    starts = texts.str.contains(_START)
    if not starts.any():
        return texts
    running = starts & ~texts.str.contains(_HARMLESS)
    if not running.any():
        return texts
    return _changed(texts, running, lambda text: f"'{text}")


def quoted_column(texts: pl.Series) -> pl.Series:
    """Each text as a cell; only those that need it are touched one by one."""
    special = texts.str.contains(_SPECIAL)
    return _changed(texts, special, quoted) if special.any() else texts


def _changed(texts: pl.Series, which: pl.Series, change: Callable[[str], str]) -> pl.Series:
    held = texts.to_list()
    for row in which.fill_null(value=False).arg_true().to_list():
        held[row] = change(held[row])
    return pl.Series(texts.name, held, pl.String)


def lines_of(frame: pl.DataFrame) -> bytes:
    """The rows of a frame, each of whose cells stands as it is to be written."""
    buffer = io.BytesIO()
    frame.write_csv(buffer, include_header=False, quote_style="never")
    return buffer.getvalue()
