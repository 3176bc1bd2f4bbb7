"""Values quoted in messages: as they were written, shortened, and safe to show."""

import json
from typing import Any

# Longer values are cut before they are echoed, so that a large request does not get a large answer.
MAX_ECHO = 40

# How many items of a list or an object are shown, and down to how many levels.
_ITEMS, _LEVELS = 3, 2

# Larger integers are not written out: the time for it grows with the square of the digits, and Python refuses to.
_MAX_BITS = 4096


def echo(value: Any) -> str:
    """A value as JSON of at most MAX_ECHO characters.

    Letters of any script stand as they are; what does not print or reorders its surroundings (controls, bidirectional
    marks, blanks other than the space) stands as an escape.
    """
    return shortened(_written(value, _LEVELS))


def shortened(text: str) -> str:
    """The text, cut to MAX_ECHO characters with an ellipsis at its end if it is longer."""
    return text if len(text) <= MAX_ECHO else text[: MAX_ECHO - 1] + "…"


def _written(value: Any, levels: int) -> str:
    if isinstance(value, str):
        return _quoted(value[:MAX_ECHO])
    if isinstance(value, int) and value.bit_length() > _MAX_BITS:
        return f"a number of {int(value.bit_length() * 0.30103) + 1:,} digits"
    if value is None or isinstance(value, bool | int | float):
        return json.dumps(value)
    if isinstance(value, list | tuple):
        items = [_written(item, levels - 1) for item in value[:_ITEMS]] if levels else []
        return f"[{_listed(items, len(value))}]"
    if isinstance(value, dict):
        pairs = list(value.items())[:_ITEMS] if levels and len(value) <= _ITEMS else []
        return f"{{{_listed([_pair(pair, levels) for pair in pairs], len(value))}}}"
    return type(value).__name__


def _pair(pair: tuple[Any, Any], levels: int) -> str:
    return f"{_written(pair[0], 1)}: {_written(pair[1], levels - 1)}"


def _listed(items: list[str], count: int) -> str:
    return ", ".join(items if len(items) == count else [*items, "…"])


def _quoted(text: str) -> str:
    quoted = json.dumps(text, ensure_ascii=False)
    if quoted.isprintable():
        return quoted
    return "".join(char if char.isprintable() else json.dumps(char)[1:-1] for char in quoted)
