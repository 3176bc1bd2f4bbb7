"""The lines of a TOML file in which its sections and keys stand, which its parser does not tell."""

import re
import tomllib
from collections.abc import Iterator

# A bare or quoted key, and several of them with points between.
_KEY = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')"""
_KEYS = rf"{_KEY}(?:[ \t]*\.[ \t]*{_KEY})*"
_HEADER = re.compile(rf"[ \t]*(\[\[?)[ \t]*({_KEYS})[ \t]*\]")
_PAIR = re.compile(rf"[ \t]*({_KEYS})[ \t]*=")

_Place = tuple[str, int, str | None]
"""A section's name, its position among those with the name, from 0, and one of its keys; None for the section."""


class LineNumbers:
    """Tells the line of a section or of one of its keys, from 1; what looks like one within a long text misleads it."""

    def __init__(self, text: str) -> None:
        self._lines: dict[_Place, int] = {}
        for number, (name, place, key) in _places(text):
            self._lines.setdefault((name, place, None), number)
            self._lines.setdefault((name, place, key), number)

    def of(self, name: str, place: int, key: str) -> int:
        """The line of a key in a section; without it, that of the section, or the line in which all of them stand."""
        nearest = ((name, place, key), (name, place, None), (name, 0, None))
        return next((self._lines[at] for at in nearest if at in self._lines), 1)


def _places(text: str) -> Iterator[tuple[int, _Place]]:
    """What begins in each line, with the line's number."""
    header: list[str] = []
    counts: dict[str, int] = {}
    for number, line in enumerate(text.split("\n"), 1):
        if (match := _HEADER.match(line)) is not None:
            header = _names(match[2])
            if match[1] == "[[" and len(header) == 1:
                counts[header[0]] = counts.get(header[0], -1) + 1
            path = header
        elif (match := _PAIR.match(line)) is not None:
            path = header + _names(match[1])
        else:
            continue
        yield number, (path[0], counts.get(path[0], 0), path[1] if len(path) > 1 else None)


def _names(keys: str) -> list[str]:
    """The names in a key with points, read as TOML reads them; empty text for one that it refuses."""
    try:
        held = tomllib.loads(f"{keys} = 0")
    except tomllib.TOMLDecodeError:
        return [""]
    names = []
    while isinstance(held, dict):
        name, held = next(iter(held.items()))
        names.append(name)
    return names
