"""Reading the members of a JSON object strictly: every fault is collected, with its path, value and remedy."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar, overload

from churn.customer.echo import echo, shortened
from churn.customer.likeness import Likeness
from churn.errors import FieldError

_Absent = TypeVar("_Absent", float, None)
_Word = TypeVar("_Word", bound=str)


_NO_SYNONYMS: Mapping[str, tuple[str, ...]] = {}


def unknown_members(
    data: Mapping[str, Any],
    known: Sequence[str],
    path: str = "",
    synonyms: Mapping[str, tuple[str, ...]] = _NO_SYNONYMS,
) -> Iterator[FieldError]:
    """A fault for each member of the object at `path`, "" for the body itself, that is not one of `known`.

    It asks whether one of `known` was meant, also where it is one of this one's `synonyms`.
    """
    likeness, inside = Likeness({name: synonyms.get(name, ()) for name in known}), f"{path}." if path else ""
    for name in sorted(data.keys() - set(known)):
        nearest = likeness.of(name)
        remedy = f"did you mean {inside}{nearest}?" if nearest else f"the members are {', '.join(known)}."
        yield FieldError(
            inside + shortened(name), "unknown", f"{echo(name)} is no member of {path or 'the body'}; {remedy}"
        )


class Members:
    """The members of the object at `path`; those that are null count as absent.

    Reading a faulty member adds a fault to `faults`, which the objects inside share, and returns a harmless value.
    """

    def __init__(self, path: str, data: Any, known: Sequence[str], faults: list[FieldError] | None = None) -> None:
        """Adds a fault if `data` is no object, and one for each member that is not one of `known`."""
        self.path = path
        self.faults = [] if faults is None else faults
        if not isinstance(data, dict):
            self.faults.append(FieldError(path, "wrong_type", f"{path} must be a JSON object; got {echo(data)}."))
            data = {}
        self._held = {name: value for name, value in data.items() if value is not None}
        self.faults += unknown_members(data, known, path)

    def __contains__(self, name: str) -> bool:
        return name in self._held

    def get(self, name: str, default: Any = None) -> Any:
        """The member as it was given, or the default."""
        return self._held.get(name, default)

    def add(self, name: str, code: str, words: str) -> None:
        """Add a fault of the member; `words` follow its path and end the sentence."""
        where = f"{self.path}.{name}"
        self.faults.append(FieldError(where, code, f"{where} {words}"))

    def missing(self, name: str, remedy: str) -> None:
        """Add the fault that a member is missing; `remedy` has no full stop."""
        self.add(name, "missing", f"is missing; {remedy}.")

    def faulty(self, name: str) -> bool:
        """Whether a fault of the member was added, or one inside it."""
        where = f"{self.path}.{name}"
        return any(fault.field == where or fault.field.startswith((f"{where}.", f"{where}[")) for fault in self.faults)

    @overload
    def number(
        self, name: str, low: float, high: float, default: float, *, above: bool = False, below: bool = False
    ) -> float: ...

    @overload
    def number(
        self, name: str, low: float, high: float, default: None, *, above: bool = False, below: bool = False
    ) -> float | None: ...

    def number(
        self,
        name: str,
        low: float,
        high: float,
        default: float | None,
        *,
        above: bool = False,
        below: bool = False,
    ) -> float | None:
        """A number from `low` to `high`; with `above` it must be more than `low`, with `below` less than `high`."""
        if name not in self._held:
            return default
        value = self._held[name]
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.add(name, "wrong_type", f"must be a number; got {echo(value)}.")
        elif not (low < value if above else low <= value) or not (value < high if below else value <= high):
            least = f"more than {low:,.15g}" if above else f"at least {low:,.15g}"
            most = f"less than {high:,.15g}" if below else f"at most {high:,.15g}"
            self.add(name, "out_of_range", f"must be {least} and {most}; got {_shown(value)}.")
        else:
            return float(value)
        return default

    def whole(self, name: str, low: int, high: int, default: int) -> int:
        """A whole number from `low` to `high`."""
        value = self._held.get(name, default)
        if not isinstance(value, bool) and isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            self.add(name, "wrong_type", f"must be a whole number; got {_shown(value)}.")
        elif not low <= value <= high:
            self.add(name, "out_of_range", f"must be between {low:,} and {high:,}; got {echo(value)}.")
        else:
            return value
        return default

    def name(self, name: str, longest: int | None, *, required: bool = True) -> str:
        """A text of 1 to `longest` printable characters without outer blanks; "" if it is absent or faulty."""
        if name not in self._held:
            if required:
                self.missing(name, "give it a text")
            return ""
        value = self._held[name]
        if not isinstance(value, str):
            self.add(name, "wrong_type", f"must be a text; got {echo(value)}.")
        elif not value.strip() or not value.isprintable() or (longest and len(value) > longest):
            limit = f"1 to {longest} printable characters" if longest else "printable characters"
            self.add(name, "not_allowed", f"must be {limit}; got {echo(value)}.")
        else:
            return value.strip()
        return ""

    def one_of(self, name: str, words: Sequence[_Word]) -> _Word:
        """One of these words; the first one if it is absent or faulty."""
        value = self._held.get(name)
        listed = " or ".join(f'"{word}"' for word in words)
        if value is None:
            self.missing(name, f"give {listed}")
        elif value not in words:
            self.add(name, "not_allowed", f"must be {listed}; got {echo(value)}.")
        return next((word for word in words if word == value), words[0])

    def object(self, name: str, known: Sequence[str]) -> "Members | None":
        """The members of the object under this name, or None if it is absent."""
        if name not in self._held:
            return None
        return Members(f"{self.path}.{name}", self._held[name], known, self.faults)

    def objects(self, name: str, least: int, most: int, known: Sequence[str]) -> "list[Members]":
        """The members of each object of the list under this name."""
        value = self._held.get(name)
        if value is None:
            self.missing(name, f"give a list of {least} to {most} objects")
        elif not isinstance(value, list):
            self.add(name, "wrong_type", f"must be a list; got {echo(value)}.")
        elif not least <= len(value) <= most:
            self.add(name, "out_of_range", f"must list {least} to {most} objects; got {len(value):,}.")
        else:
            places = enumerate(value)
            return [Members(f"{self.path}.{name}[{place}]", held, known, self.faults) for place, held in places]
        return []


def _shown(value: Any) -> str:
    return str(value) if isinstance(value, float) and not math.isfinite(value) else echo(value)
